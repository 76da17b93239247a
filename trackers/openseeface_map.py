"""A face as OpenSeeFace sees it → the 45-value pose. Pure: time is given by the caller.

The constants were chosen from two recordings of the program (a speaker who turns a lot, a very expressive one) against
MediaPipe's blend shapes of the same pictures; tests/trackers/test_openseeface_map.py repeats the comparison.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from ezvtb_core.pose import INDEX, FloatArray, TrackedPose, clamp, neutral
from trackers.blink import Lids
from trackers.openseeface_packet import Face, wrap

CALIBRATION_SECONDS = 0.5
_CALIBRATION_SAMPLES = 5
_FORGOTTEN_SECONDS = 1.0

PITCH_RANGE, YAW_RANGE, ROLL_RANGE = 22.0, 32.0, 18.0
"""OpenSeeFace's degrees that give 1.0 before the soft limit. The converter of talking-head-anime-3-demo takes 15, 10 to 15 and
15 real degrees; this program shows turning 1.6 to 2.0 times too large, nodding about 1.2 times, tilting 0.8 to 1.0 times.
The lively recording reaches 25, 33 and 11 degrees from rest."""
BODY_SHARE = 0.5
"""Part of the head's turning and tilting that the body follows."""
SIDEWAYS_RANGE, NEARER_RANGE = 0.15, 0.12
"""Shares of the camera distance that give 1.0; the program assumes focal length = picture width: 0.15 is 15 % of the picture."""
GAZE_RANGE = 0.07
GAZE_HELD_CLOSING, GAZE_HELD_STEP = 0.25, 0.1
"""The gaze is held while a lid is closed more than this, or closes by more than this per frame: the pupil is not seen then, and
the program reports a look downwards."""
LIPS_SHUT, LIPS_RANGE = 0.05, 0.3
"""Shut lips measure 0.02 to 0.04, loud speech up to 0.4."""
WIDTH_RANGE, LIFT_RANGE = 0.15, 0.06
"""Relative widening, and lift of the corners, that count as a full smile."""


class _Rest(NamedTuple):
    """The resting values of the fields of Face with the same names."""

    pitch: float
    yaw: float
    roll: float
    right: float
    up: float
    depth: float
    width: float
    lift: float
    gaze_right: float
    gaze_up: float


class _Calibration:
    """Finds the resting face: medians over the first half second, which a few bad frames cannot move."""

    def __init__(self) -> None:
        self._rest: _Rest | None = None
        self._collecting = True
        self._samples: deque[list[float]] = deque(maxlen=64)
        self._reference: list[float] = []
        self._began = self._last = 0.0

    def restart(self) -> None:
        """Collect again; the old rest serves until the new one is known."""
        self._collecting = True
        self._samples.clear()

    def update(self, face: Face, time: float) -> _Rest:
        if not self._collecting and self._rest is not None:
            return self._rest
        values: list[float] = [getattr(face, name) for name in _Rest._fields]
        if time - self._last > _FORGOTTEN_SECONDS:
            self._samples.clear()
        if not self._samples:
            self._reference, self._began = values, time
        self._last = time
        # Angles relative to the first one, so that a median across ±180° is the middle and not the other side.
        differences = [value - start for value, start in zip(values, self._reference, strict=True)]
        self._samples.append([*map(wrap, differences[:3]), *differences[3:]])
        middle = np.median(np.array(self._samples), axis=0)
        found = _Rest(*(np.array(self._reference) + middle).tolist())
        if time - self._began >= CALIBRATION_SECONDS and len(self._samples) >= _CALIBRATION_SAMPLES:
            self._rest, self._collecting = found, False
        return found if self._rest is None else self._rest


class FaceMapper:
    """One person's calibration, eye levels and gaze."""

    def __init__(self) -> None:
        self._calibration = _Calibration()
        self._lids = Lids()
        self._gaze = (0.0, 0.0)
        self._closing = 0.0

    def recentre(self) -> None:
        """Take the next half second as straight ahead."""
        self._calibration.restart()

    def map(self, face: Face, time: float) -> TrackedPose:
        """The pose of a fitted face at `time` (seconds, not decreasing): float32 (45,), finite, inside the ranges."""
        rest = self._calibration.update(face, time)
        pose = neutral()
        turned = wrap(face.yaw - rest.yaw)
        pitch = _limit(wrap(face.pitch - rest.pitch) / PITCH_RANGE)
        yaw = _limit(turned / YAW_RANGE)
        roll = _limit(wrap(face.roll - rest.roll) / ROLL_RANGE)
        left, right = self._lids.update(face.open_left, face.open_right, turned, time)
        gaze_up, gaze_right = self._look(face, rest, max(left, right))
        _set(pose, "head_x", pitch)
        _set(pose, "head_y", yaw)
        _set(pose, "neck_z", roll)
        _set(pose, "body_y", BODY_SHARE * yaw)
        _set(pose, "body_z", BODY_SHARE * roll)
        _set(pose, "iris_rotation_x", gaze_up)
        _set(pose, "iris_rotation_y", gaze_right)
        _set(pose, "eye_wink_left", left)
        _set(pose, "eye_wink_right", right)
        _mouth(pose, face, rest)
        _brows(pose, face)
        distance = max(abs(rest.depth), 1e-3)
        position = (
            _limit((face.right - rest.right) / distance / SIDEWAYS_RANGE),
            _limit((face.up - rest.up) / distance / SIDEWAYS_RANGE),
            _limit((face.depth - rest.depth) / distance / NEARER_RANGE),
        )
        return TrackedPose(time, clamp(pose), position)

    def _look(self, face: Face, rest: _Rest, closing: float) -> tuple[float, float]:
        """Gaze (up, to the subject's own right), the last one while a lid moves down."""
        if closing <= GAZE_HELD_CLOSING and closing - self._closing <= GAZE_HELD_STEP:
            up, right = face.gaze_up - rest.gaze_up, face.gaze_right - rest.gaze_right
            self._gaze = (_limit(up / GAZE_RANGE), _limit(right / GAZE_RANGE))
        self._closing = closing
        return self._gaze


def _limit(value: float) -> float:
    """Limit to ±1 without an edge: straight for small values, 0.84 for 1, so that no movement ends in a hard stop."""
    value = min(max(value, -8.0), 8.0)
    return float(value / (1.0 + value**4) ** 0.25)


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _set(pose: FloatArray, name: str, value: float) -> None:
    pose[INDEX[name]] = value


def _mouth(pose: FloatArray, face: Face, rest: _Rest) -> None:
    """Opening and width of the lips, each measured and corrected by the program's own feature, as vowels and corners.

    The features scale themselves to the person but jump to ±1 at the first small movement, therefore measured values lead.
    """
    feature_open, feature_wide = face.features[12:14]
    opening = _share((face.lips - LIPS_SHUT) / LIPS_RANGE) * (0.85 + 0.15 * feature_open)
    measured_width = min(max((face.width / max(rest.width, 1e-3) - 1.0) / WIDTH_RANGE, -1.0), 1.0)
    wide = (measured_width + feature_wide) / 2
    lift = min(max((face.lift - rest.lift) / LIFT_RANGE, -1.0), 1.0)
    spread, pucker = _share((wide - 0.2) / 0.6), _share((-wide - 0.3) / 0.5)
    # The shapes of the models add up, so what another vowel takes is taken from "aaa".
    _set(pose, "mouth_aaa", opening * (1.0 - 0.4 * spread - 0.6 * pucker))
    _set(pose, "mouth_iii", 0.6 * spread * _share(2.0 * opening))
    _set(pose, "mouth_uuu", 0.8 * pucker * (1.0 - opening))
    _set(pose, "mouth_ooo", pucker * opening)
    smile = 0.6 * wide + 0.4 * lift
    for side in ("left", "right"):
        _set(pose, f"mouth_raised_corner_{side}", _share((smile - 0.15) / 0.6))
        _set(pose, f"mouth_lowered_corner_{side}", 0.4 * _share((-lift - 0.5) / 0.5) * (1.0 - opening))


def _brows(pose: FloatArray, face: Face) -> None:
    """Raised and lowered from the up-down features; mostly their mean, as one side alone is noisy."""
    left, right = face.features[3], face.features[6]
    for side, own in (("left", left), ("right", right)):
        height = 0.3 * own + 0.35 * (left + right)
        _set(pose, f"eyebrow_raised_{side}", _share((height - 0.15) / 0.85))
        _set(pose, f"eyebrow_lowered_{side}", 0.7 * _share((-height - 0.15) / 0.85))
