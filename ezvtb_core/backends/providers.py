"""ONNX Runtime's execution providers as facts: what each is called, must be told, and where it wants its memory.

Sources: the runtime's own documentation of each provider, its Python package and `IOBinding.cc`. Which of them have been run
by us is said in docs/support.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HOST = "cpu"
"""The runtime's word for memory of the computer itself."""


@dataclass(frozen=True)
class Provider:
    """One way to run graphs."""

    name: str
    """As the runtime calls it."""
    title: str
    """For people."""
    package: str
    """The Python package whose runtime has it, for people."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Always given to the provider."""
    has_devices: bool = False
    """Whether it takes `device_id`."""
    memory: str = HOST
    """Device type of tensors that stay where the provider computes."""
    memory_on: tuple[int, ...] | None = None
    """Devices on which the runtime's Python package can allocate that memory; None for all."""
    memory_patterns: bool = True
    """False: `enable_mem_pattern` must be off."""
    concurrent: bool = True
    """False: one run at a time on a session."""
    preload: bool = False
    """Whether libraries that pip has installed have to be loaded by the runtime before the provider finds them."""

    def arguments(self, device: int) -> tuple[str, dict[str, str]]:
        """Name and options for `InferenceSession`."""
        chosen = {"device_id": str(device)} if self.has_devices else {}
        return self.name, {**chosen, **self.options}

    def place(self, device: int) -> tuple[str, int]:
        """Device type and index for tensors."""
        if self.memory != HOST and (self.memory_on is None or device in self.memory_on):
            return self.memory, device
        return HOST, 0

    def describe(self, device: int, threads: int) -> str:
        """Where it runs, for people."""
        if self.name == CPU.name:
            return f"{self.title}, {threads} threads"
        return f"{self.title}, device {device}" if self.has_devices else self.title


CPU = Provider("CPUExecutionProvider", "CPU", "onnxruntime")

CUDA = Provider(
    "CUDAExecutionProvider",
    "CUDA",
    "onnxruntime-gpu",
    options={
        # Copies on a stream of their own may overtake the computation: wrong frames for some graphs.
        "do_copy_in_default_stream": "1",
        # Trying out every algorithm of every convolution (the default) stalls a running game for many seconds.
        "cudnn_conv_algo_search": "HEURISTIC",
        # The default doubles the memory that is held each time it grows; a game needs it more.
        "arena_extend_strategy": "kSameAsRequested",
    },
    has_devices=True,
    memory="cuda",
    preload=True,
)

DIRECTML = Provider(
    "DmlExecutionProvider",
    "DirectML",
    "onnxruntime-directml (Windows)",
    has_devices=True,
    memory="dml",
    memory_on=(0,),
    memory_patterns=False,
    concurrent=False,
)

COREML = Provider(
    "CoreMLExecutionProvider",
    "CoreML",
    "onnxruntime (macOS)",
    # The Neural Engine computes in half precision, which is a quarter of a pixel too coarse for the networks' warps.
    options={"ModelFormat": "MLProgram", "MLComputeUnits": "CPUAndGPU", "RequireStaticInputShapes": "1"},
)
