from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ezvtb_core import pose
from ezvtb_core.assemble import build_model
from ezvtb_core.backends.pool import SessionPool
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import ModelError
from tests.ezvtb_core.models import tiny

pytestmark = pytest.mark.needs("ort-cpu")


def settings(root, **values) -> Settings:
    return Settings(model=tiny.STUDENT, models_folder=str(root), cpu_threads=1, **values)


def posed(**values: float) -> np.ndarray:
    made = pose.neutral()
    for name, value in values.items():
        made[pose.INDEX[name]] = value
    return made


def test_a_still_face_is_not_computed_again(tmp_path):
    tiny.layout(tmp_path, tiny.STUDENT)
    model = build_model(settings(tmp_path))
    for given in (posed(), posed(head_x=1.0), posed(breathing=1.0), posed(mouth_aaa=1.0), posed(mouth_aaa=1.0)):
        model.render(given)
    assert model.plan.runs == {"face_morpher": 2, "body_morpher": 4}


def test_picture_with_a_batch_dimension_gives_the_same_frames(tmp_path):
    """The published files take (512, 512, 4); those that EasyVtuber's exporter writes take (1, 512, 512, 4)."""
    tiny.layout(tmp_path / "a", tiny.STUDENT)
    tiny.layout(tmp_path / "b", tiny.STUDENT, batch=True)
    plain, batched = (build_model(settings(tmp_path / each)) for each in "ab")
    assert plain.plan.spec("image").shape == (512, 512, 4)
    assert batched.plan.spec("image").shape == (1, 512, 512, 4)
    given = posed(head_x=0.5, mouth_aaa=0.5)
    assert np.array_equal(plain.render(given), batched.render(given))


def test_its_own_picture_is_used_unless_another_is_chosen(tmp_path):
    folder = tiny.layout(tmp_path, tiny.STUDENT)
    own = build_model(settings(tmp_path)).render(posed()).copy()
    other = tmp_path / "b.png"
    Image.new("RGBA", (512, 512), (255, 255, 255, 255)).save(other)
    assert not np.array_equal(build_model(settings(tmp_path, character=str(other))).render(posed()), own)
    (folder / "character.png").unlink()
    with pytest.raises(ModelError, match="tha4_student:tiny animates a picture: choose one"):
        build_model(settings(tmp_path))


def test_swapped_files_are_named(tmp_path):
    folder = tiny.layout(tmp_path, tiny.STUDENT)
    face, body = folder / "face_morpher.onnx", folder / "body_morpher.onnx"
    kept = face.read_bytes()
    face.write_bytes(body.read_bytes())
    body.write_bytes(kept)
    pool = SessionPool()
    with pytest.raises(Exception, match=r"face_morpher\.onnx .*expected inputs pose float32\(1,39\)"):
        build_model(settings(tmp_path), pool)
    assert len(pool) == 0
