"""The catalogue against folders as users have them."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import pytest

from ezvtb_core.link import catalogue, folder_walk, paths
from ezvtb_core.link.catalogue import CatalogueError, find, scan
from tests.conftest import SHARED

TEACHERS = {
    "tha3:seperable": ("decomposer", "combiner", "morpher", "rotator", "editor"),
    "tha3:standard": ("decomposer", "combiner", "morpher", "rotator", "editor"),
    "tha4": ("decomposer", "combiner", "morpher", "body_morpher", "upscaler"),
}
MERGED = ("merge", "merge_no_eyebrow")
YAML = "character_image_file_name: me.png\nface_morpher_file_name: f.pt\nbody_morpher_file_name: b.pt"


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"-")
    return folder


def put_teacher(root: Path, name: str, precision: str = "fp32", merged: tuple[str, ...] = MERGED) -> Path:
    return put(root / name.replace(":", "/") / precision, *(f"{stem}.onnx" for stem in (*TEACHERS[name], *merged)))


def put_student(folder: Path) -> Path:
    return put(folder, "face_morpher.onnx", "body_morpher.onnx", "character.png")


def put_original(folder: Path, description: str = YAML) -> Path:
    put(folder, "f.pt", "b.pt", "me.png")
    (folder / "character_model.yaml").write_text(description, encoding="utf-8")
    return folder


def put_layout(root: Path, release: str) -> Path:
    """Everything of a release: v0.0.1 has THA3 without merged files, 2026 also THA4 and students."""
    for precision in ("fp32", "fp16"):
        put_teacher(root, "tha3:seperable", precision, () if release == "v0.0.1" else MERGED)
        put_teacher(root, "tha3:standard", precision, () if release == "v0.0.1" else MERGED)
        if release == "2026":
            put_teacher(root, "tha4", precision)
    if release == "2026":
        put_student(root / "tha4_student")
        put_student(root / "custom_tha4_models" / "lambda_00")
    put(root / "rife_512" / "x2", "fp16.onnx")
    put(root / "waifu2x_upconv" / "fp32" / "upconv_7" / "art", "noise0_scale2x.onnx")
    return root


def names(*places: Path) -> list[str]:
    return [f"{model.name} {model.precision}" for model in scan(places)]


def refusal(name: str, precision: str, *places: Path) -> tuple[str, str]:
    with pytest.raises(CatalogueError) as caught:
        find(name, precision, places)
    assert "{" not in str(caught.value)
    return caught.value.notice.code, str(caught.value)


THA3 = ["tha3:seperable fp32", "tha3:seperable fp16", "tha3:standard fp32", "tha3:standard fp16"]
WHOLE = [*THA3, "tha4 fp32", "tha4 fp16", "tha4_student fp32", "tha4_student:lambda_00 fp32"]


@pytest.mark.parametrize(("release", "expected"), [("v0.0.1", THA3), ("2026", WHOLE)])
@pytest.mark.parametrize("above", ["", "models", "data/models", "EasyVtuber/data/models", "Program/EasyVtuber-main/data/models"])
def test_both_layouts_are_found_from_any_folder_above(tmp_path, release, expected, above):
    put_layout(tmp_path / above, release)
    found = scan([tmp_path])
    assert [f"{model.name} {model.precision}" for model in found] == expected
    assert all(not model.missing for model in found)
    files = find("tha3:seperable", "fp16", [tmp_path]).files
    assert files["editor"] == tmp_path / above / "tha3" / "seperable" / "fp16" / "editor.onnx"
    assert set(files) == {*TEACHERS["tha3:seperable"], *(MERGED if release == "2026" else ())}


@pytest.mark.parametrize("below", ["tha3", "tha3/seperable", "tha3/seperable/fp16"])
def test_a_folder_inside_a_layout_may_be_given_too(tmp_path, below):
    put_layout(tmp_path, "2026")
    expected = [name for name in WHOLE if name.startswith(below.replace("/fp16", "").replace("/", ":"))]
    assert names(tmp_path / below) == ([name for name in expected if "fp16" in name] if "fp16" in below else expected)


def test_separable_may_be_spelled_right(tmp_path):
    put(tmp_path / "tha3" / "Separable" / "FP32", *(f"{stem}.onnx" for stem in TEACHERS["tha3:seperable"]))
    assert names(tmp_path) == ["tha3:seperable fp32"]


def test_file_names_in_capitals_are_found(tmp_path):
    put(tmp_path / "THA4" / "fp16", *(f"{stem.upper()}.ONNX" for stem in TEACHERS["tha4"]))
    assert find("tha4", "fp16", [tmp_path]).files["upscaler"].name == "UPSCALER.ONNX"


@pytest.mark.parametrize("merged", MERGED)
def test_a_merged_file_stands_for_the_stages_it_joins(tmp_path, merged):
    put(tmp_path / "tha3" / "standard" / "fp32", "decomposer.onnx", "combiner.onnx", f"{merged}.onnx")
    assert not find("tha3:standard", "auto", [tmp_path]).missing


@pytest.mark.parametrize(
    ("name", "there", "missing"),
    [
        ("tha3:seperable", ("decomposer", "combiner", "morpher"), "rotator.onnx, editor.onnx"),
        ("tha3:seperable", ("merge_no_eyebrow", "decomposer"), "combiner.onnx"),
        ("tha3:seperable", ("merge", "morpher", "rotator", "editor", "decomposer"), "combiner.onnx"),
        ("tha4", ("upscaler",), "decomposer.onnx, combiner.onnx, morpher.onnx, body_morpher.onnx"),
    ],
)
def test_what_is_missing_is_named(tmp_path, name, there, missing):
    put(tmp_path / name.replace(":", "/") / "fp32", *(f"{stem}.onnx" for stem in there))
    code, said = refusal(name, "auto", tmp_path)
    assert code == "model_incomplete" and missing in said and str(tmp_path) in said


def test_half_a_student_is_incomplete(tmp_path):
    put(tmp_path / "me", "body_morpher.onnx")
    put(tmp_path / "you", "face_morpher.onnx")
    assert [model.missing for model in scan([tmp_path])] == [("face_morpher.onnx",), ("body_morpher.onnx",)]


def test_an_original_student_is_read_from_its_description(tmp_path):
    folder = put_original(tmp_path / "我的 角色")
    model = find("tha4_student:我的 角色", "auto", [tmp_path])
    assert model.files == {"face_morpher": folder / "f.pt", "body_morpher": folder / "b.pt"}
    assert model.picture == folder / "me.png" and model.licence == "CC-BY-NC-4.0"


def test_graphs_are_preferred_to_original_weights(tmp_path):
    put_original(put_student(tmp_path / "me"))
    assert {file.suffix for file in find("tha4_student:me", "auto", [tmp_path]).files.values()} == {".onnx"}


def test_an_original_student_without_its_weights_names_them(tmp_path):
    folder = put_original(tmp_path / "me")
    (folder / "b.pt").unlink()
    assert "b.pt is missing" in refusal("tha4_student:me", "auto", tmp_path)[1]


def test_a_description_that_cannot_be_used_is_the_reason(tmp_path):
    put_original(tmp_path / "me", "face_morpher_file_name: ../../f.pt")
    code, said = refusal("tha4_student:me", "auto", tmp_path)
    assert code == "student_description" and "../../f.pt" in said


def test_a_model_without_a_usable_description_runs_when_its_graphs_are_there(tmp_path):
    put_original(put_student(tmp_path / "me"), "nonsense")
    assert find("tha4_student:me", "auto", [tmp_path]).picture == tmp_path / "me" / "character.png"


def test_licences_and_licence_files(tmp_path):
    put_layout(tmp_path, "2026")
    put(tmp_path / "custom_tha4_models" / "lambda_00", "LICENCE.txt")
    licences = {model.name: model.licence for model in scan([tmp_path])}
    assert licences == dict.fromkeys(("tha4", "tha4_student", "tha4_student:lambda_00"), "CC-BY-NC-4.0") | dict.fromkeys(
        ("tha3:seperable", "tha3:standard"), "CC-BY-4.0"
    )
    student = find("tha4_student:lambda_00", "auto", [tmp_path])
    assert [notice.code for notice in catalogue.licence_notices(student)] == ["model_licence_by_nc", "model_licence_file"]


@pytest.mark.needs("shared")
@pytest.mark.parametrize("below", ["models", "models/custom_tha4_models", "models/custom_tha4_models/lambda_00"])
def test_the_students_that_their_authors_publish(below):
    found = {model.name: model for model in scan([SHARED / below])}
    model = found["tha4_student:lambda_00"]
    assert not model.missing and model.picture == SHARED / "models" / "custom_tha4_models" / "lambda_00" / "character.png"


@pytest.mark.needs("shared")
def test_the_students_as_their_authors_publish_them(tmp_path):
    for name in ("character_model.yaml", "face_morpher.pt", "body_morpher.pt", "character.png"):
        shutil.copy(SHARED / "models" / "custom_tha4_models" / "lambda_01" / name, tmp_path)
    model = find(f"tha4_student:{tmp_path.name}", "auto", [tmp_path])
    assert {file.name for file in model.files.values()} == {"face_morpher.pt", "body_morpher.pt"}


def test_precision_auto_takes_what_is_there(tmp_path):
    put_teacher(tmp_path, "tha4", "fp16")
    assert find("tha4", "auto", [tmp_path]).precision == "fp16"
    code, said = refusal("tha4", "fp32", tmp_path)
    assert code == "model_other_precision" and "fp16 only, not in fp32" in said
    put_teacher(tmp_path, "tha4", "fp32")
    assert find("tha4", "auto", [tmp_path]).precision == "fp32"


def test_students_have_one_precision_whatever_is_asked_for(tmp_path):
    put_student(tmp_path / "me")
    assert find("tha4_student:me", "fp16", [tmp_path]).precision == "fp32"


def test_the_first_folder_wins_unless_it_is_incomplete(tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    put_student(first / "me")
    put_student(second / "me")
    put(first / "tha4" / "fp32", "upscaler.onnx")
    put_teacher(second, "tha4")
    assert names(first, second) == ["tha4 fp32", "tha4_student:me fp32"]
    assert find("tha4_student:me", "auto", [first, second]).path.parent == first
    assert find("tha4", "auto", [first, second]).path.parent.parent == second


def test_those_that_can_run_come_first(tmp_path):
    put(tmp_path / "tha3" / "seperable" / "fp32", "editor.onnx")
    put_student(tmp_path / "zoe")
    put_student(tmp_path / "Anna")
    assert names(tmp_path) == ["tha4_student:Anna fp32", "tha4_student:zoe fp32", "tha3:seperable fp32"]


def test_nothing_there_says_where_it_looked(tmp_path):
    code, said = refusal("tha4", "auto", tmp_path)
    assert code == "model_not_found" and str(tmp_path) in said
    code, said = refusal("tha4", "auto", tmp_path / "gone", tmp_path)
    assert code == "models_folder_missing" and "gone" in said


def test_where_to_look(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path / "program")
    monkeypatch.setattr(paths, "MODELS", tmp_path / "program" / "data" / "models")
    assert catalogue.folders("  ") == [paths.MODELS]
    assert catalogue.folders(str(tmp_path)) == [tmp_path, paths.MODELS]
    assert catalogue.folders("mine") == [tmp_path / "program" / "mine", paths.MODELS]
    assert catalogue.folders("~") == [Path.home(), paths.MODELS]


def test_unrelated_files_are_no_models(tmp_path):
    put(tmp_path / "tha3", "merge.onnx")
    put(tmp_path / "seperable", "decomposer.onnx")
    put(tmp_path / "waifu2x" / "fp32", "editor.onnx")
    put(tmp_path / "tha4" / "fp32", "editor.onnx")
    (tmp_path / "tha3" / "standard" / "fp32" / "editor.onnx").mkdir(parents=True)
    assert names(tmp_path) == []


@pytest.mark.needs("posix")
def test_a_student_whose_name_no_setting_could_hold_is_left_out(tmp_path):
    put_student(tmp_path / "a\nb")
    put_student(Path(os.fsdecode(os.fsencode(str(tmp_path)) + b"/caf\xe9")))
    put_student(tmp_path / "fine")
    assert names(tmp_path) == ["tha4_student:fine fp32"]


@pytest.mark.parametrize("path", ["nowhere", "a\0b", "x" * 300, "?*<>"])
def test_a_folder_that_cannot_be_looked_at_holds_nothing(tmp_path, path):
    assert scan([tmp_path / path]) == []


def test_a_file_in_place_of_a_folder_holds_nothing(tmp_path):
    put(tmp_path, "models")
    assert scan([tmp_path / "models"]) == []


def test_a_random_tree_never_raises_and_takes_bounded_work(tmp_path, monkeypatch):
    """Trees of meaningful names in meaningless places, with links in circles."""
    listed = []
    real = folder_walk._list
    monkeypatch.setattr(folder_walk, "_list", lambda path: listed.append(path) or real(path))
    draw = random.Random(1)
    words = [*folder_walk.KNOWN, "me", "文件", "x"]
    files = ["decomposer.onnx", "merge.onnx", "face_morpher.onnx", "body_morpher.onnx", "character_model.yaml", "license"]
    for tree in range(30):
        root = tmp_path / str(tree)
        made = [root]
        for _ in range(40):
            folder = draw.choice(made) / draw.choice(words)
            put(folder, *draw.sample(files, draw.randrange(3)))
            made.append(folder)
            if sys.platform != "win32" and draw.random() < 0.2 and not os.path.lexists(folder / "link"):
                (folder / "link").symlink_to(draw.choice([root, folder, root / "gone"]))
        listed.clear()
        found = scan([root])
        assert len(listed) <= folder_walk.LISTINGS
        assert len({(model.name, model.precision) for model in found}) == len(found)
