"""A frame of iFacialMocap's text → a face: versions 1 and 2, Facemotion3d, MeowFace. Pure.

    trackingStatus-1|mouthSmile_R-3|…|=head#-21.48,-6.03,-6.63,-0.05,-0.1,-0.66|rightEye#6.03,2.44,0.25|leftEye#…|

Shapes are percent, in any order, with `-` (version 1) or `&` (version 2, Facemotion3d; MeowFace with spaces) before the value;
angles are degrees about X, Y, Z, the head's position is in metres. Source: the vendor's page of the protocol and what its
public receivers accept.
"""

from __future__ import annotations

import math
from functools import lru_cache

from trackers.face import FaceFrame
from trackers.shape_names import collect, look, looks_named

LARGEST_FRAME = 16384
"""Bytes; real frames have 950 to 1300."""
_MOST_FIELDS = 512
_FARTHEST = 100.0
"""Metres from the phone beyond which a position is not believed."""
_GROUPS = ("head", "righteye", "lefteye")
_TRACKING = "trackingstatus"
_LONGEST_FIELD = 48
"""Characters of a field that is remembered; the longest real one has 24."""


def parse(payload: bytes, time: float) -> FaceFrame | None:
    """The face of one frame that arrived at `time`; None when it is not of this protocol or its end is missing. Never raises.

    Signs: the phone's axes are ARKit's (x to the subject's own left, y up, z towards the phone), turned about by the right hand;
    hence pitch = -X, yaw = -Y, roll = +Z, and x of the position changes sides. Names that are missing count as 0, unknown ones
    (`hapihapi`, Facemotion3d's `FM_…`) are ignored. Without a single look shape the eyes' own angles are taken.
    """
    if len(payload) > LARGEST_FRAME:
        return None
    fields = payload.decode("ascii", "replace").split("|", _MOST_FIELDS)[:_MOST_FIELDS]
    groups: dict[str, list[float]] = {}
    values: list[tuple[str, float]] = []
    tracking = True
    for field in fields:
        name, group, rest = field.partition("#")
        if group:
            key = name.strip().lstrip("=").strip().lower()
            numbers = _numbers(rest)
            if key in _GROUPS and numbers is not None:
                groups[key] = numbers
            continue
        shape = _known_shape(field) if len(field) <= _LONGEST_FIELD else _shape(field)
        if shape[0] == _TRACKING:
            tracking = shape[1] != 0.0
        elif shape[0]:
            values.append(shape)
    if not tracking:
        return FaceFrame(time, present=False)
    if "head" not in groups:
        return None  # the head comes after the shapes: without it the datagram was cut off
    shapes, named = collect(values)
    if not looks_named(named):
        for side in ("Right", "Left"):
            if f"{side.lower()}eye" in groups:
                x, y = groups[f"{side.lower()}eye"][:2]
                look(shapes, side, -x, -y)
    x, y, z = groups["head"][:3]
    place = groups["head"][3:6]
    position = (-place[0], place[1], place[2]) if len(place) == 3 and max(map(abs, place)) < _FARTHEST else None
    return FaceFrame(time, shapes, (_wrap(-x), _wrap(-y), _wrap(z)), position)


def _wrap(degrees: float) -> float:
    return math.remainder(degrees, 360.0)


def _numbers(text: str) -> list[float] | None:
    """At least three finite numbers separated by commas; None for anything else."""
    parts = text.split(",", 7)[:6]
    try:
        numbers = [float(part) for part in parts if part.strip()]
    except ValueError:
        return None
    return numbers if len(numbers) >= 3 and all(map(math.isfinite, numbers)) else None


def _shape(field: str) -> tuple[str, float]:
    """(name, value) of one field, ("", 0) when it is not one. Version 1 writes a negative value `name--3`."""
    name, separator, value = field.partition("&")
    if not separator:
        name, separator, value = field.partition("-")
    try:
        number = float(value)
    except ValueError:
        return "", 0.0
    name = name.strip()
    if not math.isfinite(number):
        return "", 0.0
    return (_TRACKING if name.lower() == _TRACKING else name, number / 100.0)


# Most fields are those of the frame before: a face at rest changes few of its 54 values.
_known_shape = lru_cache(maxsize=1024)(_shape)
