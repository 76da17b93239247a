"""Recordings of movement for tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ezvtb_core.pose import INDEX, SIZE, FloatArray, TrackedPose
from trackers.clip_file import Clip

HEAD_Y, LEFT_LID, MOUTH = INDEX["head_y"], INDEX["eye_wink_left"], INDEX["mouth_aaa"]


def swaying(seconds: float = 10.0, rate: float = 30.0, blinks: tuple[float, ...] = ()) -> Clip:
    """A head that turns in a slow wave, with single-pose blinks at the given moments."""
    times = np.arange(round(seconds * rate) + 1) / rate
    poses = np.zeros((len(times), SIZE), np.float32)
    poses[:, HEAD_Y] = 0.8 * np.sin(2 * np.pi * times / 7.3)
    poses[:, MOUTH] = 0.5 + 0.5 * np.sin(2 * np.pi * times / 1.1)
    for blink in blinks:
        poses[np.argmin(np.abs(times - blink)), [LEFT_LID, LEFT_LID + 1]] = 1.0
    positions = np.stack([np.sin(times), np.cos(times), np.zeros_like(times)], axis=1).astype(np.float32)
    return Clip(times, poses, positions)


def random_poses(count: int, seed: int = 0) -> FloatArray:
    """Poses anywhere in their ranges, (count, 45)."""
    poses: npt.NDArray[np.float64] = np.random.default_rng(seed).uniform(0, 1, (count, SIZE))
    poses[:, 37:44] = poses[:, 37:44] * 2 - 1
    return poses.astype(np.float32)


def tracked(clip: Clip, start: float = 1000.0) -> list[TrackedPose]:
    """What a tracker would have given, on a clock that begins at `start`."""
    rows = zip(clip.times.tolist(), clip.poses, clip.positions.tolist(), strict=True)
    return [TrackedPose(start + moment, pose, (x, y, z)) for moment, pose, (x, y, z) in rows]
