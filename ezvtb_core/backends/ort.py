"""ONNX Runtime. One class for all of its providers; what is particular about each is said in `providers`."""

from __future__ import annotations

import contextlib
import io
import logging
import threading
from collections.abc import Mapping
from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as _state

from ezvtb_core.backends import (
    Array,
    BackendUnavailable,
    Bound,
    SessionError,
    SessionOptions,
    Signature,
    Tensor,
    TensorSpec,
    check_array,
    check_binding,
    check_inputs,
    check_signature,
    providers,
    settle,
)
from ezvtb_core.backends.host import HostTensor
from ezvtb_core.backends.providers import Provider

logger = logging.getLogger(__name__)
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

    A streamer's game needs the core more than the avatar needs 3 ms. Heavy networks saturate the processor anyway; they
    spin within a run but not between runs (`session.force_spinning_stop`): THA3 separable, all stages, 232 → 218 ms for
    3 % more processor time.
    """

    def __init__(
        self,
        path: Path,
        expected: Signature,
        options: SessionOptions,
        provider: Provider = providers.CPU,
        graph: bytes | None = None,
    ) -> None:
        """Load, check and warm up; see `Backend`. `graph`: what to run in place of the file, made from it.

        The graph is run once on zeros: the first run allocates memory and chooses kernels (GPUs: compiles and tunes them)
        and takes many times as long as later ones. On the thread that builds a model nobody waits for it; on the first
        frame everybody would. It also finds graphs that load but cannot run.
        """
        self.provider = provider
        self._path = path
        self._place = provider.place(options.device)
        self._turn = contextlib.nullcontext() if provider.concurrent else threading.Lock()
        session = _open(path, options, provider, graph)
        found = Signature(_specs(session.get_inputs()), _specs(session.get_outputs()))
        check_signature(path, expected, found)
        self.signature = settle(expected, found)
        self.device = f"{provider.describe(options.device, options.threads)} (ONNX Runtime {onnxruntime.__version__})"
        self._session: onnxruntime.InferenceSession | None = session
        self._names = [spec.name for spec in self.signature.outputs]
        self.run({spec.name: spec.zeros() for spec in self.signature.inputs})
        logger.info("%s runs on %s", path.name, self.device)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Session.run`."""
        session = self._live()
        check_inputs(self.signature.inputs, inputs)
        try:
            with self._turn:
                return dict(zip(self._names, session.run(None, dict(inputs)), strict=True))
        except _ERRORS as error:
            raise self._failure(error) from error

    def allocate(self, spec: TensorSpec) -> Tensor:
        """See `Session.allocate`."""
        try:
            if self._place[0] == providers.HOST:
                return OrtHostTensor(spec)
            return _OrtDeviceTensor(spec, onnxruntime.OrtValue.ortvalue_from_numpy(spec.zeros(), *self._place), self._path)
        except _ERRORS as error:
            raise SessionError("session_memory", path=str(self._path), device=self.device, detail=_first_line(error)) from error

    def bind(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Bound:
        """See `Session.bind`."""
        self._live()
        check_binding(self.signature, inputs, outputs)
        return _OrtBound(self, _values(inputs), _values(outputs))

    def close(self) -> None:
        """See `Session.close`; the runtime frees its memory when the last run and the last `Bound` have let go of it."""
        self._session = None

    def make_binding(self) -> onnxruntime.IOBinding:
        """A new, empty binding."""
        return self._live().io_binding()

    def run_binding(self, binding: onnxruntime.IOBinding, inputs: Mapping[str, onnxruntime.OrtValue]) -> None:
        """Run on `binding`, whose inputs are `inputs`."""
        session = self._live()
        try:
            with self._turn:
                if self.provider is providers.CPU:
                    session.run_with_iobinding(binding)
                    return
                # Binding is also the moment at which the runtime copies an input that lies elsewhere than the node wants it
                # (all inputs in host memory; on a GPU those that a node left to the processor reads). It costs microseconds.
                for name, value in inputs.items():
                    binding.bind_ortvalue_input(name, value)
                session.run_with_iobinding(binding)
                # DirectML returns before the device is done, and the next graph has a command queue of its own.
                binding.synchronize_outputs()
        except _ERRORS as error:
            raise self._failure(error) from error

    def _live(self) -> onnxruntime.InferenceSession:
        session = self._session
        if session is None:
            raise SessionError("session_closed", path=str(self._path))
        return session

    def _failure(self, error: Exception) -> SessionError:
        return SessionError("session_run_failed", path=str(self._path), detail=_first_line(error))


class _OrtBound:
    def __init__(
        self, session: OrtSession, inputs: dict[str, onnxruntime.OrtValue], outputs: dict[str, onnxruntime.OrtValue]
    ) -> None:
        self._session = session
        self._inputs = inputs
        self._binding = session.make_binding()
        for name, value in inputs.items():
            self._binding.bind_ortvalue_input(name, value)
        for name, value in outputs.items():
            self._binding.bind_ortvalue_output(name, value)

    def run(self) -> None:
        self._session.run_binding(self._binding, self._inputs)


class OrtHostTensor(HostTensor):
    """numpy's memory, which the runtime reads and writes in place."""

    def __init__(self, spec: TensorSpec) -> None:
        super().__init__(spec)
        self.value = onnxruntime.OrtValue.ortvalue_from_numpy(self.array)


class _OrtDeviceTensor:
    """Memory of a graphics card."""

    def __init__(self, spec: TensorSpec, value: onnxruntime.OrtValue, path: Path) -> None:
        self.spec = spec
        self.value = value
        self._path = path

    def write(self, array: Array) -> None:
        check_array(self.spec, array)
        try:
            self.value.update_inplace(array)
        except _ERRORS as error:
            raise SessionError("session_run_failed", path=str(self._path), detail=_first_line(error)) from error

    def read(self) -> Array:
        try:
            found: Array = self.value.numpy()
        except _ERRORS as error:
            raise SessionError("session_run_failed", path=str(self._path), detail=_first_line(error)) from error
        return found


def _values(tensors: Mapping[str, Tensor]) -> dict[str, onnxruntime.OrtValue]:
    values = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, (OrtHostTensor, _OrtDeviceTensor)):
            raise TypeError(f"{name}: expected a tensor of ONNX Runtime, got {type(tensor).__name__}")
        values[name] = tensor.value
    return values


class OrtBackend:
    """One provider of the runtime; see `Backend`."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def __call__(self, path: Path, expected: Signature, options: SessionOptions) -> OrtSession:
        """See `Backend.__call__`."""
        return OrtSession(path, expected, options, self.provider)

    def probe(self) -> str:
        """Version of the runtime. A provider that the runtime lists need not work: a tiny graph is run on a graphics card."""
        _require(self.provider)
        if self.provider is not providers.CPU:
            try:
                session = _start(_tiny_graph(), SessionOptions(threads=1), self.provider)
                session.run(None, {"x": TensorSpec("x", (1,), "float32").zeros()})
            except _ERRORS as error:
                raise BackendUnavailable("backend_failed", device=self.provider.title, detail=_first_line(error)) from error
        return f"ONNX Runtime {onnxruntime.__version__}"


CPU = OrtBackend(providers.CPU)
CUDA = OrtBackend(providers.CUDA)
DIRECTML = OrtBackend(providers.DIRECTML)
COREML = OrtBackend(providers.COREML)


def _open(path: Path, options: SessionOptions, provider: Provider, graph: bytes | None) -> onnxruntime.InferenceSession:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SessionError("session_file_missing", path=str(path)) from error
    _require(provider)
    try:
        return _start(str(path) if graph is None else graph, options, provider)
    except _ERRORS as error:
        from ezvtb_core.backends import sniff  # brings a reader of graphs along that nothing else needs

        known = sniff.diagnose(path)
        if known is not None:
            raise SessionError(known.code, **known.params) from error
        detail = _first_line(error)
        if provider is providers.CPU:
            raise SessionError("session_file_broken", path=str(path), size=size, detail=detail) from error
        raise BackendUnavailable("backend_refused", path=str(path), device=provider.title, detail=detail) from error


def _require(provider: Provider) -> None:
    """Raises BackendUnavailable when the installed runtime does not even list the provider."""
    available = onnxruntime.get_available_providers()
    if provider.name not in available:
        code = "backend_no_provider" if provider is providers.CPU else "backend_other_package"
        package = {} if provider is providers.CPU else {"package": provider.package}
        raise BackendUnavailable(code, expected=provider.name, got=", ".join(available), **package)


def _start(model: str | bytes, options: SessionOptions, provider: Provider) -> onnxruntime.InferenceSession:
    """Load a file or serialised graph. Raises the runtime's own errors, and BackendUnavailable when it runs elsewhere."""
    if provider.preload and hasattr(onnxruntime, "preload_dlls"):  # since 1.21
        _preload()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    settings.enable_mem_pattern = provider.memory_patterns
    settings.log_severity_level = 3  # warnings about how a graph was exported are of no use to a streamer
    if options.heavy:
        settings.add_session_config_entry("session.force_spinning_stop", "1")
    else:
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The Python package would print an error to stdout, where other things are expected, and go on without the provider.
    session = onnxruntime.InferenceSession(model, settings, providers=[provider.arguments(options.device)], enable_fallback=0)
    used = session.get_providers()[0]
    if used != provider.name:
        # The runtime itself falls back to the processor without a word; whoever asked for a GPU decides what to do instead.
        raise BackendUnavailable("backend_fell_back", expected=provider.name, got=used)
    return session


def _preload() -> None:
    """Load CUDA's libraries from their Python packages, where they are not on the system's own search path."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        onnxruntime.preload_dlls()
    if said.getvalue():
        logger.info("preloading CUDA: %s", said.getvalue().strip())


def _tiny_graph() -> bytes:
    """y = x + x for one number."""
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "probe", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    serialised: bytes = model.SerializeToString()
    return serialised


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
