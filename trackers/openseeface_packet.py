"""OpenSeeFace's datagram → faces. Pure.

Layout, signs and units: facetracker.py and tracker.py of github.com/emilianavt/OpenSeeFace, checked against recordings of the
running program.
"""

from __future__ import annotations

import itertools
import math
import struct
from dataclasses import dataclass

RECORD = 1785
"""Bytes per face; a datagram holds 1 to 39 of them back to back."""

_HEAD = struct.Struct("<di2f2fBf4f3f3f")
"""Time, id, picture size, openness right/left, fitted, fit error, quaternion, Euler degrees, translation."""
_FIRST_POINT, _FIRST_FEATURE = 889, 1729
"""After 68 confidences and 68 landmarks of two numbers: 70 points of three, then the features."""
_USED_POINTS = (36, 45, 58, 62, 60, 64, 66, 67, 68, 69)
"""Outer eye corners, mouth corners (right, left), middle of the inner lips (upper, lower), pupils, eyeballs (right, left)."""
_POINT, _FEATURES = struct.Struct("<3f"), struct.Struct("<14f")
_POINTS_AT = tuple(_FIRST_POINT + point * _POINT.size for point in _USED_POINTS)
_LARGEST = 1e6
"""Points are about 1; what is beyond is not from this program."""


@dataclass(frozen=True)
class Face:
    """What is used of one record. Sides are the subject's own; all numbers are finite."""

    id: int
    open_right: float
    open_left: float
    """Eye openness, 0 closed to 1."""
    fitted: bool
    """False: the angles, position and points below mean nothing."""
    error: float
    """Of the fit, in pixels: 4 to 20 is usual, the program itself gives the face up above 300."""
    pitch: float
    """Degrees, + up, ±180."""
    yaw: float
    """Degrees, + to the subject's own right."""
    roll: float
    """Degrees, + to the subject's own right shoulder, ±180."""
    right: float
    up: float
    depth: float
    """Head position in the program's model units; `depth` is negative, nearer to 0 is nearer to the camera."""
    lips: float
    """Gap of the inner lips. This, `width` and `lift` are shares of the distance between the outer eye corners."""
    width: float
    lift: float
    """Height of the mouth corners above the middle of the inner lips."""
    gaze_right: float
    """Pupil against eyeball, mean of both eyes, in units where the eyeball's radius is about 0.09."""
    gaze_up: float
    gaze_away: float
    """The third component, + away from the camera: about -0.09 when looking straight ahead."""
    features: tuple[float, ...]
    """The program's 14 self-scaling features, each limited to -1..1."""


def parse(payload: bytes) -> list[Face]:
    """All believable faces of a datagram; an empty list when it is not OpenSeeFace's. Never raises."""
    if len(payload) % RECORD:
        return []
    faces = (_parse_face(payload, start) for start in range(0, len(payload), RECORD))
    return [face for face in faces if face is not None]


def wrap(degrees: float) -> float:
    """The same angle within ±180."""
    return math.remainder(degrees, 360.0)


def _parse_face(payload: bytes, start: int) -> Face | None:
    head = _HEAD.unpack_from(payload, start)
    points = [_POINT.unpack_from(payload, start + place) for place in _POINTS_AT]
    features = _FEATURES.unpack_from(payload, start + _FIRST_FEATURE)
    used = (*features, *itertools.chain.from_iterable(points))
    # Not a number or infinite somewhere makes the sum so; "not <" refuses both.
    if not _believable(head) or not sum(map(abs, used)) < _LARGEST:
        return None
    corner_r, corner_l, mouth_r, mouth_l, upper, lower, pupil_r, pupil_l, ball_r, ball_l = points
    unit = max(math.dist(corner_r, corner_l), 1e-3)
    pitch, yaw, roll = head[12:15]
    return Face(
        id=head[1],
        open_right=head[4],
        open_left=head[5],
        fitted=head[6] == 1,
        error=head[7],
        pitch=wrap(180.0 - pitch),
        yaw=-yaw,
        roll=wrap(roll - 90.0),
        up=head[15],
        right=head[16],
        depth=head[17],
        lips=math.dist(upper, lower) / unit,
        width=math.dist(mouth_r, mouth_l) / unit,
        lift=(upper[1] + lower[1] - mouth_r[1] - mouth_l[1]) / 2 / unit,  # y points down
        gaze_right=(pupil_r[0] - ball_r[0] + pupil_l[0] - ball_l[0]) / 2,
        gaze_up=(ball_r[1] - pupil_r[1] + ball_l[1] - pupil_l[1]) / 2,
        gaze_away=(pupil_r[2] - ball_r[2] + pupil_l[2] - ball_l[2]) / 2,
        features=tuple([min(max(value, -1.0), 1.0) for value in features]),
    )


def _believable(head: tuple[float, ...]) -> bool:
    """Whether numbers could come from the program: 1785 bytes of something else almost never pass."""
    return (
        all(map(math.isfinite, head))
        and min(head[2:4]) > 0
        and max(head[2:4]) < 1e5
        and min(head[4:6]) >= -0.01
        and max(head[4:6]) <= 1.01
        and head[6] <= 1
        and max(map(abs, head[12:15])) <= 720
        and max(map(abs, head[15:18])) < _LARGEST
    )
