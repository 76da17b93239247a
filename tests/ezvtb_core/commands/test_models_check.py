from __future__ import annotations

import pytest

from ezvtb_core.backends import Signature
from ezvtb_core.commands import models_check
from ezvtb_core.commands.console import UsageError
from ezvtb_core.models.signatures import stage_signatures
from tests.ezvtb_core.models.published import publish, write


def test_sound_models(console, tmp_path) -> None:
    publish(tmp_path, "tha3:seperable", "fp16")
    publish(tmp_path, "tha4_student:me")
    assert models_check.run(["--models", str(tmp_path)], console) == 0
    lines = console.out.splitlines()
    assert lines[0].startswith("tha3:seperable fp16 ")
    assert sum(line.startswith("[  ok  ] ") for line in lines) == 9
    assert lines[-1] == "All files are sound."
    assert "Checking" in console.err


def test_a_broken_file_is_exit_code_1_and_a_sentence(console, tmp_path) -> None:
    folder = publish(tmp_path, "tha4")
    (folder / "morpher.onnx").write_bytes(b"<html>")
    assert models_check.run(["--models", str(tmp_path)], console) == 1
    broken = [line for line in console.out.splitlines() if line.startswith("[!FIX! ]")]
    assert len(broken) == 1 and "morpher.onnx" in broken[0] and "error page" in broken[0]
    assert "Fix what is marked" in console.out


def test_a_missing_file_is_exit_code_1(console, tmp_path) -> None:
    (publish(tmp_path, "tha4", merged=()) / "combiner.onnx").unlink()
    assert models_check.run(["--models", str(tmp_path)], console) == 1
    assert "combiner.onnx is missing" in console.out


def test_only_the_named_model_in_all_its_precisions(console, tmp_path) -> None:
    publish(tmp_path, "tha4", "fp16")
    publish(tmp_path, "tha4", "fp32")
    (publish(tmp_path, "tha3:standard") / "editor.onnx").write_bytes(b"")
    assert models_check.run(["tha4", "--models", str(tmp_path), "--json"], console) == 0
    assert [(model["name"], model["precision"]) for model in console.data["models"]] == [("tha4", "fp32"), ("tha4", "fp16")]


def test_a_model_that_is_not_there_is_bad_input(console, tmp_path) -> None:
    with pytest.raises(UsageError, match="tha4 was not found"):
        models_check.run(["tha4", "--models", str(tmp_path)], console)


def test_nothing_to_check(console, tmp_path) -> None:
    assert models_check.run(["--models", str(tmp_path)], console) == 0
    assert console.out.startswith("There is no model to check")


def test_for_programs(console, tmp_path) -> None:
    folder = publish(tmp_path, "tha3:seperable", merged=())
    editor = stage_signatures("tha3:seperable", "fp32")["editor"]
    write(folder / "editor.onnx", Signature(editor.inputs, editor.outputs[:1]))
    (folder / "rotator.onnx").unlink()
    assert models_check.run(["--models", str(tmp_path), "--json"], console) == 1
    (model,) = console.data["models"]
    assert not console.data["sound"] and not model["sound"]
    assert model["missing"] == ["rotator.onnx"] and model["problem"]["code"] == "model_incomplete"
    files = {entry["file"]: entry for entry in model["files"]}
    assert files["decomposer.onnx"] == {"file": "decomposer.onnx", "sound": True, "problem": None}
    assert files["editor.onnx"]["problem"]["code"] == "session_other_outputs"
    assert "cv_result" in files["editor.onnx"]["problem"]["text"]


@pytest.mark.needs("ort-cpu")
def test_run_opens_every_file(console, tmp_path) -> None:
    publish(tmp_path, "tha4_student:me")
    assert models_check.run(["--models", str(tmp_path), "--run"], console) == 0
    assert console.err.count("face_morpher.onnx") == 2
