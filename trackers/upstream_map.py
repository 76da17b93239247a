"""What other programs do with ARKit's shapes, reproduced: the converters that this project's ancestors were tuned to.

`tha3` is converter 25 of pkhungurn's talking-head-anime-3-demo (and 4); `mode_20` its twin of talking-head-anime-2, which
EasyVtuber uses, with what EasyVtuber's phone client does to the result in `easyvtuber`. Nothing is corrected here, on purpose:
see docs/trackers/mapping.md for the list of what ours does differently. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezvtb_core.pose import INDEX, SIZE, FloatArray
from trackers.face import SHAPE
from trackers.limits import share
from trackers.mouth_weights import weights

_EYE_FACTOR = 1.0 / 0.75
_PITCH_RANGE, _ROLL_RANGE = 15.0, 15.0
_YAW_RANGE_THA3, _YAW_RANGE_MODE_20 = 10.0, 15.0
"""Degrees that give 1."""
_MOUTH_GAIN = 1.5
"""By which EasyVtuber's phone client opens the mouth further."""
_SIDES = (("left", "Left"), ("right", "Right"))


def tha3(shapes: Sequence[float], head: tuple[float, float, float]) -> FloatArray:
    """Converter 25 with its defaults: shapes (52,) of 0..1 in the order of `ARKIT`, head degrees with our signs → float32 (45,).

    Breath stays 0: it is ours in every mapping.
    """
    pose = _common(shapes)
    up = _of(shapes, "eyeLookUpLeft") + _of(shapes, "eyeLookUpRight")
    down = _of(shapes, "eyeLookDownLeft") + _of(shapes, "eyeLookDownRight")
    _set(pose, "iris_rotation_x", _one((up - down) / 2.0 * _EYE_FACTOR))
    _head(pose, head, _YAW_RANGE_THA3)
    _set(pose, "body_y", pose[INDEX["head_y"]])
    _set(pose, "body_z", pose[INDEX["neck_z"]])
    return np.array(pose, np.float32)


def mode_20(shapes: Sequence[float], head: tuple[float, float, float]) -> FloatArray:
    """The older twin: turning by 15 instead of 10 degrees, a still body, and a slip by which the left eye's look down counts
    up."""
    pose = _common(shapes)
    up = _of(shapes, "eyeLookUpLeft") + _of(shapes, "eyeLookUpRight")
    slip = _of(shapes, "eyeLookDownLeft") - _of(shapes, "eyeLookDownRight")
    _set(pose, "iris_rotation_x", _one((up + slip) / 2.0 * _EYE_FACTOR))
    _head(pose, head, _YAW_RANGE_MODE_20)
    return np.array(pose, np.float32)


def easyvtuber(shapes: Sequence[float], head: tuple[float, float, float]) -> FloatArray:
    """EasyVtuber with a phone: mode 20, the body copies the head, the mouth opens half as wide again (up to 1.5)."""
    pose = mode_20(shapes, head)
    pose[INDEX["body_y"]] = pose[INDEX["head_y"]]
    pose[INDEX["body_z"]] = pose[INDEX["neck_z"]]
    pose[INDEX["mouth_aaa"]] *= _MOUTH_GAIN
    return pose


def _common(shapes: Sequence[float]) -> list[float]:
    """Brows, lids, sideways gaze and mouth, which both converters treat alike."""
    pose = [0.0] * SIZE
    smile = (_of(shapes, "mouthSmileLeft") + _of(shapes, "mouthSmileRight")) / 2.0 + _of(shapes, "mouthShrugUpper")
    happy = share((smile - 0.4) / 0.2)
    for side, apple in _SIDES:
        _set(pose, f"eyebrow_raised_{side}", share(_of(shapes, "browInnerUp") + _of(shapes, f"browOuterUp{apple}")))
        _set(pose, f"eyebrow_angry_{side}", (1.0 - happy) * share(_of(shapes, f"browDown{apple}") / 0.4))
        _set(pose, f"eyebrow_happy_{side}", share(smile) * happy)
        _set(pose, f"eye_surprised_{side}", share(_of(shapes, f"eyeWide{apple}") / 0.5))
        closing = share(_of(shapes, f"eyeBlink{apple}") / 0.8)
        _set(pose, f"eye_wink_{side}", (1.0 - happy) * closing)
        _set(pose, f"eye_happy_wink_{side}", happy * closing)
        _set(pose, f"eye_raised_lower_eyelid_{side}", share((_of(shapes, f"cheekSquint{apple}") - 0.1) / 0.6))
        _set(pose, f"mouth_raised_corner_{side}", share(smile))
    inwards = _of(shapes, "eyeLookInLeft") - _of(shapes, "eyeLookInRight")
    outwards = _of(shapes, "eyeLookOutRight") - _of(shapes, "eyeLookOutLeft")
    _set(pose, "iris_rotation_y", _one((inwards + outwards) / 2.0 * _EYE_FACTOR))
    _mouth(pose, shapes)
    return pose


def _mouth(pose: list[float], shapes: Sequence[float]) -> None:
    opening = share((_of(shapes, "jawOpen") - 0.1) / 0.3)
    if opening <= 0.0:
        frown = share((_of(shapes, "mouthFrownLeft") + _of(shapes, "mouthFrownRight")) / 0.6)
        _set(pose, "mouth_lowered_corner_left", frown)
        _set(pose, "mouth_lowered_corner_right", frown)
        return
    lower = share(_of(shapes, "mouthLowerDownLeft") + _of(shapes, "mouthLowerDownRight"))
    funnel = _of(shapes, "mouthFunnel")
    aaa, iii, uuu, ooo = weights(np.array([opening, lower, funnel, _of(shapes, "mouthPucker")]))
    rounded, open_rounded = share(uuu + ooo), share((funnel - 0.25) / 0.25)
    _set(pose, "mouth_aaa", aaa)
    _set(pose, "mouth_iii", iii)
    _set(pose, "mouth_uuu", rounded * (1.0 - open_rounded))
    _set(pose, "mouth_ooo", rounded * open_rounded)


def _head(pose: list[float], head: tuple[float, float, float], yaw_range: float) -> None:
    pitch, yaw, roll = head
    _set(pose, "head_x", _one(pitch / _PITCH_RANGE))
    _set(pose, "head_y", _one(yaw / yaw_range))
    _set(pose, "neck_z", _one(roll / _ROLL_RANGE))


def _of(shapes: Sequence[float], name: str) -> float:
    return shapes[SHAPE[name]]


def _one(value: float) -> float:
    return min(max(value, -1.0), 1.0)


def _set(pose: list[float], name: str, value: float) -> None:
    pose[INDEX[name]] = value
