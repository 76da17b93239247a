"""From what a tracker saw to what the model draws: presence, mirror, gain, smoothing, rounding. One per source."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import HEAD, INDEX, NAMES, SIZE, FloatArray, TrackedPose, clamp
from ezvtb_core.quantise import quantise
from ezvtb_core.smoothing import OneEuro

_TURNS = ("iris_rotation_y", "head_y", "neck_z", "body_y", "body_z")


def _swapped(name: str) -> str:
    for side, other in (("_left", "_right"), ("_right", "_left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


_MIRRORED = np.array([INDEX[_swapped(name)] for name in NAMES])
_SIGNS: FloatArray = np.ones(SIZE, np.float32)
_SIGNS[[INDEX[name] for name in _TURNS]] = -1


class Idle(Protocol):
    """Movement without a tracker (`trackers.idle.IdleMotion`)."""

    def pose(self, time: float, amount: float) -> FloatArray:
        """The idle pose at `time` seconds, float32 (45,); `amount` 1 is natural."""


class Blend(Protocol):
    """What is shown while the tracker sees nobody (`trackers.presence.Presence`)."""

    def blend(self, live: TrackedPose | None, now: float, idle_pose: FloatArray, hold: float, ease: float) -> FloatArray:
        """The pose to show at `now`, on the clock of `live.time`; float32 (45,)."""


class Movement:
    """The chain of one source with its state. Not thread-safe."""

    def __init__(self, idle: Idle, presence: Blend) -> None:
        self._idle = idle
        self._presence = presence
        self._filter = OneEuro()
        self._last = float("-inf")

    def pose(self, tracked: TrackedPose | None, now: float, settings: Settings) -> FloatArray:
        """The pose to draw at `now` (seconds, on the clock of `tracked.time`): float32 (45,), inside the ranges, rounded.

        Equal results have equal bytes, so they can be compared and looked up as such.
        """
        idle = self._idle.pose(now, settings.idle_motion / 100)
        pose = self._presence.blend(tracked, now, idle, settings.hold_seconds, settings.ease_seconds)
        if settings.mirror:
            pose = mirrored(pose)
        if settings.head_gain != 100:
            pose = pose.copy()
            pose[HEAD] *= settings.head_gain / 100
        self._filter.smoothing = settings.smoothing
        pose = self._filter(clamp(pose), now - self._last)
        self._last = now
        return quantise(pose, settings.quantise)


def mirrored(pose: FloatArray) -> FloatArray:
    """The mirror image of `pose` (45,): left and right exchanged, turns and tilts reversed."""
    image: FloatArray = pose[_MIRRORED] * _SIGNS
    return image
