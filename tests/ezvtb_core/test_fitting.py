from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core import pose as poses
from ezvtb_core.fitting import fit, mirrored
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import BODY, EYEBROWS, EYES, HEAD, INDEX, IRIS_ROTATION, MOUTH


def everything(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(poses.LOWEST, poses.HIGHEST).astype(np.float32)


def test_default_settings_change_nothing():
    assert np.array_equal(fit(everything(), Settings()), everything())


def test_mirror_twice_is_the_pose():
    assert np.array_equal(mirrored(mirrored(everything())), everything())


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("head_gain", HEAD),
        ("body_gain", BODY),
        ("gaze_gain", IRIS_ROTATION),
        ("lids_gain", EYES),
        ("brows_gain", EYEBROWS),
        ("mouth_gain", MOUTH),
    ],
)
@pytest.mark.parametrize("gain", [0, 50, 200])
def test_a_gain_scales_its_group_alone_within_its_range(name, group, gain):
    pose = everything()
    fitted = fit(pose, Settings().with_values({name: gain}))
    assert np.allclose(fitted[group], np.clip(pose[group] * gain / 100, poses.LOWEST[group], 1))
    assert np.array_equal(np.delete(fitted, np.arange(45)[group]), np.delete(pose, np.arange(45)[group]))
    assert np.array_equal(pose, everything())  # the tracker's own array is left alone


@pytest.mark.parametrize(
    ("name", "value"), [("head_rest", "head_x"), ("gaze_rest", "iris_rotation_y"), ("mouth_rest", "mouth_aaa")]
)
def test_a_dead_zone_stills_what_is_small_without_a_step_and_keeps_the_range(name, value):
    settings = Settings().with_values({name: 20})
    lowest = poses.LOWEST[INDEX[value]]
    given = np.linspace(lowest, 1, 201, dtype=np.float32)
    seen = []
    for each in given:
        pose = poses.neutral()
        pose[INDEX[value]] = each
        seen.append(float(fit(pose, settings)[INDEX[value]]))
    assert max(abs(each) for each, want in zip(seen, given, strict=True) if abs(want) <= 0.2) < 1e-6
    assert np.abs(np.diff(seen)).max() < 0.02
    assert seen[-1] == pytest.approx(1) and seen[0] == pytest.approx(lowest)


def test_numbers_that_are_none_become_rest():
    pose = everything()
    pose[3], pose[40] = np.nan, np.inf
    fitted = fit(pose, Settings(mirror=True, head_gain=200, head_rest=10))
    assert np.isfinite(fitted).all() and (np.abs(fitted) <= 1).all()
