"""What EasyVtuber reads from MediaPipe's face mesh, reproduced. Nothing is corrected here, on purpose: docs/trackers/mapping.md.

The landmarks are taken as they come, normalised by width and height, so a picture that is not square bends every ratio. Pure.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ezvtb_core.pose import INDEX, FloatArray, neutral

LANDMARKS = 468
"""As many are needed; iris points after them are not used."""


class WebcamFace(NamedTuple):
    """EasyVtuber's numbers of one picture that reach the pose, with its names. Unlimited."""

    eye_l_closed: float
    """1 - 2 x height / width of an eye: a resting one reads about 0.3, one that is wide open less than 0. This is the subject's
    right eye, in spite of its name."""
    eye_r_closed: float
    mouth_ratio: float
    x_angle: float
    """Radians, nodding, about 1.5 when level; turning and tilting follow."""
    y_angle: float
    z_angle: float


def measure(landmarks: FloatArray) -> WebcamFace | None:
    """Numbers of a face mesh (468 or more, 3); None when it is no such array or has no size."""
    if landmarks.ndim != 2 or landmarks.shape[0] < LANDMARKS or landmarks.shape[1] != 3:
        return None
    used = (9, 13, 14, 33, 78, 145, 152, 155, 159, 197, 263, 374, 375, 382, 386, 409)
    point = dict(zip(used, landmarks[list(used)].tolist(), strict=True))
    width_l, width_r = point[155][0] - point[33][0], point[263][0] - point[382][0]
    mouth = point[78][0] - (point[409][0] + point[375][0]) / 2.0
    if not (width_l and width_r and mouth):
        return None
    face = WebcamFace(
        eye_l_closed=1.0 - 2.0 * (point[145][1] - point[159][1]) / width_l,
        eye_r_closed=1.0 - 2.0 * (point[374][1] - point[386][1]) / width_r,
        mouth_ratio=(point[13][1] - point[14][1]) / mouth,
        x_angle=math.atan2(point[197][1] - point[9][1], point[197][2] - point[9][2]),
        y_angle=math.atan2(point[386][2] - point[159][2], point[386][0] - point[159][0]),
        z_angle=math.atan2(point[9][1] - point[152][1], point[9][0] - point[152][0]),
    )
    return face if all(map(math.isfinite, face)) else None


def upstream_webcam(face: WebcamFace, first: WebcamFace) -> FloatArray:
    """The pose, float32 (45,), against the first face that was seen. Eyes and mouth may be outside the ranges."""
    pose = neutral()
    closed = max(face.eye_l_closed, face.eye_r_closed)
    turn, tilt = (face.y_angle - first.y_angle) * 2.0, (face.z_angle - first.z_angle) * 2.0
    values = {
        "eye_happy_wink_left": closed,
        "eye_happy_wink_right": closed,
        "mouth_aaa": face.mouth_ratio * 2.0,
        "head_x": (face.x_angle - first.x_angle) * 1.6,
        "head_y": turn,
        "neck_z": tilt,
        "body_y": turn,
        "body_z": tilt,
    }
    pose[[INDEX[name] for name in values]] = np.array(list(values.values()), np.float32)
    return pose
