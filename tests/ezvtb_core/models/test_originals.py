from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.assemble import build_model
from ezvtb_core.link import catalogue, paths
from ezvtb_core.link.catalogue import ModelFolder
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import originals
from tests.conftest import SHARED
from tests.ezvtb_core.models import tiny

pytestmark = pytest.mark.needs("ort-cpu")
STUDENT = SHARED / "models" / "custom_tha4_models" / "lambda_00"


@pytest.fixture
def folder(tmp_path) -> ModelFolder:
    """A character as the original authors' program writes it: no graphs."""
    made = tmp_path / "mine"
    made.mkdir()
    for name in ("face_morpher.pt", "body_morpher.pt", "character.png", "character_model.yaml"):
        shutil.copyfile(STUDENT / name, made / name)
    return catalogue.find("tha4_student:mine", "auto", [tmp_path])


def test_files_that_are_graphs_are_used_as_they_are(tmp_path):
    tiny.layout(tmp_path, tiny.STUDENT)
    found = catalogue.find(tiny.STUDENT, "auto", [tmp_path])
    assert originals.graphs(found, tmp_path / "cache") == found.files
    assert not (tmp_path / "cache").exists()


@pytest.mark.needs("shared")
def test_graphs_are_made_once_and_again_for_other_weights(tmp_path, folder):
    cache = tmp_path / "cache"
    made = originals.graphs(folder, cache)
    assert {stem: path.name for stem, path in made.items()} == {
        "face_morpher": "face_morpher.onnx",
        "body_morpher": "body_morpher.onnx",
    }
    times = [path.stat().st_mtime_ns for path in made.values()]
    assert originals.graphs(folder, cache) == made
    assert [path.stat().st_mtime_ns for path in made.values()] == times
    shutil.copyfile(STUDENT.parent / "lambda_01" / "face_morpher.pt", folder.files["face_morpher"])
    others = originals.graphs(folder, cache)
    assert others["face_morpher"].parent != made["face_morpher"].parent
    assert others["face_morpher"].read_bytes() != made["face_morpher"].read_bytes()
    assert others["body_morpher"].read_bytes() == made["body_morpher"].read_bytes()


@pytest.mark.needs("shared")
def test_what_was_lost_is_made_again(tmp_path, folder):
    made = originals.graphs(folder, tmp_path / "cache")
    content = made["body_morpher"].read_bytes()
    made["body_morpher"].unlink()
    assert originals.graphs(folder, tmp_path / "cache")["body_morpher"].read_bytes() == content


@pytest.mark.needs("shared")
def test_frames_are_those_of_the_original_networks(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(paths, "GRAPHS", tmp_path / "cache")
    model = build_model(Settings(model="tha4_student:mine", models_folder=str(tmp_path)), backend="ort-cpu")
    frame = model.render(np.load(SHARED / "golden" / "student_poses.npy")[2])
    expected = np.asarray(Image.open(SHARED / "golden" / "student_lambda_00" / "pose2.png"))[..., [2, 1, 0, 3]]
    assert np.abs(frame - expected.astype(int)).max() <= 1
    assert model.spec.name == "tha4_student:mine"
    model.close()


@pytest.mark.needs("shared")
def test_a_broken_original_is_named_and_leaves_nothing(tmp_path, folder):
    path = folder.files["face_morpher"]
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(NoticeError, match=r"face_morpher\.pt"):
        originals.graphs(folder, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.onnx"))
    path.unlink()
    with pytest.raises(NoticeError, match=r"face_morpher\.pt"):
        originals.graphs(folder, tmp_path / "cache")


def test_the_cache_is_among_the_users_own_files():
    assert Path("data/cache/graphs") == paths.GRAPHS.relative_to(paths.ROOT)
