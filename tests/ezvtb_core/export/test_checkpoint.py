"""Checkpoint files: what is in them comes out, and no file does more than be refused with a sentence."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.export.checkpoint import LEGACY, WeightsError, load
from tests.ezvtb_core.export import checkpoints
from tests.ezvtb_core.export.checkpoints import WRITERS, archive, state_dict, storage, tensor

ENDINGS = pytest.mark.parametrize("ending", WRITERS)


def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {
        "body.0.weight": random.normal(size=(4, 3, 2, 2)).astype(np.float32),
        "body.0.bias": random.normal(size=4).astype(np.float16),
        "wide": random.normal(size=(2, 3)),
        "count": np.array(7),
        "empty": np.zeros((0, 3), np.float32),
    }


def read(folder: Path, data: bytes, name: str = "file.pt") -> dict[str, np.ndarray]:
    path = folder / name
    path.write_bytes(data)
    return load(path)


def refused(folder: Path, data: bytes, said: str, name: str = "file.pt") -> None:
    with pytest.raises(WeightsError, match=said) as caught:
        read(folder, data, name)
    assert name in str(caught.value)


@ENDINGS
def test_arrays_come_out_as_they_went_in(tmp_path: Path, ending: str) -> None:
    found = load(checkpoints.write(tmp_path, "é 角", arrays(), ending))
    assert found.keys() == arrays().keys()
    for key, array in arrays().items():
        assert found[key].dtype == array.dtype
        assert found[key].shape == array.shape
        assert np.array_equal(found[key], array)


def test_bfloat16_comes_as_float32(tmp_path: Path) -> None:
    values = np.array([1.0, -2.5, 0.0, 1.5e30, 3.140625, 1.0], np.float32)
    upper = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    expected = (values.view(np.uint32) >> 16 << 16).view(np.float32).reshape(2, 3)
    index = state_dict({"a": tensor(place=storage(kind="torch.BFloat16Storage"))})
    assert np.array_equal(read(tmp_path, archive(index, {"0": upper}))["a"], expected)
    header = {"a": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}}
    assert np.array_equal(read(tmp_path, checkpoints.raw_safetensors(header, upper), "f.safetensors")["a"], expected)


def test_views_of_a_storage(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32)
    views = {
        "same": tensor((2, 3)),
        "turned": tensor((3, 2), (1, 3)),
        "part": tensor((2,), (2,), 1),
        "one": tensor((), (), 5),
    }
    found = read(tmp_path, archive(state_dict(views), {"0": values.tobytes()}))
    assert np.array_equal(found["same"], values.reshape(2, 3))
    assert np.array_equal(found["turned"], values.reshape(2, 3).T)
    assert np.array_equal(found["part"], [1, 3])
    assert found["one"] == 5


@pytest.mark.needs("shared")
def test_the_authors_own_files() -> None:
    from tests.ezvtb_core.export.golden import STUDENTS

    found = load(STUDENTS / "lambda_00" / "face_morpher.pt")
    assert sum(array.size for array in found.values()) == 121_476
    assert all(array.dtype == np.float32 for array in found.values())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", "Git LFS pointer"),
        (b"\n <!DOCTYPE html><html>", "web page"),
        (b"<html><body>404", "web page"),
        (LEGACY + b"\x80\x02}q\x00.", r"before 1\.6"),
        (b"hello", "damaged or not a checkpoint"),
        (b"PK\x03\x04" + bytes(40), "damaged"),
    ],
)
@ENDINGS
def test_what_is_well_known_not_to_be_a_checkpoint(tmp_path: Path, data: bytes, said: str, ending: str) -> None:
    refused(tmp_path, data, said, f"editor{ending}")


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(WeightsError, match="cannot be read"):
            load(path)


FLOATS = np.arange(6, dtype=np.float32).tobytes()


@pytest.mark.parametrize(
    ("items", "members", "said"),
    [
        ({"a": tensor()}, {}, "damaged"),
        ({"a": tensor()}, {"0": FLOATS[:-1]}, "23 bytes cannot be 6 numbers"),
        ({"a": tensor((4, 3))}, {"0": FLOATS}, "larger than its 6 numbers"),
        ({"a": tensor((2, 3), (4, 1))}, {"0": FLOATS}, "larger than its 6 numbers"),
        ({"a": tensor((2, 3), None, 1)}, {"0": FLOATS}, "larger than its 6 numbers"),
        ({"a": tensor((7,), (0,))}, {"0": FLOATS}, "larger than its 6 numbers"),
        ({"a": tensor((1 << 30, 1 << 9), (0, 0))}, {"0": FLOATS}, "bytes, at most"),
        ({str(k): tensor((6,)) for k in range(20)} | {"x": tensor((1 << 28,), (0,))}, {"0": FLOATS}, "bytes, at most"),
        ({"a": tensor(place=storage("../version"))}, {"0": FLOATS}, "damaged"),
        ({"a": b"}"}, {}, "plain state dict .found: a: dict"),
        ({"a": checkpoints.name("os.system") + b"(" + checkpoints.text("ls") + b"tR"}, {}, "os.system.* Nothing of it was run"),
    ],
)
def test_tensors_that_are_not_there(tmp_path: Path, items: dict, members: dict, said: str) -> None:
    refused(tmp_path, archive(state_dict(items), members), said)


@pytest.mark.parametrize("name", ["../evil", "/evil", "archive/../../evil", "archive//evil", "a\\evil"])
def test_archives_with_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    stream = io.BytesIO(archive(state_dict({"a": tensor()}), {"0": FLOATS}))
    with zipfile.ZipFile(stream, "a") as file:
        file.writestr(zipfile.ZipInfo(name), b"x")
    refused(tmp_path, stream.getvalue(), "unusual file name")
    assert [path.name for path in tmp_path.iterdir()] == ["file.pt"]


def test_packed_archives_and_several_indexes(tmp_path: Path) -> None:
    index = state_dict({"a": tensor()})
    refused(tmp_path, archive(index, {"0": FLOATS}, packed=True), "packed or encrypted")
    stream = io.BytesIO(archive(index, {"0": FLOATS}))
    with zipfile.ZipFile(stream, "a") as file:
        file.writestr("other/data.pkl", index)
    refused(tmp_path, stream.getvalue(), "data.pkl, or several")
    refused(tmp_path, archive(index, {"0": FLOATS}).replace(b"little", b"big   "), "damaged")


def test_numbers_in_another_byte_order(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("data.pkl", state_dict({"a": tensor()}))
        file.writestr("byteorder", b"big")
        file.writestr("data/0", FLOATS)
    refused(tmp_path, stream.getvalue(), "byte order")


@pytest.mark.parametrize(
    "header",
    [
        [],
        {"a": 5},
        {"a": {}},
        {"a": {"dtype": "F32", "shape": [6], "data_offsets": [0, 20]}},
        {"a": {"dtype": "F32", "shape": [6], "data_offsets": [8, 32]}},
        {"a": {"dtype": "F32", "shape": [-6], "data_offsets": [0, 24]}},
        {"a": {"dtype": "F32", "shape": [6.0], "data_offsets": [0, 24]}},
        {"a": {"dtype": "F32", "shape": "6", "data_offsets": [0, 24]}},
        {"a": {"dtype": "F32", "shape": [6], "data_offsets": [24, 0]}},
        {"a": {"dtype": "F32", "shape": [6], "data_offsets": ["0", "24"]}},
        {"a": {"dtype": "F8_E4M3", "shape": [24], "data_offsets": [0, 24]}},
        {"a": {"dtype": "F32", "shape": [1 << 60], "data_offsets": [0, 1 << 62]}},
    ],
)
def test_safetensors_that_do_not_fit(tmp_path: Path, header: object) -> None:
    refused(tmp_path, checkpoints.raw_safetensors(header, FLOATS), "damaged", "file.safetensors")


def test_safetensors_with_hostile_indexes(tmp_path: Path) -> None:
    for data in (
        struct.pack("<Q", 1 << 63) + b"{}",
        struct.pack("<Q", 50) + b"{}",
        b"\x01\x00",
        struct.pack("<Q", 2) + b"\xff\xff",
    ):
        refused(tmp_path, data, "damaged", "file.safetensors")
    deep = b"[" * 100_000
    refused(tmp_path, struct.pack("<Q", len(deep)) + deep, "damaged", "file.safetensors")
    digits = json.dumps({"a": 1}).encode().replace(b"1", b"1" * 100_000)
    refused(tmp_path, struct.pack("<Q", len(digits)) + digits, "damaged", "file.safetensors")


def npz(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, data)
    return stream.getvalue()


def npy(header: str, data: bytes = FLOATS) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def test_npz_that_would_be_unpickled_or_does_not_fit(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, a=np.array([{"evil": 1}], object))
    refused(tmp_path, stream.getvalue(), "damaged", "file.npz")
    for shape in ("(7,)", f"({1 << 60},)", "(-6,)", "6"):
        header = npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n")
        refused(tmp_path, npz("a.npy", header), "damaged", "file.npz")
    refused(
        tmp_path, npz("a.npy", npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (6,), }\n")), "damaged", "file.npz"
    )
    refused(tmp_path, npz("a.txt", b"hello"), "not an array", "file.npz")


def test_npz_that_unpacks_to_more_than_any_checkpoint(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file, file.open("a.npy", "w") as member:
        for _ in range(600):
            member.write(bytes(1 << 20))
    assert len(stream.getvalue()) < 1 << 20
    refused(tmp_path, stream.getvalue(), "bytes, at most", "file.npz")


SMALL = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.arange(3, dtype=np.float16)}


@ENDINGS
@settings(max_examples=250)
@given(data=st.data())
def test_changed_bytes_never_do_more_than_be_refused(tmp_path_factory, ending: str, data) -> None:
    changed = bytearray(WRITERS[ending](SMALL))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        kind = data.draw(st.sampled_from(["set", "drop", "cut"]))
        if kind == "set":
            changed[place] = data.draw(st.integers(0, 255))
        elif kind == "drop" and len(changed) > 1:
            del changed[place]
        elif kind == "cut":
            del changed[place + 1 :]
    path = tmp_path_factory.mktemp("changed") / f"file{ending}"
    path.write_bytes(bytes(changed))
    try:
        found = load(path)
    except WeightsError:
        return
    assert all(isinstance(array, np.ndarray) for array in found.values())


@pytest.mark.needs("torch")
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_what_torch_saves_today(tmp_path: Path, dtype: str) -> None:
    import torch

    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Linear(8, 8))
    network.to(getattr(torch, dtype))
    torch.save(network.state_dict(), tmp_path / "plain.pt")
    found = load(tmp_path / "plain.pt")
    assert list(found) == list(network.state_dict())
    for key, value in network.state_dict().items():
        expected = value.float().numpy() if dtype == "bfloat16" and value.is_floating_point() else value.numpy()
        assert found[key].dtype == expected.dtype
        assert np.array_equal(found[key], expected)


@pytest.mark.needs("torch")
def test_what_else_torch_saves_is_refused_with_a_reason(tmp_path: Path) -> None:
    import torch

    network = torch.nn.Linear(2, 2)
    torch.save(network, tmp_path / "module.pt")
    torch.save(network.state_dict(), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "nested.pt")
    for name, said in (("module", r"Linear.* Nothing of it was run"), ("old", r"before 1\.6"), ("nested", "plain state dict")):
        with pytest.raises(WeightsError, match=said):
            load(tmp_path / f"{name}.pt")
