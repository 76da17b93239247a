from __future__ import annotations

import numpy as np

from ezvtb_core import pose as poses
from ezvtb_core.link.settings import Settings
from ezvtb_core.movement import Movement
from ezvtb_core.pose import HEAD, INDEX, TrackedPose
from tests.ezvtb_core.engine_fakes import Direct, StillIdle

STEADY = Settings(smoothing=0, quantise=0)


def everything(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(poses.LOWEST, poses.HIGHEST).astype(np.float32)


def test_nothing_to_do_passes_the_pose_through():
    pose = everything()
    moved = Movement(StillIdle(), Direct()).pose(TrackedPose(0.0, pose), 0.0, STEADY)
    assert moved.dtype == np.float32
    assert np.array_equal(moved, pose)


def test_mirror_exchanges_sides_and_turns():
    pose = poses.neutral()
    for name, value in {
        "eye_wink_left": 1,
        "head_y": 0.5,
        "head_x": 0.25,
        "neck_z": -0.5,
        "body_z": 0.75,
        "mouth_smirk": 0.5,
    }.items():
        pose[INDEX[name]] = value
    image = Movement(StillIdle(), Direct()).pose(TrackedPose(0.0, pose), 0.0, Settings(smoothing=0, quantise=0, mirror=True))
    seen = {name: float(image[index]) for name, index in INDEX.items() if image[index]}
    assert seen == {"eye_wink_right": 1, "head_y": -0.5, "head_x": 0.25, "neck_z": 0.5, "body_z": -0.75, "mouth_smirk": 0.5}


def test_smoothing_changes_without_a_jump():
    movement, pose = Movement(StillIdle(), Direct()), poses.neutral()
    movement.pose(TrackedPose(0.0, pose), 0.0, Settings(smoothing=80, quantise=0))
    pose = everything()
    first = movement.pose(TrackedPose(0.03, pose), 0.03, Settings(smoothing=80, quantise=0))
    assert 0 < abs(first[INDEX["head_x"]]) < abs(pose[INDEX["head_x"]])
    last = movement.pose(TrackedPose(0.06, pose), 0.06, Settings(smoothing=0, quantise=0))
    assert np.array_equal(last, pose)


def test_bad_numbers_do_not_come_through():
    pose = poses.neutral()
    pose[3], pose[40], pose[41] = np.nan, np.inf, 7.0
    moved = Movement(StillIdle(), Direct()).pose(TrackedPose(0.0, pose), 0.0, STEADY)
    assert np.isfinite(moved).all() and (np.abs(moved) <= 1).all()


def test_equal_poses_have_equal_bytes():
    movement, pose = Movement(StillIdle(), Direct()), poses.neutral()
    first = movement.pose(TrackedPose(0.0, pose), 0.0, Settings(smoothing=0, mirror=True))
    second = movement.pose(TrackedPose(0.0, -pose), 0.1, Settings(smoothing=0, mirror=True))
    assert first.tobytes() == second.tobytes()


def test_an_expression_lies_over_the_tracker():
    movement = Movement(StillIdle(), Direct())
    settings = Settings(smoothing=0, quantise=0, expression_fade=0.0)
    tracked = TrackedPose(0.0, poses.neutral())
    movement.pose(tracked, 0.0, settings)
    movement.expressions.press("smile")
    shown = movement.pose(tracked, 0.1, settings)
    assert shown[INDEX["mouth_raised_corner_left"]] > 0.3
    movement.expressions.release("smile")
    assert not movement.pose(tracked, 0.2, settings).any()


def test_a_setting_that_changes_applies_to_the_pose_that_is_there():
    movement, tracked = Movement(StillIdle(), Direct()), TrackedPose(0.0, everything())
    movement.pose(tracked, 0.0, STEADY)
    still = movement.pose(tracked, 0.01, STEADY.with_values({"head_gain": 0}))
    assert not still[HEAD].any()
