"""Rounding of poses, so that a change too small to see costs no frame. Pure."""

from __future__ import annotations

import numpy as np

from ezvtb_core.pose import BODY, BREATHING, EYEBROWS, EYES, HEAD, IRIS_ROTATION, MOUTH, SIZE, FloatArray, clamp

LEVELS: tuple[tuple[str, slice, tuple[int, ...], float], ...] = (
    # group, values, steps per unit at level 1 to 4, movement of one unit in pixels of a 512 picture
    ("eyebrows", EYEBROWS, (20, 16, 12, 8), 8.0),
    ("eyes", EYES, (40, 28, 20, 12), 20.0),
    ("mouth", MOUTH, (40, 28, 20, 12), 18.0),
    ("iris", IRIS_ROTATION, (32, 20, 14, 10), 8.0),
    ("head", HEAD, (64, 40, 28, 20), 10.0),
    ("body", BODY, (64, 40, 28, 20), 10.0),
    ("breathing", slice(BREATHING, BREATHING + 1), (24, 16, 12, 8), 5.0),
)
"""At level 1 no step moves anything by more than half a pixel, at level 4 by less than two."""


def _table() -> FloatArray:
    steps = np.ones((4, SIZE), np.float32)
    for _, values, per_level, _ in LEVELS:
        steps[:, values] = np.array(per_level, np.float32)[:, None]
    steps.flags.writeable = False
    return steps


_STEPS = _table()


def quantise(pose: FloatArray, level: int) -> FloatArray:
    """Round `pose` (45,) to the steps of `level` 1..4; 0 and below only limits it, above 4 is 4. Returns float32 (45,).

    Doing it twice changes nothing more, 0 stays 0 (never -0, so that equal poses have equal bytes), the ends of the ranges stay.
    """
    limited = clamp(pose)
    if level <= 0:
        return limited
    steps = _STEPS[min(level, 4) - 1]
    rounded: FloatArray = np.rint(limited * steps) / steps + np.float32(0.0)
    return rounded
