"""Movement to measure with. What stays still decides how much of a model has to run."""

from __future__ import annotations

import numpy as np

from ezvtb_core.commands.render import Poses
from ezvtb_core.pose import EYEBROWS, HIGHEST, LOWEST, SIZE

FPS = 30.0
SPEEDS = (0.2, 1.0)
"""Slowest and fastest of the 45 values, in cycles per second."""
FACE = slice(0, 39)
STILL = {"everything": slice(0, 0), "still_face": FACE, "still_eyebrows": EYEBROWS}
"""Pattern → the part of the pose that does not move in it."""


def moving(count: int) -> Poses:
    """(N, 45) float32: every value swings through the middle half of its range at a pace of its own, new in every frame."""
    random = np.random.default_rng(0)
    speeds, phases = random.uniform(*SPEEDS, SIZE), random.uniform(0, 2 * np.pi, SIZE)
    swing = np.sin(2 * np.pi * speeds * np.arange(count)[:, None] / FPS + phases)
    middle, reach = (HIGHEST + LOWEST) / 2, (HIGHEST - LOWEST) / 4
    return (middle + reach * swing).astype(np.float32)


def variants(poses: Poses, only: str | None = None) -> dict[str, Poses]:
    """Pattern → `poses` with a part of them held at what it is in the first; all patterns, or `only` one."""
    made = {}
    for name in STILL if only is None else (only,):
        made[name] = np.array(poses)
        made[name][:, STILL[name]] = poses[0, STILL[name]]
    return made
