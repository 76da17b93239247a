"""Faces of one tracker → poses: calibration, lids, gaze, mapping."""

from __future__ import annotations

import math

import numpy as np

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import FloatArray, TrackedPose, clamp
from trackers import upstream_map
from trackers.blink import Lids
from trackers.calibration import Centre
from trackers.calibration_file import CalibrationFile
from trackers.context import Context
from trackers.face import SHAPE, FaceFrame
from trackers.face_map import Seen, natural
from trackers.face_range import MEASURES, FaceRange, measure
from trackers.gaze import Gaze
from trackers.limits import soft
from trackers.upstream_webcam import WebcamFace, upstream_webcam
from trackers.upstream_webcam import measure as measure_webcam

SIDEWAYS_RANGE, NEARER_RANGE = 0.12, 0.15
"""Metres from rest that give 1.0 before the soft limit: leaning aside on a chair, and towards the desk."""

_LOOKS = ("eyeLookUp", "eyeLookDown", "eyeLookIn", "eyeLookOut")
_LEFT_LOOKS = tuple(SHAPE[f"{name}Left"] for name in _LOOKS)
_RIGHT_LOOKS = tuple(SHAPE[f"{name}Right"] for name in _LOOKS)
_BLINK_LEFT, _BLINK_RIGHT = SHAPE["eyeBlinkLeft"], SHAPE["eyeBlinkRight"]
_ANGLES, _GAZES = ("pitch", "yaw", "roll"), ("left_up", "left_right", "right_up", "right_right")
_STILL = 0.3
"""Closing up to which a gaze may take part in the slow drift."""


class FaceReader:
    """What every tracker that speaks ARKit's shapes puts behind its protocol. One thread reads; `recentre` from any."""

    def __init__(self, name: str, settings: Settings, context: Context) -> None:
        """`name`: of the tracker, for its calibration file."""
        self._settings = settings
        self._recentre = False
        self._time = float("-inf")
        self._centre = Centre((*_ANGLES, *_GAZES, *MEASURES), angles=3, drifting=7)
        self._place = Centre(("right", "up", "nearer"), angles=0, drifting=3)
        self._ranges, self._lids, self._gaze = FaceRange(), Lids(), Gaze()
        self._first: WebcamFace | None = None
        self._file = CalibrationFile(context.calibrations, name)
        self._restore()
        self.update(settings)

    def update(self, settings: Settings) -> None:
        """Take over settings, all of which apply live."""
        self._settings = settings
        self._lids.link, self._lids.learn = settings.link_blinks, settings.learn_range

    def recentre(self) -> None:
        """Take the next half second as straight ahead, with a resting face."""
        self._recentre = True

    def read(self, frame: FaceFrame, landmarks: FloatArray | None = None) -> TrackedPose | None:
        """The pose; None when no face is present. Never raises.

        `landmarks`: MediaPipe's face mesh of the same picture where there is one, (468 or more, 3), as it is given; only the
        mapping `easyvtuber` looks at it.
        """
        if not frame.present:
            return None
        shapes: list[float] = frame.shapes.tolist()
        if not math.isfinite(sum(shapes) + sum(frame.head) + sum(frame.position or ())):
            return None
        seen, position = self._calibrate(shapes, frame)
        mapping = self._settings.mapping
        if mapping == "natural":
            pose = np.array(natural(seen, self._ranges), np.float32)  # inside the ranges by construction
        elif mapping == "tha3":
            pose = clamp(upstream_map.tha3(shapes, frame.head))
        else:
            pose = clamp(self._easyvtuber(shapes, frame, landmarks))
        return TrackedPose(frame.time, pose, position)

    def close(self) -> None:
        """Save what was learned. May be called more than once."""
        self._file.save(self._known())

    def _calibrate(self, shapes: list[float], frame: FaceFrame) -> tuple[Seen, tuple[float, float, float]]:
        """The frame against the person; learns from it whatever mapping is chosen, so that a change of mapping does not jump."""
        settings, time = self._settings, frame.time
        dt, self._time = min(max(time - self._time, 0.0), 1.0), time
        if self._recentre:
            self._recentre = False
            self._centre.restart()
            self._place.restart()
        measured = measure(shapes)
        values = [*frame.head, *_look(shapes, _LEFT_LOOKS, 1.0), *_look(shapes, _RIGHT_LOOKS, -1.0), *measured]
        drift = settings.auto_centre and max(self._lids.own) < _STILL
        if self._centre.update(values, time, drift):
            self._ranges.rest(self._centre.rest[7:])
        if settings.learn_range:
            self._ranges.learn(measured, dt)
        apart = self._centre.apart(values)
        closing = self._lids.update(1.0 - shapes[_BLINK_LEFT], 1.0 - shapes[_BLINK_RIGHT], apart[1], time)
        gaze = self._gaze.update((apart[3], apart[4]), (apart[5], apart[6]), self._lids.own, dt, settings.wink_assist)
        position = self._locate(frame, drift and self._centre.calm)
        if self._file.due(time):
            self._file.save(self._known())
        return Seen(shapes, apart[:3], gaze, closing), position

    def _locate(self, frame: FaceFrame, drift: bool) -> tuple[float, float, float]:
        if frame.position is None:
            return 0.0, 0.0, 0.0
        self._place.update(frame.position, frame.time, drift)
        right, up, nearer = self._place.apart(frame.position)
        return soft(right / SIDEWAYS_RANGE), soft(up / SIDEWAYS_RANGE), soft(nearer / NEARER_RANGE)

    def _easyvtuber(self, shapes: list[float], frame: FaceFrame, landmarks: FloatArray | None) -> FloatArray:
        """With a webcam, what EasyVtuber reads from its landmarks; else what its phone client does."""
        face = measure_webcam(landmarks) if landmarks is not None else None
        if face is None:
            return upstream_map.easyvtuber(shapes, frame.head)
        if self._first is None:
            self._first = face
        return upstream_webcam(face, self._first)

    def _known(self) -> dict[str, float]:
        """What to save: nothing before the first half second, which is when it is known whose face it is."""
        centre = self._centre.known()
        place = {f"place_{name}": value for name, value in self._place.known().items()}
        return {**centre, **place, **self._ranges.known(), **self._lids.known()} if centre else {}

    def _restore(self) -> None:
        place = {f"place_{name}": limits for name, limits in self._place.limits().items()}
        saved = self._file.load({**self._centre.limits(), **place, **self._ranges.limits(), **self._lids.limits()})
        for part in (self._centre, self._ranges, self._lids):
            part.restore(saved)
        self._place.restore({name.removeprefix("place_"): value for name, value in saved.items() if name in place})


def _look(shapes: list[float], looks: tuple[int, ...], nose: float) -> tuple[float, float]:
    """(up, to the subject's own right) of an eye; `nose`: whether inwards is to the right (+1: left eye) or left (-1)."""
    up, down, inwards, outwards = (shapes[index] for index in looks)
    return up - down, nose * (inwards - outwards)
