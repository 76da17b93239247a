from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.commands import models_export
from ezvtb_core.commands.console import UsageError
from ezvtb_core.export.families import FAMILIES
from tests.ezvtb_core.export import checkpoints


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Made-up weights of a student."""
    folder = tmp_path / "原始"
    folder.mkdir()
    family = FAMILIES["tha4_student"]
    for stem in family.checkpoints:
        arrays = {key: np.ones(shape, np.float32) for key, shape in family.census(stem).items()}
        checkpoints.write(folder, stem, arrays, ".pt")
    return folder


def argv(source: Path, *more: str) -> list[str]:
    return ["--model", "tha4_student:alice", "--weights", str(source), "--out", str(source.parent / "models"), *more]


def test_files_and_what_is_said(source: Path, console) -> None:
    assert models_export.run(argv(source), console) == 0
    folder = source.parent / "models" / "custom_tha4_models" / "alice"
    assert {path.name for path in folder.iterdir()} == {"face_morpher.onnx", "body_morpher.onnx"}
    assert "face_morpher.onnx" in console.out
    assert "Wrote 2 files" in console.out.splitlines()[-1]
    assert "Exporting face_morpher.pt" in console.err


def test_the_same_for_programs(source: Path, console) -> None:
    assert models_export.run(argv(source, "--json"), console) == 0
    said = console.data
    assert said["model"] == "tha4_student:alice"
    assert said["precision"] == "fp32"
    assert [Path(path).name for path in said["files"]] == ["face_morpher.onnx", "body_morpher.onnx"]
    assert said["bytes"] == sum(Path(path).stat().st_size for path in said["files"])
    assert said["seconds"] >= 0
    assert len(console.out.splitlines()) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--model", "tha9"], "nothing to export called tha9"),
        (["--precision", "fp16"], "cannot be exported as fp16"),
        (["--weights", "nowhere"], "There is no folder nowhere"),
        (["--nonsense"], "models export: unrecognized"),
    ],
)
def test_bad_input(source: Path, console, more: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        models_export.run(argv(source, *more), console)
    assert not (source.parent / "models").exists()


def test_bad_weights(source: Path, console) -> None:
    (source / "body_morpher.pt").write_text("<!doctype html>")
    with pytest.raises(UsageError, match="web page"):
        models_export.run(argv(source), console)
    assert not (source.parent / "models").exists()


def test_ctrl_c_leaves_nothing(source: Path, console, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("onnx.save", interrupted)
    assert models_export.run(argv(source), console) == 130
    assert not (source.parent / "models").exists()
    assert "nothing was changed" in console.err
