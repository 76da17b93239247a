"""What EasyVtuber makes of OpenSeeFace's data, reproduced. Nothing is corrected here, on purpose: docs/trackers/mapping.md.

Its One-Euro filters are left out: the setting `smoothing` filters every mapping. Pure.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ezvtb_core.pose import INDEX, FloatArray, neutral
from trackers.openseeface_packet import Face, wrap

_DEGREES = 57.3
"""Per radian, as the program has it."""
_YAW_OFFSET = 10.0
"""Degrees that it takes off the turning, which only the gaze notices."""


class First(NamedTuple):
    """Head of the first frame, degrees: straight ahead for ever after, as there is no recentring."""

    pitch: float
    yaw: float
    roll: float


def upstream_openseeface(face: Face, first: First) -> FloatArray:
    """The pose, float32 (45,). Brows reach -1, the mouth 2, gaze and head beyond ±1."""
    away = math.hypot(face.gaze_right, face.gaze_up, face.gaze_away) or 1.0
    turn = 3.0 * (face.yaw - first.yaw) / _DEGREES
    tilt = 2.0 * wrap(face.roll - first.roll) / _DEGREES
    values = {
        "eyebrow_raised_left": face.features[3],
        "eyebrow_raised_right": face.features[6],
        "eye_happy_wink_left": 1.0 - face.open_left,
        "eye_happy_wink_right": 1.0 - face.open_right,
        "mouth_aaa": 2.0 * max(face.features[12], 0.0),
        # The gaze adds to the angles that the camera sees, not to those from the first frame.
        "iris_rotation_x": 3.0 * face.gaze_up / away - 1.5 * face.pitch / _DEGREES,
        "iris_rotation_y": 3.0 * face.gaze_right / away - (face.yaw + _YAW_OFFSET) / _DEGREES,
        "head_x": 3.0 * wrap(face.pitch - first.pitch) / _DEGREES,
        "head_y": turn,
        "neck_z": tilt,
        "body_y": turn,
        "body_z": tilt,
    }
    pose = neutral()
    pose[[INDEX[name] for name in values]] = np.array(list(values.values()), np.float32)
    return pose
