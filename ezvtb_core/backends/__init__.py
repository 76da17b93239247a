"""Runtimes for ONNX graphs behind one small protocol. The only package that imports runtimes, and only when asked to.

To add a backend: write one file with a class that fulfils `Session` and `Backend`, name it in `BACKENDS`; the contract
test in `tests/ezvtb_core/backends/test_contract.py` then runs against it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ezvtb_core.link.messages import Notice, NoticeError

Array = npt.NDArray[Any]

BACKENDS: dict[str, str] = {
    "ort-cpu": "ezvtb_core.backends.ort:OrtSession",
    "fake": "ezvtb_core.backends.fake:FakeSession",
}
"""Name → `module:class`. A module is imported when its backend is probed or opened, never before."""


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


def check_inputs(expected: tuple[TensorSpec, ...], inputs: Mapping[str, Array]) -> None:
    """Compare what is about to be run with the graph's inputs. Raises SessionError with expected and got."""
    got = [TensorSpec(name, array.shape, array.dtype.name) for name, array in inputs.items()]
    if len(got) != len(expected) or not all(any(spec.fits(other) for other in got) for spec in expected):
        raise SessionError("session_inputs", expected=describe(expected), got=describe(got))


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
