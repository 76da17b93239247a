"""Checkpoint files made byte by byte, as PyTorch and safetensors write them, without either."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

TYPES = {"float32": "FloatStorage", "float16": "HalfStorage", "float64": "DoubleStorage", "int64": "LongStorage"}
SAFETENSORS_TYPES = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64"}


def name(dotted: str) -> bytes:
    """GLOBAL."""
    module, _, attribute = dotted.rpartition(".")
    return b"c" + f"{module}\n{attribute}\n".encode()


def text(value: str) -> bytes:
    """BINUNICODE."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    """BININT or LONG1."""
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    data = pickle.encode_long(value)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key: str = "0", count: int = 6, kind: str = "torch.FloatStorage") -> bytes:
    return b"(" + text("storage") + name(kind) + text(key) + text("cpu") + number(count) + b"tQ"


def tensor(shape: tuple[int, ...] = (2, 3), strides: tuple[int, ...] | None = None, offset: int = 0, place: bytes = b"") -> bytes:
    """REDUCE of _rebuild_tensor_v2."""
    if strides is None:
        strides = tuple(int(np.prod(shape[k + 1 :])) for k in range(len(shape)))
    hooks = name("collections.OrderedDict") + b")R"
    arguments = (place or storage()) + number(offset) + numbers(shape) + numbers(strides) + b"\x89" + hooks
    return name("torch._utils._rebuild_tensor_v2") + b"(" + arguments + b"tR"


def state_dict(items: Mapping[str, bytes]) -> bytes:
    """The pickle of an OrderedDict."""
    body = b"".join(text(key) + value for key, value in items.items())
    return b"\x80\x02" + name("collections.OrderedDict") + b")R(" + body + b"u."


def archive(index: bytes, members: Mapping[str, bytes], folder: str = "archive/", packed: bool = False) -> bytes:
    """The zip file around a pickle; `members` are storages by key."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        file.writestr(f"{folder}data.pkl", index)
        file.writestr(f"{folder}byteorder", b"little")
        for key, data in members.items():
            file.writestr(f"{folder}data/{key}", data)
        file.writestr(f"{folder}version", b"3\n")
    return stream.getvalue()


def pt(arrays: Mapping[str, np.ndarray]) -> bytes:
    """What torch.save writes for a state dict of contiguous tensors."""
    items, members = {}, {}
    for place, (key, array) in enumerate(arrays.items()):
        kind = f"torch.{TYPES[array.dtype.name]}"
        items[key] = tensor(array.shape, place=storage(str(place), array.size, kind))
        members[str(place)] = np.ascontiguousarray(array).tobytes()
    return archive(state_dict(items), members)


def safetensors(arrays: Mapping[str, np.ndarray]) -> bytes:
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for key, array in arrays.items():
        place = [len(data), len(data) + array.nbytes]
        header[key] = {"dtype": SAFETENSORS_TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": place}
        data += np.ascontiguousarray(array).tobytes()
    return raw_safetensors(header, data)


def raw_safetensors(header: object, data: bytes) -> bytes:
    packed = json.dumps(header).encode()
    return struct.pack("<Q", len(packed)) + packed + data


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


WRITERS = {".pt": pt, ".safetensors": safetensors, ".npz": npz}


def write(folder: Path, stem: str, arrays: Mapping[str, np.ndarray], ending: str = ".npz") -> Path:
    path = folder / (stem + ending)
    path.write_bytes(WRITERS[ending](arrays))
    return path
