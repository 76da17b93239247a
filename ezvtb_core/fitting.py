"""A tracker's pose made to the streamer's taste: mirror, dead zones and gains per group."""

from __future__ import annotations

import numpy as np

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import BODY, EYEBROWS, EYES, HEAD, INDEX, IRIS_ROTATION, MOUTH, NAMES, SIZE, FloatArray, clamp

_TURNS = ("iris_rotation_y", "head_y", "neck_z", "body_y", "body_z")
_GAINS = (
    (HEAD, "head_gain"),
    (BODY, "body_gain"),
    (IRIS_ROTATION, "gaze_gain"),
    (EYES, "lids_gain"),
    (EYEBROWS, "brows_gain"),
    (MOUTH, "mouth_gain"),
)
_RESTS = ((HEAD, "head_rest"), (IRIS_ROTATION, "gaze_rest"), (MOUTH, "mouth_rest"))


def _swapped(name: str) -> str:
    for side, other in (("_left", "_right"), ("_right", "_left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


_MIRRORED = np.array([INDEX[_swapped(name)] for name in NAMES])
_SIGNS: FloatArray = np.ones(SIZE, np.float32)
_SIGNS[[INDEX[name] for name in _TURNS]] = -1


def fit(pose: FloatArray, settings: Settings) -> FloatArray:
    """The pose as the settings of mirror, dead zones and gains want it: float32 (45,), inside the ranges, a new array."""
    fitted = clamp(mirrored(pose) if settings.mirror else pose.copy())
    for group, name in _RESTS:
        rest = getattr(settings, name) / 100
        if rest:
            fitted[group] = _without_rest(fitted[group], rest)
    for group, name in _GAINS:
        gain = getattr(settings, name)
        if gain != 100:
            fitted[group] *= gain / 100
    return clamp(fitted)


def mirrored(pose: FloatArray) -> FloatArray:
    """The mirror image of `pose` (45,): left and right exchanged, turns and tilts reversed."""
    image: FloatArray = pose[_MIRRORED] * _SIGNS
    return image


def _without_rest(values: FloatArray, rest: float) -> FloatArray:
    """Nothing below `rest`, the whole range still reached at 1, and no step between."""
    beyond: FloatArray = np.sign(values) * np.maximum(np.abs(values) - np.float32(rest), 0) / np.float32(1 - rest)
    return beyond
