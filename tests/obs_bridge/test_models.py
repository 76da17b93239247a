"""The panel's list of models."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ezvtb_core.link import paths
from obs_bridge import libobs as c
from obs_bridge import models
from obs_bridge.chores import Chores
from obs_bridge.models import ModelShelf
from tests.ezvtb_core.models.published import publish


@pytest.fixture
def chores():
    made = Chores()
    yield made
    made.stop(2.0)


@pytest.fixture
def shelf(chores, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "MODELS", tmp_path / "data")
    return ModelShelf(chores)


def look(shelf: ModelShelf, folder: str) -> bool:
    """Have the shelf look once more and wait for it; whether it told of a change."""
    told, done = [], threading.Event()
    shelf.seek(folder, lambda: told.append(folder))
    shelf._chores.later(done.set)
    assert done.wait(5)
    return bool(told)


def test_a_change_on_disk_is_told_once(shelf, tmp_path):
    assert look(shelf, str(tmp_path))
    assert not look(shelf, str(tmp_path))
    publish(tmp_path, "tha4_student:me")
    assert look(shelf, str(tmp_path))
    assert not look(shelf, str(tmp_path))
    assert [model.name for model in shelf.found(str(tmp_path)) or ()] == ["tha4_student:me"]
    assert shelf.found("elsewhere") is None


def test_asking_never_waits_for_the_disk(shelf, chores):
    gate = threading.Event()
    chores.later(lambda: gate.wait(5))
    shelf.seek("", lambda: None)
    assert shelf.found("x") is None
    gate.set()


def test_the_list_offers_what_is_built_in_and_what_is_there(shelf, tmp_path):
    publish(tmp_path, "tha3:seperable", "fp16")
    publish(tmp_path, "tha3:seperable", "fp32")
    publish(tmp_path, "tha4_student:小猫")
    (publish(tmp_path, "tha4", merged=()) / "upscaler.onnx").unlink()
    look(shelf, str(tmp_path))
    listed = dict(models.entries(shelf.found(str(tmp_path)), "auto", "en-US"))
    assert list(listed) == ["auto", "puppet", "picture", "tha3:seperable", "tha4_student:小猫", "tha4"]
    assert listed["tha3:seperable"] == "THA3 separable (fast)"
    assert listed["tha4_student:小猫"] == "THA4 student: 小猫"
    assert listed["tha4"].endswith("(files are missing)")
    chinese = dict(models.entries(shelf.found(str(tmp_path)), "auto", "zh-CN"))
    assert chinese["tha4"].endswith("（缺少文件）") and chinese["auto"] == "自动"


def test_a_complete_precision_hides_an_incomplete_one(shelf, tmp_path):
    publish(tmp_path, "tha4", "fp16")
    (publish(tmp_path, "tha4", "fp32", merged=()) / "upscaler.onnx").unlink()
    look(shelf, str(tmp_path))
    assert "missing" not in dict(models.entries(shelf.found(str(tmp_path)), "tha4", "en-US"))["tha4"]
    assert [line.name for line in models.about(shelf.found(str(tmp_path)), "tha4", "en-US")] == ["model_licence_0"]


@pytest.mark.parametrize("chosen", ["tha3:standard", "tha4_student:gone", "something newer"])
def test_a_chosen_model_that_is_gone_stays_in_the_list(chosen):
    assert models.entries([], chosen, "en-US")[-1] == (chosen, models.label(chosen, "en-US") + " (not found)")
    assert models.entries(None, chosen, "en-US")[-1] == (chosen, models.label(chosen, "en-US"))


def test_under_the_list_stands_the_licence(shelf, tmp_path):
    publish(tmp_path, "tha3:standard")
    student = publish(tmp_path, "tha4_student:me")
    Path(student / "LICENSE").write_text("mine")
    look(shelf, str(tmp_path))
    found = shelf.found(str(tmp_path))
    assert ["CC-BY-4.0" in line.text for line in models.about(found, "tha3:standard", "en-US")] == [True]
    lines = models.about(found, "tha4_student:me", "en-US")
    assert "CC-BY-NC-4.0" in lines[0].text and str(student / "LICENSE") in lines[1].text
    assert len({line.name for line in lines}) == 2
    assert models.about(found, "auto", "en-US") == models.about(None, "tha4", "en-US") == []


def test_of_an_incomplete_model_it_says_what_is_missing(shelf, tmp_path):
    (publish(tmp_path, "tha4", merged=()) / "upscaler.onnx").unlink()
    look(shelf, str(tmp_path))
    (line,) = models.about(shelf.found(str(tmp_path)), "tha4", "en-US")
    assert "upscaler.onnx" in line.text and line.level == c.OBS_TEXT_INFO_WARNING
