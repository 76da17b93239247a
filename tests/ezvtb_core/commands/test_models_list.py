from __future__ import annotations

import pytest

from ezvtb_core.commands import models_list
from ezvtb_core.link import paths
from tests.ezvtb_core.models.published import publish


def test_nothing_there_still_lists_what_is_built_in(console, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(paths, "MODELS", tmp_path)
    assert models_list.run([], console) == 0
    lines = console.out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["MODEL", "puppet", "picture"]
    assert lines[-1].startswith(f"Not there: tha3:seperable, tha3:standard, tha4. Looked in: {tmp_path}.")


def test_the_table_says_precision_state_licence_and_folder(console, tmp_path) -> None:
    publish(tmp_path, "tha3:seperable", "fp16")
    folder = publish(tmp_path, "tha4", "fp32", merged=())
    (folder / "upscaler.onnx").unlink()
    assert models_list.run(["--models", str(tmp_path)], console) == 0
    rows = {line.split()[0]: line for line in console.out.splitlines()}
    assert "fp16" in rows["tha3:seperable"] and "complete" in rows["tha3:seperable"] and "CC-BY-4.0" in rows["tha3:seperable"]
    assert "missing: upscaler.onnx" in rows["tha4"] and str(folder) in rows["tha4"] and "CC-BY-NC-4.0" in rows["tha4"]
    assert "Not for commercial use" in console.out
    assert "Not there: tha3:standard." in console.out


def test_columns_stand_below_each_other_in_chinese_too(console, tmp_path) -> None:
    console.locale = "zh-CN"
    publish(tmp_path, "tha4_student:我的角色")
    publish(tmp_path, "tha3:standard")
    models_list.run(["--models", str(tmp_path)], console)
    rows = [line for line in console.out.splitlines() if "CC-BY" in line and line.startswith("tha")]
    assert len(rows) == 2
    assert len({models_list._width(row.partition("fp32")[0]) for row in rows}) == 1


def test_for_programs(console, tmp_path) -> None:
    publish(tmp_path, "tha4_student:me")
    folder = publish(tmp_path, "tha3:standard", "fp16", merged=())
    (folder / "editor.onnx").unlink()
    assert models_list.run(["--models", str(tmp_path), "--json"], console) == 0
    found = {model["name"]: model for model in console.data["models"]}
    assert list(found) == ["puppet", "picture", "tha4_student:me", "tha3:standard"]
    assert found["puppet"]["built_in"] and found["puppet"]["complete"]
    assert found["tha3:standard"]["missing"] == ["editor.onnx"] and not found["tha3:standard"]["complete"]
    assert found["tha4_student:me"]["files"]["face_morpher"].endswith("face_morpher.onnx")
    assert console.data["absent"] == ["tha3:seperable", "tha4"]
    assert console.data["looked"] == [str(tmp_path.resolve())]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_licence_of_its_own_is_mentioned(console, tmp_path, locale) -> None:
    console.locale = locale
    folder = publish(tmp_path, "tha4_student:me")
    (folder / "LICENSE").write_text("mine")
    models_list.run(["--models", str(tmp_path)], console)
    assert str(folder / "LICENSE") in console.out and "{" not in console.out
