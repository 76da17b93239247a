"""`check` against whole models and against everything that can be wrong with their files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from ezvtb_core import backends
from ezvtb_core.backends import Signature, TensorSpec
from ezvtb_core.link.catalogue import find
from ezvtb_core.link.locale import say
from ezvtb_core.models.check import check
from ezvtb_core.models.signatures import batched, stage_signatures
from tests.conftest import SHARED
from tests.ezvtb_core.models.published import MERGED, graph, publish, write


def problems(root: Path, name: str = "tha3:seperable", precision: str = "auto", backend=None) -> dict[str, str]:
    """File → sentence about what is wrong with it."""
    results = check(find(name, precision, [root]), lambda *_: None, backend)
    said = {result.path.name: say(result.problem, "en-US") for result in results if result.problem is not None}
    assert not [sentence for name, sentence in said.items() if name not in sentence or "{" in sentence]
    return said


@pytest.mark.parametrize("name", ["tha3:seperable", "tha3:standard", "tha4", "tha4_student", "tha4_student:我"])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("merged", [(), MERGED], ids=["v0.0.1", "2026"])
def test_a_whole_model_is_sound(tmp_path, name, precision, merged):
    publish(tmp_path, name, precision, merged)
    assert problems(tmp_path, name, precision, backends.load("ort-cpu")) == {}


@pytest.mark.needs("shared", "ort-cpu")
@pytest.mark.parametrize("character", ["lambda_00", "lambda_01"])
def test_the_published_students_are_sound(character):
    name = f"tha4_student:{character}"
    assert problems(SHARED / "models", name, "fp32", backends.load("ort-cpu")) == {}


@pytest.mark.needs("shared")
def test_original_students_are_sound_until_they_are_cut_off(tmp_path):
    for name in ("character_model.yaml", "face_morpher.pt", "body_morpher.pt", "character.png"):
        shutil.copyfile(SHARED / "models" / "custom_tha4_models" / "lambda_00" / name, tmp_path / name)
    student = f"tha4_student:{tmp_path.name}"
    assert problems(tmp_path, student) == {}
    whole = (tmp_path / "face_morpher.pt").read_bytes()
    (tmp_path / "face_morpher.pt").write_bytes(whole[: len(whole) // 2])
    assert list(problems(tmp_path, student)) == ["face_morpher.pt"]


def test_a_student_with_a_batch_dimension_is_sound(tmp_path):
    folder = publish(tmp_path, "tha4_student:me")
    write(folder / "body_morpher.onnx", batched(stage_signatures("tha4_student", "fp32")["body_morpher"]))
    assert problems(tmp_path, "tha4_student:me") == {}


def test_swapped_files_are_recognised(tmp_path):
    folder = publish(tmp_path, "tha3:seperable")
    (folder / "editor.onnx").rename(folder / "x")
    (folder / "rotator.onnx").rename(folder / "editor.onnx")
    (folder / "x").rename(folder / "rotator.onnx")
    said = problems(tmp_path)
    assert set(said) == {"editor.onnx", "rotator.onnx"}
    assert (
        "holds the network rotator, and rotator.onnx the one that belongs here: the two files are swapped" in said["editor.onnx"]
    )


def test_a_copy_of_another_stage_is_recognised(tmp_path):
    folder = publish(tmp_path, "tha4")
    shutil.copyfile(folder / "morpher.onnx", folder / "upscaler.onnx")
    assert "holds the network morpher" in problems(tmp_path, "tha4")["upscaler.onnx"]


@pytest.mark.parametrize(
    ("other", "precision", "stage", "said"),
    [
        ("tha3:seperable", "fp16", "rotator", "belongs to tha3:seperable (fp16), not to tha3:seperable (fp32)"),
        ("tha3:standard", "fp32", "morpher", "belongs to tha3:standard (fp32), not to tha3:seperable (fp32)"),
        ("tha4", "fp32", "morpher", "belongs to tha4 (fp32), not to tha3:seperable (fp32)"),
    ],
)
def test_a_file_of_another_model_is_recognised(tmp_path, other, precision, stage, said):
    folder = publish(tmp_path, "tha3:seperable")
    write(folder / f"{stage}.onnx", stage_signatures(other, precision)[stage])
    found = problems(tmp_path)
    assert list(found) == [f"{stage}.onnx"] and said in found[f"{stage}.onnx"]


@pytest.mark.parametrize(
    "change", [{"shape": (1, 4, 64, 64)}, {"dtype": "float64"}, {"name": "eyebrow"}, {"shape": (4, 192, 192)}]
)
def test_another_shape_type_or_name_says_expected_and_got(tmp_path, change):
    folder = publish(tmp_path, "tha3:seperable")
    combiner = stage_signatures("tha3:seperable", "fp32")["combiner"]
    odd = replace(combiner.outputs[0], **change)
    write(folder / "combiner.onnx", Signature(combiner.inputs, (odd, combiner.outputs[1])))
    said = problems(tmp_path)["combiner.onnx"]
    assert "expected outputs eyebrow_image float32(1,4,192,192)" in said and f"got {odd}" in said


def test_an_input_too_many_is_told(tmp_path):
    folder = publish(tmp_path, "tha4")
    upscaler = stage_signatures("tha4", "fp32")["upscaler"]
    extra = TensorSpec("temperature", (None,), "float32")
    write(folder / "upscaler.onnx", Signature((*upscaler.inputs, extra), upscaler.outputs))
    assert "temperature float32(?)" in problems(tmp_path, "tha4")["upscaler.onnx"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "error page of a web site"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS"),
    ],
)
def test_a_file_that_is_no_model_is_told(tmp_path, content, said):
    folder = publish(tmp_path, "tha3:standard")
    (folder / "rotator.onnx").write_bytes(content)
    found = problems(tmp_path, "tha3:standard")
    assert list(found) == ["rotator.onnx"] and said in found["rotator.onnx"]


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_told(tmp_path, part):
    folder = publish(tmp_path, "tha3:seperable")
    whole = (folder / "morpher.onnx").read_bytes()
    (folder / "morpher.onnx").write_bytes(whole[: int(len(whole) * part)])
    assert "is cut off" in problems(tmp_path)["morpher.onnx"]


@pytest.mark.parametrize(("opset", "said"), [(11, "version 11; 16 or newer"), (99, "newer than ONNX Runtime")])
def test_a_wrong_opset_is_told(tmp_path, opset, said):
    folder = publish(tmp_path, "tha4")
    write(folder / "combiner.onnx", stage_signatures("tha4", "fp32")["combiner"], opset)
    assert said in problems(tmp_path, "tha4")["combiner.onnx"]


@pytest.mark.parametrize(("location", "said"), [("weights.bin", "not beside it"), ("../weights.bin", "outside its own folder")])
def test_weights_in_another_file_are_told(tmp_path, location, said):
    folder = publish(tmp_path, "tha4_student:me")
    model = graph(stage_signatures("tha4_student", "fp32")["face_morpher"])
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.ClearField("raw_data")
    model.graph.initializer.append(tensor)
    (folder / "face_morpher.onnx").write_bytes(model.SerializeToString())
    assert said in problems(tmp_path, "tha4_student:me")["face_morpher.onnx"]


@pytest.mark.needs("ort-cpu")
def test_a_graph_that_only_fails_when_it_runs_is_found_by_running_it(tmp_path):
    folder = publish(tmp_path, "tha4_student:me")
    face = stage_signatures("tha4_student", "fp32")["face_morpher"]
    model = graph(face)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.array([1, 4, 64, 64]), "shape 0"))
    onnx.save(model, folder / "face_morpher.onnx")
    assert problems(tmp_path, "tha4_student:me") == {}
    assert list(problems(tmp_path, "tha4_student:me", "auto", backends.load("ort-cpu"))) == ["face_morpher.onnx"]


def test_progress_names_every_file_and_grows(tmp_path):
    publish(tmp_path, "tha4")
    told: list[tuple[float, str]] = []
    check(find("tha4", "auto", [tmp_path]), lambda part, path: told.append((part, path.stem)))
    assert [stem for _, stem in told] == ["decomposer", "combiner", "morpher", "body_morpher", "upscaler", *MERGED]
    assert [part for part, _ in told] == sorted(part for part, _ in told) and told[-1][0] < 1
