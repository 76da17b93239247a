"""What every posing model promises. A new family is tested here as soon as it is in the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ezvtb_core import models, pose
from ezvtb_core.backends import SessionOptions
from ezvtb_core.backends.pool import SessionPool
from ezvtb_core.models import ModelRequest, PosingModel


def make(family: str, folder: Path, pool: SessionPool) -> PosingModel:
    picture = Image.new("RGBA", (512, 512))
    ImageDraw.Draw(picture).ellipse((160, 40, 350, 500), fill=(200, 100, 50, 255), outline=(0, 0, 0, 128), width=5)
    picture.save(folder / "a.png")
    options = SessionOptions(threads=1)
    open_session = lambda path, expected: pool.open("ort-cpu", path, expected, options)  # noqa: E731
    return models.build(ModelRequest(family, str(folder / "a.png"), open_session))


@pytest.fixture(params=sorted(models.FAMILIES))
def model(request, tmp_path):
    pool = SessionPool()
    made = make(request.param, tmp_path, pool)
    yield made
    made.close()
    made.close()
    assert len(pool) == 0


def poses() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [
        pose.neutral(),
        pose.LOWEST,
        pose.HIGHEST,
        *(random.uniform(pose.LOWEST, pose.HIGHEST).astype(np.float32) for _ in range(5)),
    ]


def test_frames_are_straight_bgra_of_the_promised_size(model):
    width, height = model.size
    for each in poses():
        frame = model.render(each)
        assert frame.shape == (height, width, 4) and frame.dtype == np.uint8 and frame.flags.c_contiguous
        assert frame[..., 3].any()


def test_same_pose_same_frame_whatever_came_between(model):
    expected = [model.render(each).copy() for each in poses()]
    for each, frame in reversed(list(zip(poses(), expected, strict=True))):
        assert np.array_equal(model.render(each), frame)


def test_every_value_that_is_read_moves_something_and_no_other_does(model):
    still = model.render(pose.neutral()).copy()
    read = set(np.r_[model.spec.reads].tolist())
    moved = set()
    for index in range(pose.SIZE):
        changed = pose.neutral()
        changed[index] = 1.0
        if not np.array_equal(model.render(changed), still):
            moved.add(index)
    assert moved <= read
    assert pose.BREATHING in moved


def test_pose_is_not_written_to(model):
    given = pose.HIGHEST.copy()
    model.render(given)
    assert np.array_equal(given, pose.HIGHEST)


def test_facts(model):
    assert model.spec.name.partition(":")[0] in models.FAMILIES
    assert model.spec.licence
