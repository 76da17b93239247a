"""Runtimes for ONNX graphs behind one small protocol. The only package that imports runtimes, and only when asked to.

To add a backend: write one file with a class that fulfils `Session` and `Backend`, name it in `BACKENDS`; the contract
test in `tests/ezvtb_core/backends/test_contract.py` then runs against it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ezvtb_core.link.messages import Notice, NoticeError

Array = npt.NDArray[Any]

BACKENDS: dict[str, str] = {
    "cpu": "ezvtb_core.backends.cpu:CPU",
    "ort-cpu": "ezvtb_core.backends.ort:CPU",
    "ort-cuda": "ezvtb_core.backends.ort:CUDA",
    "ort-dml": "ezvtb_core.backends.ort:DIRECTML",
    "ort-coreml": "ezvtb_core.backends.ort:COREML",
    "fake": "ezvtb_core.backends.fake:FakeSession",
}
"""Name → `module:backend`. A module is imported when its backend is probed or opened, never before."""
CHOICES: dict[str, str] = {"cuda": "ort-cuda", "directml": "ort-dml", "coreml": "ort-coreml", "cpu": "cpu"}
"""What the setting `backend` says → backend; in the order in which `auto` prefers them."""
AUTO = "auto"
SYSTEMS: dict[str, str] = {"ort-dml": "win32", "ort-coreml": "darwin"}
"""Backend → the only `sys.platform` on which anybody could have it."""


class BackendUnavailable(NoticeError):  # noqa: N818 - it names a state, not a mistake
    """This backend cannot run on this machine; says why and what would help."""


class SessionError(NoticeError):
    """A model file cannot be used, or a run failed; names the file and the fix."""


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape and element type of one input or output of a graph."""

    name: str
    shape: tuple[int | None, ...]
    """None for a dimension that may vary."""
    dtype: str
    """numpy's name: `float32`, `float16`, `uint8`, `int64`…"""

    def __str__(self) -> str:
        return f"{self.name} {self.dtype}({','.join('?' if size is None else str(size) for size in self.shape)})"

    def fits(self, other: TensorSpec) -> bool:
        """Whether `other` has this name, this element type and no conflicting dimension."""
        return (self.name, self.dtype, len(self.shape)) == (other.name, other.dtype, len(other.shape)) and all(
            None in (mine, theirs) or mine == theirs for mine, theirs in zip(self.shape, other.shape, strict=True)
        )

    def zeros(self) -> Array:
        """An array of zeros that fits; dimensions that may vary are 1."""
        return np.zeros([size or 1 for size in self.shape], self.dtype)


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a graph. Order does not matter, names do."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True)
class SessionOptions:
    """What every backend understands; sessions are shared between sources that ask for the same."""

    threads: int = 2
    """Processor threads of one run, where the backend uses any."""
    device: int = 0
    """Which of several devices of the same kind, from 0; without meaning where the backend knows only one."""
    heavy: bool = False
    """True for networks of which one run takes many milliseconds: threads may then wait busily within a run, never after it."""


class Tensor(Protocol):
    """Memory of one value, where the device of the session that allocated it wants it. Belongs to one user, one thread at a time.

    It may be bound to every session of the same backend and device, as an output of one and an input of others.
    """

    spec: TensorSpec
    """Name: that of the value it was allocated for; other graphs may call it otherwise."""

    def write(self, array: Array) -> None:
        """Copy `array` to the device, in place. Raises SessionError with expected and got when shape or type differ."""

    def read(self) -> Array:
        """The contents. On the processor the memory itself, valid until something writes to it again; else a copy."""


class Bound(Protocol):
    """A session together with the tensors that it reads and writes. Belongs to one user, one thread at a time."""

    def run(self) -> None:
        """Run once on the tensors. Raises SessionError when the runtime fails and after the session was closed.

        After a failure the contents of the outputs are unknown.
        """


class Session(Protocol):
    """One ONNX graph ready to run. Made by a `Backend`, which has run it once already."""

    signature: Signature
    device: str
    """Where it runs, for people: `CPU, 2 threads (ONNX Runtime 1.20)`."""

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run once: all inputs by name in, all outputs by name out. May be called from several threads at a time.

        The outputs are the caller's own and stay as they are. Raises SessionError for inputs that do not fit, when the
        runtime fails and after `close`.
        """

    def allocate(self, spec: TensorSpec) -> Tensor:
        """Memory for a value, filled with zeros. `spec` has no dimension that may vary. Raises SessionError."""

    def bind(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Bound:
        """Prepare runs that read and write tensors without copies between host and device: all inputs, some of the outputs.

        Outputs that are not named are not kept. Bound runs of several users may go on at a time, and beside `run`. Raises
        SessionError with expected and got for what does not fit.
        """

    def close(self) -> None:
        """Release the runtime's memory. May be called again; a run in progress on another thread is finished."""


class Backend(Protocol):
    """How sessions of one kind are made."""

    def __call__(self, path: Path, expected: Signature, options: SessionOptions) -> Session:
        """Load `path`, check it against `expected` and run it once on zeros. Raises SessionError or BackendUnavailable."""

    def probe(self) -> str:
        """Version and device, for people. Raises BackendUnavailable; ImportError or OSError when the runtime is not there."""


@dataclass(frozen=True)
class Probe:
    """Whether a backend can be used here."""

    name: str
    usable: bool
    reason: Notice
    """What was found, or why it cannot be used."""


def load(name: str) -> Backend:
    """The backend `name`. Raises BackendUnavailable with the reason when it is not known or cannot be imported."""
    if name not in BACKENDS:
        raise BackendUnavailable("backend_unknown", got=name, known=", ".join(sorted(BACKENDS)))
    module, _, attribute = BACKENDS[name].partition(":")
    try:
        backend: Backend = getattr(importlib.import_module(module), attribute)
    except (ImportError, OSError) as error:  # OSError: a runtime whose own libraries are missing
        raise BackendUnavailable("backend_missing", name=name, detail=str(error)) from error
    return backend


def probe(name: str) -> Probe:
    """Find out whether the backend `name` can be used on this machine, and keep the reason. Never raises."""
    try:
        return Probe(name, True, Notice("backend_usable", name=name, found=load(name).probe()))
    except BackendUnavailable as error:
        return Probe(name, False, error.notice)
    except (ImportError, OSError) as error:
        return Probe(name, False, Notice("backend_missing", name=name, detail=str(error)))


def choose(setting: str) -> str:
    """The backend that the setting `backend` stands for: a name of `BACKENDS` is taken as it is, `auto` is the first usable.

    Raises BackendUnavailable for a name that is not known. Whether a backend asked for by name is usable shows when it is
    opened: there is no other one in its place then.
    """
    if setting == AUTO:
        return next((name for name in CHOICES.values() if probe(name).usable), CHOICES["cpu"])
    name = CHOICES.get(setting, setting)
    if name not in BACKENDS:
        raise BackendUnavailable("backend_unknown", got=setting, known=", ".join(dict.fromkeys([AUTO, *CHOICES, *BACKENDS])))
    return name


def check_inputs(expected: tuple[TensorSpec, ...], inputs: Mapping[str, Array]) -> None:
    """Compare what is about to be run with the graph's inputs. Raises SessionError with expected and got."""
    got = [TensorSpec(name, array.shape, array.dtype.name) for name, array in inputs.items()]
    if len(got) != len(expected) or not all(any(spec.fits(other) for other in got) for spec in expected):
        raise SessionError("session_inputs", expected=describe(expected), got=describe(got))


def check_array(spec: TensorSpec, array: Array) -> None:
    """Compare what is about to be written to a tensor with its memory. Raises SessionError with expected and got."""
    if array.shape != spec.shape or array.dtype.name != spec.dtype:
        got = TensorSpec(spec.name, array.shape, array.dtype.name)
        raise SessionError("session_tensor", expected=str(spec), got=str(got))


def check_binding(signature: Signature, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> None:
    """Compare tensors that are about to be bound with the graph. Raises SessionError with expected and got."""
    for code, wanted, given in (
        ("session_inputs", signature.inputs, inputs),
        ("session_outputs", signature.outputs, outputs),
    ):
        got = [replace(tensor.spec, name=name) for name, tensor in given.items()]
        complete = len(got) == len(wanted) or (wanted is signature.outputs and got)
        if not complete or not all(any(spec.fits(other) for spec in wanted) for other in got):
            raise SessionError(code, expected=describe(wanted), got=describe(got))


def settle(expected: Signature, found: Signature) -> Signature:
    """`found`, with the dimensions that may vary set to what is expected of them."""

    def settled(specs: tuple[TensorSpec, ...], wanted: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
        known = {spec.name: spec.shape for spec in wanted}
        return tuple(
            replace(spec, shape=tuple(a if b is None else b for a, b in zip(known[spec.name], spec.shape, strict=True)))
            if spec.name in known
            else spec
            for spec in specs
        )

    return Signature(settled(found.inputs, expected.inputs), settled(found.outputs, expected.outputs))


def check_signature(path: Path, expected: Signature, found: Signature) -> None:
    """Compare a graph's inputs and outputs with what a model family expects. Raises SessionError naming the file.

    A graph may have more outputs than expected, but not more inputs: nothing would fill them.
    """
    for kind, wanted, got in (("inputs", expected.inputs, found.inputs), ("outputs", expected.outputs, found.outputs)):
        fits = all(any(spec.fits(other) for other in got) for spec in wanted)
        if not fits or (kind == "inputs" and len(got) != len(wanted)):
            raise SessionError(f"session_other_{kind}", path=str(path), expected=describe(wanted), got=describe(got))


def describe(specs: tuple[TensorSpec, ...] | list[TensorSpec]) -> str:
    """Specs for an error text."""
    return ", ".join(str(spec) for spec in specs) or "-"
