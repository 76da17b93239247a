"""Frames of the original networks, asked for through the published interface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core import get_core
from tests.conftest import SHARED
from tests.ezvtb_core.models.test_tha3 import generator, published  # noqa: F401 - a fixture

pytestmark = [pytest.mark.needs("ort-cpu", "shared"), pytest.mark.slow]
GOLDEN, MODELS = SHARED / "golden", SHARED / "models"


def bgra(path: Path) -> np.ndarray:
    return np.array(Image.open(path).convert("RGBA"))[..., [2, 1, 0, 3]]


def character(name: str) -> np.ndarray:
    return bgra(MODELS / "custom_tha4_models" / name / "character.png")


@pytest.mark.parametrize("name", ["lambda_00", "lambda_01"])
def test_students(name):
    poses = np.load(GOLDEN / "student_poses.npy")
    expected = np.stack([bgra(GOLDEN / f"student_{name}" / f"pose{index}.png") for index in range(len(poses))])
    with get_core(
        use_tensorrt=False, model_version="v4_student", model_name=name, use_interpolation=False, models_folder=MODELS
    ) as core:
        core.setImage(character(name))
        for pose, frame in zip(poses, expected, strict=True):
            (drawn,) = core.inference(pose[None])
            assert np.abs(drawn.astype(int) - frame).max() <= 1
        drawn = core.inference([pose[None] for pose in poses[:3]])
        assert np.abs(drawn.astype(int) - expected[:3]).max() <= 1


def test_tha3(published):  # noqa: F811
    """Golden values are before truncation, so half a level is added; they come from float64 arithmetic (see their README)."""
    golden, poses = np.load(GOLDEN / "tha3_separable.npz"), generator().poses()
    expected = np.stack([golden[f"p{index}_final_bgra255"] for index in range(4)])
    with get_core(use_tensorrt=False, model_half=False, use_interpolation=False, models_folder=published.parents[2]) as core:
        core.setImage(character("lambda_00"))
        frames = [core.inference(poses[index : index + 1])[0].copy() for index in range(4)]
        assert np.array_equal(frames, core.inference([poses[index : index + 1] for index in range(4)]))
    difference = np.abs(np.stack(frames)[:, 4::8, 4::8] + 0.5 - expected)
    assert difference.mean(axis=(1, 2, 3)).max() < 0.3 and difference.max() < 6
