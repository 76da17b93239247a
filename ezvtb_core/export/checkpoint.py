"""Checkpoints as data: PyTorch's zip files (`.pt`, 1.6 and later), safetensors and numpy's `.npz`.

Nothing in a file is executed, and no size that a file claims is believed before it is compared with what is there.
safetensors is read here rather than with its package: an index in JSON in front of the numbers needs forty lines, and a
package would have to be installed for everybody.
"""

from __future__ import annotations

import json
import math
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ezvtb_core.export import pickles
from ezvtb_core.export.graph import Array
from ezvtb_core.link.messages import NoticeError

LARGEST = 1 << 29
"""Bytes that the tensors of one checkpoint may have together; the original ones have at most 140 million."""
HEADER = 1 << 22
"""Bytes that the index of a safetensors file may have."""
BFLOAT16 = "bfloat16"
SAFETENSORS_TYPES = {
    "F32": "<f4", "F16": "<f2", "BF16": BFLOAT16, "F64": "<f8", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U8": "<u1", "BOOL": "|b1",
}  # fmt: skip
LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""How files of PyTorch before 1.6 start."""
_BROKEN = (
    ValueError, KeyError, TypeError, IndexError, EOFError, OverflowError, RecursionError, NotImplementedError, RuntimeError,
    zipfile.BadZipFile, zlib.error, struct.error, SyntaxError,
)  # fmt: skip
"""What damaged files make zipfile, json and numpy raise."""


class WeightsError(NoticeError):
    """A checkpoint cannot be used; says what was expected, what came, and what to do."""


def load(path: Path) -> dict[str, Array]:
    """State-dict key → array, by the ending of `path`: `.pt`, `.safetensors` or `.npz`. Raises WeightsError.

    Arrays are read-only views of the file's numbers, of the type that they are stored in; bfloat16 comes as float32.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            _check_start(path, file.read(512), size)
        return READERS[path.suffix.lower()](path, size)
    except pickles.CodeFoundError as error:
        raise WeightsError("weights_code", path=str(path), found=str(error)) from error
    except pickles.OtherContentsError as error:
        raise WeightsError("weights_other", path=str(path), found=str(error)) from error
    except pickles.BadPickleError as error:
        raise WeightsError("weights_broken", path=str(path), size=size, detail=str(error)) from error
    except OSError as error:
        raise WeightsError("weights_unreadable", path=str(path), detail=error.strerror or str(error)) from error
    except MemoryError as error:
        raise WeightsError("weights_memory", path=str(path)) from error
    except _BROKEN as error:
        detail = f"{type(error).__name__}: {error}"[:200]
        raise WeightsError("weights_broken", path=str(path), size=size, detail=detail) from error


def _check_start(path: Path, start: bytes, size: int) -> None:
    """Raise WeightsError for what is well known not to be a checkpoint."""
    code = ""
    if not start:
        code = "weights_empty"
    elif start.startswith(b"version https://git-lfs"):
        code = "weights_lfs"
    elif start.lstrip()[:14].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        code = "weights_html"
    elif start.startswith(LEGACY):
        code = "weights_legacy"
    if code:
        raise WeightsError(code, path=str(path), size=size)


def _read_pt(path: Path, size: int) -> dict[str, Array]:
    with zipfile.ZipFile(path) as archive:
        members = _members(archive, size)
        indexes = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(indexes) != 1:
            raise ValueError("it has no data.pkl, or several")
        folder = indexes[0].removesuffix("data.pkl")
        order = members.get(folder + "byteorder")
        if order is not None and archive.read(order) != b"little":
            raise ValueError("its numbers are in another byte order")
        if members[indexes[0]].file_size > pickles.LARGEST:
            raise ValueError("its index is too large")
        tensors = pickles.state_dict(archive.read(members[indexes[0]]))
        _check_total(sum(math.prod(tensor.shape) * _width(tensor.storage.dtype) for tensor in tensors.values()))
        storages: dict[pickles.Storage, Array] = {}
        for tensor in tensors.values():
            if tensor.storage not in storages:
                storages[tensor.storage] = _numbers(
                    archive.read(members[f"{folder}data/{tensor.storage.key}"]), tensor.storage.dtype, tensor.storage.count
                )
    return {key: _view(key, tensor, storages[tensor.storage]) for key, tensor in tensors.items()}


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The archive's files, stored as they are, which is how PyTorch writes them. Raises ValueError for anything unusual."""
    found: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        parts = member.filename.split("/")
        if ".." in parts or "" in parts[:-1] or "\\" in member.filename or member.filename in found:
            raise ValueError(f"unusual file name {member.filename[:80]!r} in the archive")
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 or member.compress_size != member.file_size:
            raise ValueError(f"{member.filename[:80]} is packed or encrypted")
        found[member.filename] = member
    if sum(member.file_size for member in found.values()) > size:
        raise ValueError("its parts are larger than the file")
    return found


def _view(key: str, tensor: pickles.StridedTensor, numbers: Array) -> Array:
    """A tensor's view of its storage; one that would reach outside, or that repeats numbers, is refused."""
    count = math.prod(tensor.shape)
    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
    if count > len(numbers) or (count and last >= len(numbers)) or tensor.offset > len(numbers):
        raise ValueError(f"{key[:80]} {tensor.shape} is larger than its {len(numbers)} numbers")
    strides = [stride * numbers.itemsize for stride in tensor.strides]
    if not count:
        return np.zeros(tensor.shape, numbers.dtype)
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, strides, writeable=False)


def _read_safetensors(path: Path, size: int) -> dict[str, Array]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > min(HEADER, size - 8):
            raise ValueError(f"its index of {length} bytes is larger than possible")
        header = json.loads(file.read(length).decode("utf-8"))
        start = 8 + length
        if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
            raise ValueError("its index is not a table")
        header.pop("__metadata__", None)
        _check_total(sum(entry["data_offsets"][1] - entry["data_offsets"][0] for entry in header.values()))
        arrays = {}
        for key, entry in header.items():
            dtype, shape = SAFETENSORS_TYPES[entry["dtype"]], _shape(entry["shape"])
            begin, end = _shape(entry["data_offsets"])
            if not begin <= end <= size - start or end - begin != math.prod(shape) * _width(dtype):
                raise ValueError(f"{key[:80]} {shape} does not fit its place in the file")
            file.seek(start + begin)
            arrays[key] = _numbers(file.read(end - begin), dtype, math.prod(shape)).reshape(shape)
    return arrays


def _read_npz(path: Path, size: int) -> dict[str, Array]:
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        _check_total(sum(member.file_size for member in members))
        for member in members:
            if not member.filename.endswith(".npy"):
                raise ValueError(f"{member.filename[:80]!r} in the archive is not an array")
            with archive.open(member) as file:
                arrays[member.filename.removesuffix(".npy")] = _read_npy(file, member.file_size)
    return arrays


def _read_npy(file: Any, size: int) -> Array:
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about how the header is spelled
        shape, fortran, dtype = readers[version](file)
    if dtype.kind not in "fiub" or math.prod(_shape(list(shape))) * dtype.itemsize > size:
        raise ValueError(f"an array {shape} of {dtype} does not fit its place in the archive")
    return np.frombuffer(file.read(), dtype).reshape(shape, order="F" if fortran else "C")


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not pickles.are_counts(value):
        raise ValueError("a shape or place is not a list of whole numbers")
    return tuple(value)


def _width(dtype: str) -> int:
    return 2 if dtype == BFLOAT16 else np.dtype(dtype).itemsize


def _check_total(size: int) -> None:
    if size > LARGEST:
        raise ValueError(f"its tensors would have {size} bytes, at most {LARGEST} are possible")


def _numbers(data: bytes, dtype: str, count: int) -> Array:
    """Raw numbers, (count,). Raises ValueError when there are not exactly that many."""
    if len(data) != count * _width(dtype):
        raise ValueError(f"{len(data)} bytes cannot be {count} numbers of {dtype}")
    if dtype != BFLOAT16:
        return np.frombuffer(data, dtype)
    # The upper half of a float32.
    return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)


READERS: dict[str, Callable[[Path, int], dict[str, Array]]] = {
    ".pt": _read_pt,
    ".safetensors": _read_safetensors,
    ".npz": _read_npz,
}
ENDINGS = tuple(READERS)
"""Of checkpoints, in the order in which they are looked for."""
