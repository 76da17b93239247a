from __future__ import annotations

from pathlib import Path

import pytest

from ezvtb_core import frame_graphs
from ezvtb_core.backends import Signature
from ezvtb_core.frame_graphs import FrameGraphError, find, picture
from ezvtb_core.link.locale import say
from tests.ezvtb_core import frame_files

CHOICES = [("new/x2_fp16.onnx", "old/x2/fp16.onnx"), ("new/x2_fp32.onnx", "old/x2/fp32.onnx")]


def place(folder: Path, *names: str) -> list[Path]:
    made = [folder / name for name in names]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return made


def test_what_was_asked_for_comes_first_in_any_layout_and_folder(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    place(first, "new/x2_fp32.onnx")
    (wanted,) = place(second, "old/x2/fp16.onnx")
    assert find("RIFE", CHOICES, [first, second], "a=False") == frame_graphs.Found(wanted)


def test_another_file_is_used_with_a_word_about_it(tmp_path):
    (other,) = place(tmp_path, "old/x2/fp32.onnx")
    found = find("RIFE", CHOICES, [tmp_path], "a=False")
    assert found.path == other and found.notice is not None
    assert say(found.notice, "en-US") == f"new/x2_fp16.onnx is not there; {other} is used instead."


def test_missing_files_are_named_with_where_they_were_looked_for_and_what_turns_them_off(tmp_path):
    (tmp_path / "new" / "x2_fp16.onnx").mkdir(parents=True)
    with pytest.raises(FrameGraphError) as caught:
        find("RIFE", CHOICES, [tmp_path, tmp_path / "b"], "use_interpolation=False")
    said = str(caught.value)
    for part in ("RIFE", *CHOICES[0], str(tmp_path), str(tmp_path / "b"), "use_interpolation=False"):
        assert part in said


def test_names_and_shapes_are_those_of_the_file(tmp_path):
    path = frame_files.enlarging(tmp_path / "a.onnx", batched=True, source="picture")
    found = frame_graphs.declared(path)
    assert [str(spec) for spec in (*found.inputs, *found.outputs)] == ["picture uint8(?,512,512,4)", "y uint8(?,1024,1024,4)"]


@pytest.mark.needs("ort-cpu")
def test_a_stage_calls_its_values_as_it_is_told(tmp_path):
    from ezvtb_core.backends import SessionOptions
    from ezvtb_core.backends.fake import FakeSession

    expected = Signature((picture("x", 2, 2, 4),), (picture("y", 4, 4, 4),))
    options = SessionOptions()
    plan = frame_graphs.open_stage(
        tmp_path / "a.onnx", expected, lambda path, wanted: FakeSession(path, wanted, options), ("small",), ("large",)
    )
    assert plan.spec("small").shape == (2, 2, 4) and plan.get("large").shape == (4, 4, 4)
    assert plan.runs == {"a": 1}
    plan.close()
