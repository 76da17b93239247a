"""What a file that is no model is called."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import struct
import zipfile

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from ezvtb_core.backends import sniff
from ezvtb_core.link import paths
from ezvtb_core.link.locale import say
from tests.conftest import SHARED
from tests.ezvtb_core.backends.graphs import save, two_by_two


def said(path) -> tuple[str, str]:
    notice = sniff.diagnose(path)
    assert notice is not None
    sentence = say(notice, "en-US")
    assert str(path) in sentence and not re.search(r"{\w+}", sentence)
    return notice.code, sentence


def zipped(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, b"x" * 100)
    return content.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


@pytest.mark.parametrize(
    ("content", "code", "part"),
    [
        (b"", "file_empty", "empty"),
        (b"\n  <!DOCTYPE html>\n<html>", "file_text", "<!DOCTYPE html>"),
        (b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "file_text", "NoSuchKey"),
        (b'{"message": "Not Found"}', "file_text", "Not Found"),
        (b"Not Found", "file_text", "9 bytes"),
        ("\ufeff<html>没有找到</html>".encode(), "file_text", "没有找到"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", "file_lfs", "git lfs pull"),
        (zipped("tha3/editor.onnx"), "file_archive", "zip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "file_archive", "7z"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(50), "file_archive", "rar"),
        (b"\x1f\x8b\x08\x00" + bytes(50), "file_archive", "gzip"),
        (zipped("archive/data.pkl"), "file_torch", "models export"),
        (pickle.dumps({"w": 1}, 2), "file_torch", "models export"),
        (safetensors(), "file_other", "safetensors"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "file_other", "PNG"),
        (bytes(1000), "file_damaged", "1000 bytes"),
        (b"\xff" * 1000, "file_damaged", "1000 bytes"),
        (b"\x03\x08" * 10, "file_damaged", "20 bytes"),
    ],
)
def test_files_of_other_kinds(tmp_path, content, code, part):
    path = tmp_path / "模型 editor.onnx"
    path.write_bytes(content)
    found, sentence = said(path)
    assert found == code and part in sentence
    assert sniff.glance(path) == sniff.diagnose(path)


def test_missing_and_folder(tmp_path):
    assert said(tmp_path / "none.onnx")[0] == "session_file_missing"
    assert said(tmp_path)[0] == "file_folder"


@pytest.mark.needs("posix")
def test_a_file_that_must_not_be_read(tmp_path, monkeypatch):
    path = two_by_two(tmp_path / "a.onnx")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    assert said(path)[0] == "file_unreadable"
    assert sniff.glance(path) == sniff.diagnose(path)


def test_good_models_are_left_alone(tmp_path):
    assert sniff.diagnose(two_by_two(tmp_path / "a.onnx")) is None
    assert sniff.diagnose(paths.PUPPET_GRAPH) is None


@pytest.mark.needs("shared")
def test_published_models_are_left_alone():
    models = sorted((SHARED / "models").rglob("*.onnx"))
    assert models
    assert [str(path) for path in models if sniff.diagnose(path)] == []


def test_every_cut_is_noticed_and_tells_the_size(tmp_path):
    whole = two_by_two(tmp_path / "a.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    for size in range(1, len(whole) - 1):
        path.write_bytes(whole[:size])
        code, sentence = said(path)
        assert code == "file_cut_off" and f"has {size} bytes" in sentence
        notice = sniff.glance(path)
        assert notice is not None and size < notice.params["expected"] <= len(whole)


@given(at=st.integers(0, 400), byte=st.integers(0, 255), keep=st.integers(0, 500))
def test_whatever_is_in_a_file_nothing_is_raised(tmp_path_factory, at, byte, keep):
    folder = tmp_path_factory.getbasetemp()
    whole = bytearray(two_by_two(folder / "whole.onnx").read_bytes())
    whole[at % len(whole)] = byte
    path = folder / "odd.onnx"
    path.write_bytes(bytes(whole[:keep]))
    notice = sniff.diagnose(path)
    assert notice is None or say(notice, "en-US").strip()


@given(content=st.binary(max_size=300))
def test_whatever_is_in_a_small_file_nothing_is_raised(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    path.write_bytes(content)
    assert sniff.diagnose(path) is not None


def odd(path, *, opset=16, ir=8, domain=""):
    value, out = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    nodes = [helper.make_node("Identity", ["x"], ["y"], domain=domain)]
    versions = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [value], [out]), opset_imports=versions, ir_version=ir), path)
    return path


@pytest.mark.parametrize(("opset", "code"), [(15, "file_opset_old"), (16, None), (17, None), (999, "file_opset_new")])
def test_versions_of_the_operators(tmp_path, opset, code):
    notice = sniff.diagnose(odd(tmp_path / "a.onnx", opset=opset))
    assert (notice and notice.code) == code


def test_a_format_newer_than_the_runtime(tmp_path):
    code, sentence = said(odd(tmp_path / "a.onnx", ir=999))
    assert code == "file_opset_new" and "format 999" in sentence and "ONNX Runtime" in sentence


def test_operators_of_another_program(tmp_path):
    code, sentence = said(odd(tmp_path / "a.onnx", domain="trt.plugins"))
    assert code == "file_operators" and "trt.plugins" in sentence
    assert sniff.diagnose(odd(tmp_path / "b.onnx", domain="com.microsoft")) is None


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("w.bin", None),
        ("sub/w.bin", None),
        ("gone.bin", "file_data_missing"),
        ("../w.bin", "file_data_outside"),
        ("sub/../../w.bin", "file_data_outside"),
        ("/etc/passwd", "file_data_outside"),
        ("C:\\w.bin", "file_data_outside"),
        ("..\\w.bin", "file_data_outside"),
    ],
)
def test_weights_in_another_file(tmp_path, location, code):
    folder = tmp_path / "model"
    for place in (folder, folder / "sub", tmp_path):
        place.mkdir(exist_ok=True)
        (place / "w.bin").write_bytes(bytes(16))
    value, out = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    path = save(folder / "a.onnx", [helper.make_node("Add", ["x", "w"], ["y"])], [value], [out])
    model = onnx.load(path)
    model.graph.initializer.append(tensor)
    path.write_bytes(model.SerializeToString())
    notice = sniff.diagnose(path)
    assert (notice and notice.code) == code


def test_weights_inside_a_sub_graph_are_seen_too(tmp_path):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="gone.bin")
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    branches = [helper.make_graph([helper.make_node("Constant", [], [name], value=tensor)], name, [], []) for name in "ab"]
    node = helper.make_node("If", ["x"], ["y"], then_branch=branches[0], else_branch=branches[1])
    path = save(tmp_path / "a.onnx", [node], [helper.make_tensor_value_info("x", TensorProto.BOOL, [1])], [out])
    assert said(path)[0] == "file_data_missing"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.write(b"\x08\x08")
        os.truncate(file.fileno(), sniff.LARGEST + 1) if os.name == "posix" else pytest.skip("no sparse files")
    code, sentence = said(path)
    assert code == "file_other" and "2.0 GiB" in sentence
