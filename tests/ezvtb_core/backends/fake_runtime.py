"""ONNX Runtime as it would be on a machine with a graphics card: the real runtime computes, on the processor.

It is as strict as the real one where that matters: memory of a device is out of reach but through `update_inplace` and
`numpy`; an input that lies elsewhere than on the device is copied when it is bound, not when the session runs; a run leaves
the outputs of DirectML unfinished until they are synchronised; DirectML breaks when two runs meet on one session.
"""

from __future__ import annotations

import threading
import time

import numpy as np
import onnxruntime
import pytest

from ezvtb_core.backends import ort

MEMORY = {"CUDAExecutionProvider": "cuda", "DmlExecutionProvider": "dml", "CoreMLExecutionProvider": "cpu"}


class OrtValue:
    """A tensor of the fake; `device` as in the real one's `device_name` and index."""

    def __init__(self, array: np.ndarray, kind: str, index: int) -> None:
        self.kind, self.index = kind, index
        # As in the real one: memory of the processor is the caller's own, that of a device is a copy.
        self.memory = array if kind == "cpu" else array.copy()

    @classmethod
    def ortvalue_from_numpy(cls, array: np.ndarray, kind: str = "cpu", index: int = 0) -> OrtValue:
        assert kind in ("cpu", "cuda", "dml") and isinstance(index, int)
        if kind == "dml" and index:
            raise RuntimeError("the Python package allocates on the first adapter only")
        return cls(array, kind, index)

    def update_inplace(self, array: np.ndarray) -> None:
        assert array.dtype == self.memory.dtype and array.size == self.memory.size
        self.memory[...] = array

    def numpy(self) -> np.ndarray:
        return self.memory if self.kind == "cpu" else self.memory.copy()


class Binding:
    def __init__(self, session: InferenceSession) -> None:
        self.session = session
        self.inputs: dict[str, np.ndarray] = {}
        self.outputs: dict[str, OrtValue] = {}
        self.unfinished: dict[str, np.ndarray] = {}

    def bind_ortvalue_input(self, name: str, value: OrtValue) -> None:
        here = (value.kind, value.index) == self.session.memory
        self.inputs[name] = value.memory if here else value.memory.copy()

    def bind_ortvalue_output(self, name: str, value: OrtValue) -> None:
        self.outputs[name] = value

    def synchronize_outputs(self) -> None:
        for name, array in self.unfinished.items():
            self.outputs[name].memory[...] = array
        self.unfinished.clear()


class InferenceSession:
    """Checks what it is given as the real one and the providers' documentation do."""

    def __init__(self, model, settings, *, providers, enable_fallback) -> None:
        (self.provider, self.options), *_ = providers
        assert self.provider in MEMORY and not enable_fallback
        assert all(isinstance(value, str) for pair in self.options.items() for value in pair)
        assert settings.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        if self.provider == "DmlExecutionProvider":
            assert settings.enable_mem_pattern is False
        self.memory = (MEMORY[self.provider], int(self.options.get("device_id", "0")))
        self.real = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        self.busy = threading.Lock()

    def get_providers(self) -> list[str]:
        return [self.provider, "CPUExecutionProvider"]

    def get_inputs(self) -> list:
        return self.real.get_inputs()

    def get_outputs(self) -> list:
        return self.real.get_outputs()

    def io_binding(self) -> Binding:
        return Binding(self)

    def run(self, names, inputs) -> list[np.ndarray]:
        if self.provider != "DmlExecutionProvider":
            return self.real.run(names, inputs)
        assert self.busy.acquire(blocking=False), "two runs at a time"
        try:
            time.sleep(0.0005)  # long enough for another thread to come in between
            return self.real.run(names, inputs)
        finally:
            self.busy.release()

    def run_with_iobinding(self, binding: Binding) -> None:
        assert not binding.unfinished
        results = self.run(list(binding.outputs), dict(binding.inputs))
        binding.unfinished = dict(zip(binding.outputs, results, strict=True))
        if self.provider != "DmlExecutionProvider":
            binding.synchronize_outputs()


class Runtime:
    """Stands for the module `onnxruntime`."""

    __version__ = onnxruntime.__version__
    SessionOptions = onnxruntime.SessionOptions
    ExecutionMode = onnxruntime.ExecutionMode
    InferenceSession = InferenceSession
    OrtValue = OrtValue

    def __init__(self, *providers: str) -> None:
        self.providers = [*providers, "CPUExecutionProvider"]
        self.preloaded = 0

    def get_available_providers(self) -> list[str]:
        return self.providers

    def preload_dlls(self) -> None:
        self.preloaded += 1
        print("Failed to load libcudnn.so.9")


def pretend(monkeypatch: pytest.MonkeyPatch, provider: str) -> Runtime:
    """Let our code find a runtime that has `provider`."""
    runtime = Runtime(provider)
    monkeypatch.setattr(ort, "onnxruntime", runtime)
    return runtime
