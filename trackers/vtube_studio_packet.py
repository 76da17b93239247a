"""A datagram of the VTube Studio app on a phone, or of MeowFace → a face. Pure.

Fields as in the vendor's own receiver, github.com/DenchiSoft/VTubeStudioBlendshapeUDPReceiverTest. The meaning of the angles is
not documented; that receiver's sample turns its cube by (-y, -x, z), which public receivers for Talking-Head-Anime agree with.
"""

from __future__ import annotations

import json
import math
from typing import Any

from trackers.face import FaceFrame
from trackers.shape_names import collect

LARGEST = 32768
"""Bytes; real datagrams have about 3000."""
_MOST_BRACKETS = 512
"""Opening brackets, and so a bound on the depth too; a real datagram has about 60, one per shape."""
_MOST_SHAPES = 256
_CENTIMETRE = 0.01
"""Assumed unit of the position: VTube Studio's own parameters for it reach ±15."""
_FARTHEST = 1000.0


def _refuse(constant: str) -> float:
    raise ValueError(constant)


# Whole numbers as floats too: Python may take seconds for thousands of digits.
_decoder = json.JSONDecoder(parse_int=float, parse_constant=_refuse)


def parse(payload: bytes, time: float) -> tuple[FaceFrame, float] | None:
    """(the face that arrived at `time`, the sender's own clock in milliseconds); None when it is not of this protocol.

    Never raises. Capitals of the names do not matter, unknown fields are ignored, the clock is 0 where it is not sent. The
    position is left out where it is 0,0,0 (MeowFace). Signs: pitch = -y, yaw = -x, roll = +z.
    """
    if len(payload) > LARGEST or payload.count(b"{") + payload.count(b"[") > _MOST_BRACKETS:
        return None
    try:
        decoded = _decoder.decode(payload.decode("utf-8-sig").strip("\0"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(decoded, dict):
        return None
    data = {str(name).lower(): value for name, value in decoded.items()}
    entries = data.get("blendshapes")
    if not isinstance(entries, list) or len(entries) > _MOST_SHAPES:
        return None
    clock = _number(data.get("timestamp"))
    if data.get("facefound", True) is False:
        return FaceFrame(time, present=False), clock
    rotation = _vector(data.get("rotation"))
    if rotation is None:
        return None
    shapes, _ = collect(_entry(entry) for entry in entries)
    head = (_wrap(-rotation[1]), _wrap(-rotation[0]), _wrap(rotation[2]))
    return FaceFrame(time, shapes, head, _position(data.get("position"))), clock


def _wrap(degrees: float) -> float:
    return math.remainder(degrees, 360.0)


def _number(value: Any) -> float:
    return value if isinstance(value, float) and math.isfinite(value) else 0.0


def _vector(value: Any) -> tuple[float, float, float] | None:
    """The finite numbers x, y, z of an object; None when it is none."""
    if not isinstance(value, dict):
        return None
    axes = {str(name).lower(): number for name, number in value.items()}
    x, y, z = (axes.get(name) for name in "xyz")
    if not (isinstance(x, float) and isinstance(y, float) and isinstance(z, float)):
        return None
    return (x, y, z) if math.isfinite(x) and math.isfinite(y) and math.isfinite(z) else None


def _entry(entry: Any) -> tuple[str, float]:
    """Name and value of one blend shape; a name that nobody knows when it is none."""
    if not isinstance(entry, dict):
        return "", 0.0
    name, value = entry.get("k"), entry.get("v")
    return (name, value) if isinstance(name, str) and isinstance(value, float) else ("", 0.0)


def _position(value: Any) -> tuple[float, float, float] | None:
    vector = _vector(value)
    if vector is None or not any(vector) or max(map(abs, vector)) > _FARTHEST:
        return None
    x, y, z = vector
    return x * _CENTIMETRE, y * _CENTIMETRE, z * _CENTIMETRE
