"""Looks closely at the files of one model: are they whole, of the right kind, and each in its own place?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnx

from ezvtb_core import export
from ezvtb_core.backends import (
    Backend,
    BackendUnavailable,
    SessionError,
    SessionOptions,
    Signature,
    TensorSpec,
    check_signature,
    sniff,
)
from ezvtb_core.export import families
from ezvtb_core.link import catalogue
from ezvtb_core.link.catalogue import ModelFolder
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.models.signatures import batched, stage_signatures

Progress = Callable[[float, Path], None]
"""Told which part is done (0..1) and which file is looked at."""


@dataclass(frozen=True)
class FileResult:
    """One file of a model."""

    stage: str
    path: Path
    problem: Notice | None
    """What is wrong with it and what to do, None when nothing is."""


def check(model: ModelFolder, progress: Progress, backend: Backend | None = None) -> list[FileResult]:
    """Look into every file of `model`; with a backend each sound graph is also opened and run once on zeros.

    Which files are missing is not told here (`catalogue.why_not`).
    """
    found: dict[str, Signature] = {}
    problems: dict[str, Notice | None] = {}
    steps = len(model.files) * (1 if backend is None else 2)
    for number, (stage, path) in enumerate(model.files.items()):
        progress(number / steps, path)
        try:
            if path.suffix.lower() == ".onnx":
                found[stage] = signature(sniff.parse(path))
            else:
                export.read(families.family(model.name), stage, path, model.precision)
            problems[stage] = None
        except NoticeError as error:
            problems[stage] = error.notice
    for stage in found:
        problems[stage] = _misplaced(model, stage, found)
    if backend is not None:
        for number, (stage, path) in enumerate(model.files.items(), len(model.files)):
            if stage in found and problems[stage] is None:
                progress(number / steps, path)
                problems[stage] = _run(path, found[stage], backend)
    return [FileResult(stage, path, problems[stage]) for stage, path in model.files.items()]


def signature(model: onnx.ModelProto) -> Signature:
    """Inputs and outputs of a graph as they are declared in its file."""
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = tuple(_spec(value) for value in model.graph.input if value.name not in constants)
    return Signature(inputs, tuple(_spec(value) for value in model.graph.output))


def _spec(value: onnx.ValueInfoProto) -> TensorSpec:
    kind = value.type.tensor_type
    shape = tuple(size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim)
    known = kind.elem_type not in (onnx.TensorProto.UNDEFINED, onnx.TensorProto.STRING)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name if known else "object"
    return TensorSpec(value.name, shape, dtype)


def _misplaced(model: ModelFolder, stage: str, found: dict[str, Signature]) -> Notice | None:
    """What is wrong with a graph's inputs and outputs, and whose they are when they are another file's."""
    path, expected = model.files[stage], stage_signatures(model.name, model.precision)
    problem = _other(path, expected[stage], found[stage])
    if problem is None:
        return None
    for other in expected:
        if _other(path, expected[other], found[stage]) is None:
            swapped = other in found and _other(path, expected[stage], found[other]) is None
            facts = {"path": str(path), "stage": other, "other": f"{other}{path.suffix}"}
            return Notice("check_swapped" if swapped else "check_other_stage", **facts)
    for name in catalogue.FAMILIES:
        for precision in catalogue.PRECISIONS:
            if any(_other(path, each, found[stage]) is None for each in stage_signatures(name, precision).values()):
                facts = {"path": str(path), "name": name, "precision": precision}
                return Notice("check_other_model", **facts, expected=f"{model.name} ({model.precision})")
    return problem


def _other(path: Path, expected: Signature, found: Signature) -> Notice | None:
    """Why a graph is not the expected one, None when it is; students may have a batch dimension."""
    try:
        check_signature(path, expected, found)
    except SessionError as error:
        try:
            check_signature(path, batched(expected), found)
        except SessionError:
            return error.notice
    return None


def _run(path: Path, expected: Signature, backend: Backend) -> Notice | None:
    try:
        backend(path, expected, SessionOptions()).close()
    except (SessionError, BackendUnavailable) as error:
        return error.notice
    return None
