"""ONNX Runtime. The CPU provider today; other providers of the same runtime are other values of `providers`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as _state

from ezvtb_core.backends import (
    Array,
    BackendUnavailable,
    SessionError,
    SessionOptions,
    Signature,
    TensorSpec,
    check_inputs,
    check_signature,
)

logger = logging.getLogger(__name__)
CPU = ("CPUExecutionProvider",)
_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(kind for kind in vars(_state).values() if isinstance(kind, type) and issubclass(kind, Exception)),
)
"""All of the runtime's own errors; they have no common ancestor but Exception."""
_DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}


class OrtSession:
    """One graph in ONNX Runtime; see `Session`.

    The threads of a run sleep between runs (`allow_spinning` 0) although the runtime would rather keep them spinning.
    Measured here, ONNX Runtime 1.31, 2 threads, median latency and processor use while running at a steady rate:

    ========================================  ==================  =================
    graph                                     spinning            sleeping (chosen)
    ========================================  ==================  =================
    six 3×3 convolutions at 128², 30 fps      3.4 ms, 108 % core  6.1 ms, 19 % core
    GridSample at 512², 30 fps                6.2 ms, 118 % core  4.7 ms, 15 % core
    THA4 student face network, 8 fps          32 ms, 77 % core    35 ms, 33 % core
    ========================================  ==================  =================

    `session.force_spinning_stop` lies between the two in both (30 ms, 49 % for the student). A streamer's game needs the
    core more than the avatar needs 3 ms. Nothing burns once runs stop, in any mode.
    """

    def __init__(self, path: Path, expected: Signature, options: SessionOptions, providers: tuple[str, ...] = CPU) -> None:
        """Load, check and warm up; see `Backend`. `providers`: ONNX Runtime's names, the wanted one first.

        The graph is run once on zeros: the first run allocates memory and chooses kernels (GPUs: compiles and tunes them)
        and takes many times as long as later ones. On the thread that builds a model nobody waits for it; on the first
        frame everybody would. It also finds graphs that load but cannot run.
        """
        self._path = path
        session = _open(path, options, providers)
        self.signature = Signature(_specs(session.get_inputs()), _specs(session.get_outputs()))
        check_signature(path, expected, self.signature)
        used = session.get_providers()[0]
        if used != providers[0]:
            # The runtime falls back to the processor without a word; whoever asked for a GPU decides what to do instead.
            raise BackendUnavailable("backend_fell_back", expected=providers[0], got=used)
        self.device = (
            f"{used.removesuffix('ExecutionProvider')}, {options.threads} threads (ONNX Runtime {onnxruntime.__version__})"
        )
        self._session: onnxruntime.InferenceSession | None = session
        self._names = [spec.name for spec in self.signature.outputs]
        self.run({spec.name: spec.zeros() for spec in self.signature.inputs})
        logger.info("%s runs on %s", path.name, self.device)

    @staticmethod
    def probe() -> str:
        """Version and providers of the runtime."""
        available = onnxruntime.get_available_providers()
        if CPU[0] not in available:
            raise BackendUnavailable("backend_no_provider", expected=CPU[0], got=", ".join(available))
        return f"ONNX Runtime {onnxruntime.__version__}"

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Session.run`."""
        session = self._session
        if session is None:
            raise SessionError("session_closed", path=str(self._path))
        check_inputs(self.signature.inputs, inputs)
        try:
            return dict(zip(self._names, session.run(None, dict(inputs)), strict=True))
        except _ERRORS as error:
            raise SessionError("session_run_failed", path=str(self._path), detail=_first_line(error)) from error

    def close(self) -> None:
        """See `Session.close`; the runtime frees its memory when the last run has let go of it."""
        self._session = None


def _open(path: Path, options: SessionOptions, providers: tuple[str, ...]) -> onnxruntime.InferenceSession:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SessionError("session_file_missing", path=str(path)) from error
    if size == 0 or not path.is_file():
        raise SessionError("session_file_broken", path=str(path), size=size, detail="-")
    missing = [name for name in providers if name not in onnxruntime.get_available_providers()]
    if missing:
        raise BackendUnavailable(
            "backend_no_provider", expected=", ".join(missing), got=", ".join(onnxruntime.get_available_providers())
        )
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3  # warnings about how a graph was exported are of no use to a streamer
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), settings, providers=list(providers))
    except _ERRORS as error:
        raise SessionError("session_file_broken", path=str(path), size=size, detail=_first_line(error)) from error


def _specs(arguments: list[onnxruntime.NodeArg]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            argument.name,
            tuple(size if isinstance(size, int) else None for size in argument.shape),
            _DTYPES.get(argument.type, argument.type.removeprefix("tensor(").removesuffix(")")),
        )
        for argument in arguments
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
