"""Why a model file cannot be read, in words that say what the file is instead and what to do about it.

For the moment after a runtime has refused a file, and for `models check`. Nothing in a file is run or unpickled.
"""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnxruntime.capi import onnxruntime_pybind11_state as _state

from ezvtb_core.link.messages import Notice, NoticeError

OLDEST_OPSET = 16
"""Version of ONNX's operators that brought GridSample, which every model here uses."""
LARGEST = 2**31 - 1
"""Bytes of a protobuf message."""
_HEAD = 512
_ARCHIVES = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_OTHERS = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "RIFF", b"GGUF": "GGUF", b"ftrt": "TensorRT", b"%PDF": "PDF"}
_GRAPH, _OPSETS = 7, 8
"""Field numbers of `ModelProto` (onnx.proto) without which there is no model."""
_DOMAINS = (
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.preview.training",
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.ms.internal.nhwc",
)
"""Sets of operators that ONNX Runtime brings along."""


class SniffError(NoticeError):
    """A file is not a usable model; names the file, what it is and the fix."""


def diagnose(path: Path) -> Notice | None:
    """What is wrong with a model file, None when nothing is found. Reads the whole file; never raises."""
    try:
        parse(path)
    except SniffError as error:
        return error.notice
    return None


def glance(path: Path) -> Notice | None:
    """What the beginning and the size of a model file tell; quick for large files, never raises."""
    try:
        _look(path)
    except SniffError as error:
        return error.notice
    except OSError as error:
        return _unreadable(path, error).notice
    return None


def parse(path: Path) -> onnx.ModelProto:
    """Read a model file, external data left where they are. Raises SniffError with what is wrong."""
    try:
        _look(path)
        model = onnx.load_model(path, load_external_data=False)
    except OSError as error:
        raise _unreadable(path, error) from error
    except DecodeError as error:
        raise SniffError("file_damaged", path=str(path), size=path.stat().st_size) from error
    _check_model(path, model)
    return model


def external_files(model: onnx.ModelProto) -> list[str]:
    """Names of the files beside the model that hold its weights, as they are written in it."""
    return sorted({entry.value for tensor in tensors(model) for entry in tensor.external_data if entry.key == "location"})


def tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every constant of a model, those inside nodes and sub-graphs included."""
    yield from model.graph.initializer
    waiting = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    while waiting:
        for attribute in waiting.pop().attribute:
            yield from (attribute.t, *attribute.tensors)
            for graph in (attribute.g, *attribute.graphs) if attribute.HasField("g") or attribute.graphs else ():
                yield from graph.initializer
                waiting.extend(graph.node)


def _look(path: Path) -> None:
    if not path.exists():
        raise SniffError("session_file_missing", path=str(path))
    if path.is_dir():
        raise SniffError("file_folder", path=str(path))
    with path.open("rb") as file:
        _check_bytes(path, file)


def _unreadable(path: Path, error: OSError) -> SniffError:
    return SniffError("file_unreadable", path=str(path), detail=error.strerror or str(error))


def _check_bytes(path: Path, file: BinaryIO) -> None:
    """Everything that can be said before the file is parsed."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(_HEAD)
    if not size:
        raise SniffError("file_empty", path=str(path))
    if head.startswith(b"version https://git-lfs"):
        raise SniffError("file_lfs", path=str(path))
    if head.startswith(b"PK\x03\x04"):
        raise SniffError("file_torch" if _is_torch(path) else "file_archive", path=str(path), kind="zip")
    if head.startswith(_PICKLE):
        raise SniffError("file_torch", path=str(path))
    for kinds, code in ((_ARCHIVES, "file_archive"), (_OTHERS, "file_other")):
        for magic, kind in kinds.items():
            if head.startswith(magic):
                raise SniffError(code, path=str(path), kind=kind)
    if head[8:10] == b'{"':
        raise SniffError("file_other", path=str(path), kind="safetensors")
    text = _as_text(head)
    if text:
        raise SniffError("file_text", path=str(path), size=size, got=text)
    if size > LARGEST:
        raise SniffError("file_other", path=str(path), kind=f"{size / 2**30:.1f} GiB")
    _check_fields(path, file, size)


def _is_torch(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(PurePosixPath(name).name == "data.pkl" for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _as_text(head: bytes) -> str:
    """How a file that is text begins, empty for a binary one. A model has bytes below 32 right at its start."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff")
    if text.count("\ufffd") > len(text) // 4 or any(character < " " and character not in "\t\r\n" for character in text):
        return ""
    return " ".join(text.split())[:60]


def _check_fields(path: Path, file: BinaryIO, size: int) -> None:
    """Walk over the fields of the outermost message without reading what is in them: a file that was cut off ends too soon."""
    seen: set[int] = set()
    file.seek(0)
    while file.tell() < size:
        key = _varint(file)
        if key is None:
            raise SniffError("file_cut_off", path=str(path), size=size, expected=size + 1)
        number, kind = key >> 3, key & 7
        length = {0: 0, 1: 8, 5: 4}.get(kind)
        if kind in (0, 2):
            value = _varint(file)
            if value is None:
                raise SniffError("file_cut_off", path=str(path), size=size, expected=size + 1)
            length = value if kind == 2 else 0
        if length is None or number == 0:
            raise SniffError("file_damaged", path=str(path), size=size)
        end = file.tell() + length
        if end > size:
            # In a file of another kind, anything looks like a length: only a model's own fields are believed.
            code = "file_cut_off" if number in onnx.ModelProto.DESCRIPTOR.fields_by_number else "file_damaged"
            raise SniffError(code, path=str(path), size=size, expected=end)
        seen.add(number)
        file.seek(end)
    if not {_GRAPH, _OPSETS} <= seen:
        # The graph comes late and the versions last: a cut between two fields leaves a readable file without them.
        code = "file_cut_off" if seen <= set(onnx.ModelProto.DESCRIPTOR.fields_by_number) else "file_damaged"
        raise SniffError(code, path=str(path), size=size, expected=size + 1)


def _varint(file: BinaryIO) -> int | None:
    """A number in protobuf's encoding, None where the file ends within it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            break
    return value


def _check_model(path: Path, model: onnx.ModelProto) -> None:
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if opset < OLDEST_OPSET:
        raise SniffError("file_opset_old", path=str(path), got=opset, oldest=OLDEST_OPSET)
    if not _runtime_knows(opset, model.ir_version):
        runtime = f"ONNX Runtime {onnxruntime.__version__}"
        raise SniffError("file_opset_new", path=str(path), got=opset, ir=model.ir_version, runtime=runtime)
    own = {function.domain for function in model.functions}
    strange = sorted({node.domain for node in model.graph.node} - own - set(_DOMAINS))
    if strange:
        raise SniffError("file_operators", path=str(path), got=", ".join(strange))
    for name in external_files(model):
        if PureWindowsPath(name).anchor or ".." in PureWindowsPath(name).parts:
            raise SniffError("file_data_outside", path=str(path), got=name)
        if not (path.parent / name).is_file():
            raise SniffError("file_data_missing", path=str(path), name=name)


@functools.lru_cache(maxsize=32)
def _runtime_knows(opset: int, ir_version: int) -> bool:
    """Whether the installed runtime opens models of these versions: it is asked, with the smallest there is."""
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "versions", value[:1], value[1:])
    versions = [onnx.helper.make_opsetid("", opset)]
    model = onnx.helper.make_model(graph, opset_imports=versions, ir_version=ir_version)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except (_state.Fail, _state.InvalidGraph, _state.InvalidArgument, _state.NotImplemented, RuntimeError):
        return False
    return True
