"""A face as OpenSeeFace sees it → the 45-value pose. Pure: time is given by the caller.

The constants were chosen from two recordings of the program (a speaker who turns a lot, a very expressive one) against
MediaPipe's blend shapes of the same pictures; tests/trackers/test_openseeface_map.py repeats the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import INDEX, SIZE, FloatArray, TrackedPose, clamp
from trackers.blink import Lids
from trackers.calibration import RECENTRE_SECONDS, Centre
from trackers.calibration_file import CalibrationFile
from trackers.limits import share, soft
from trackers.openseeface_packet import Face
from trackers.upstream_openseeface import First, upstream_openseeface

CALIBRATION_SECONDS = RECENTRE_SECONDS

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


_DRIFTING = ("pitch", "yaw", "roll", "right", "up", "depth", "gaze_right", "gaze_up")
_RESTING = (*_DRIFTING, "width", "lift")
"""Fields of Face that have a resting value. That of the mouth does not drift: talking is not a rest."""
_STILL = 0.3
"""Closing of the lids up to which a frame may take part in the slow drift."""
_LARGEST_ID = 63
"""Face ids beyond are none of the program's, and get no file."""


class FaceMapper:
    """One person's calibration, eye levels and gaze."""

    def __init__(self, settings: Settings | None = None, folder: Path | None = None, face_id: int = 0) -> None:
        """`folder`: where calibrations are kept, a file per face id; None keeps nothing."""
        self._settings = settings or Settings()
        self._centre = Centre(_RESTING, angles=3, drifting=len(_DRIFTING))
        self._lids = Lids()
        self._gaze = (0.0, 0.0)
        self._closing = 0.0
        self._first: First | None = None
        name = "openseeface" if face_id == 0 else f"openseeface-{face_id}"
        self._file = CalibrationFile(folder if 0 <= face_id <= _LARGEST_ID else None, name)
        saved = self._file.load({**self._centre.limits(), **self._lids.limits()})
        self._centre.restore(saved)
        self._lids.restore(saved)
        self.update(self._settings)

    def update(self, settings: Settings) -> None:
        """Take over settings, all of which apply live."""
        self._settings = settings
        self._lids.link, self._lids.learn = settings.link_blinks, settings.learn_range

    def recentre(self) -> None:
        """Take the next half second as straight ahead."""
        self._centre.restart()

    def close(self) -> None:
        """Save what was learned. May be called more than once."""
        self._file.save(self._known())

    def map(self, face: Face, time: float) -> TrackedPose:
        """The pose of a fitted face at `time` (seconds, not decreasing): float32 (45,), finite, inside the ranges."""
        values = [float(getattr(face, name)) for name in _RESTING]
        self._centre.update(values, time, self._settings.auto_centre and max(self._lids.own) < _STILL)
        apart = dict(zip(_RESTING, self._centre.apart(values), strict=True))
        closing = self._lids.update(face.open_left, face.open_right, apart["yaw"], time)
        if self._first is None:
            self._first = First(face.pitch, face.yaw, face.roll)
        if self._file.due(time):
            self._file.save(self._known())
        if self._settings.mapping == "easyvtuber":
            pose = upstream_openseeface(face, self._first)
        else:
            pose = self._natural(face, apart, closing)
        distance = max(abs(face.depth - apart["depth"]), 1e-3)
        position = (
            soft(apart["right"] / distance / SIDEWAYS_RANGE),
            soft(apart["up"] / distance / SIDEWAYS_RANGE),
            soft(apart["depth"] / distance / NEARER_RANGE),
        )
        return TrackedPose(time, clamp(pose), position)

    def _natural(self, face: Face, apart: Mapping[str, float], closing: tuple[float, float]) -> FloatArray:
        pose = [0.0] * SIZE
        yaw, roll = soft(apart["yaw"] / YAW_RANGE), soft(apart["roll"] / ROLL_RANGE)
        gaze_up, gaze_right = self._look(apart, max(closing))
        _set(pose, "head_x", soft(apart["pitch"] / PITCH_RANGE))
        _set(pose, "head_y", yaw)
        _set(pose, "neck_z", roll)
        _set(pose, "body_y", BODY_SHARE * yaw)
        _set(pose, "body_z", BODY_SHARE * roll)
        _set(pose, "iris_rotation_x", gaze_up)
        _set(pose, "iris_rotation_y", gaze_right)
        _set(pose, "eye_wink_left", closing[0])
        _set(pose, "eye_wink_right", closing[1])
        _mouth(pose, face, apart)
        _brows(pose, face)
        return np.array(pose, np.float32)

    def _look(self, apart: Mapping[str, float], closing: float) -> tuple[float, float]:
        """Gaze (up, to the subject's own right), the last one while a lid moves down."""
        held = closing > GAZE_HELD_CLOSING or closing - self._closing > GAZE_HELD_STEP
        if not (held and self._settings.wink_assist):
            self._gaze = (soft(apart["gaze_up"] / GAZE_RANGE), soft(apart["gaze_right"] / GAZE_RANGE))
        self._closing = closing
        return self._gaze

    def _known(self) -> dict[str, float]:
        centre = self._centre.known()
        return {**centre, **self._lids.known()} if centre else {}


def _set(pose: list[float], name: str, value: float) -> None:
    pose[INDEX[name]] = value


def _mouth(pose: list[float], face: Face, apart: Mapping[str, float]) -> None:
    """Opening and width of the lips, each measured and corrected by the program's own feature, as vowels and corners.

    The features scale themselves to the person but jump to ±1 at the first small movement, therefore measured values lead.
    """
    feature_open, feature_wide = face.features[12:14]
    opening = share((face.lips - LIPS_SHUT) / LIPS_RANGE) * (0.85 + 0.15 * feature_open)
    measured_width = min(max(apart["width"] / max(face.width - apart["width"], 1e-3) / WIDTH_RANGE, -1.0), 1.0)
    wide = (measured_width + feature_wide) / 2
    lift = min(max(apart["lift"] / LIFT_RANGE, -1.0), 1.0)
    spread, pucker = share((wide - 0.2) / 0.6), share((-wide - 0.3) / 0.5)
    # The shapes of the models add up, so what another vowel takes is taken from "aaa".
    _set(pose, "mouth_aaa", opening * (1.0 - 0.4 * spread - 0.6 * pucker))
    _set(pose, "mouth_iii", 0.6 * spread * share(2.0 * opening))
    _set(pose, "mouth_uuu", 0.8 * pucker * (1.0 - opening))
    _set(pose, "mouth_ooo", pucker * opening)
    smile = 0.6 * wide + 0.4 * lift
    for side in ("left", "right"):
        _set(pose, f"mouth_raised_corner_{side}", share((smile - 0.15) / 0.6))
        _set(pose, f"mouth_lowered_corner_{side}", 0.4 * share((-lift - 0.5) / 0.5) * (1.0 - opening))


def _brows(pose: list[float], face: Face) -> None:
    """Raised and lowered from the up-down features; mostly their mean, as one side alone is noisy."""
    left, right = face.features[3], face.features[6]
    for side, own in (("left", left), ("right", right)):
        height = 0.3 * own + 0.35 * (left + right)
        _set(pose, f"eyebrow_raised_{side}", share((height - 0.15) / 0.85))
        _set(pose, f"eyebrow_lowered_{side}", 0.7 * share((-height - 0.15) / 0.85))
