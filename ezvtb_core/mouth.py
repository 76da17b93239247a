"""The mouth of the tracker and the mouth of sound made into one."""

from __future__ import annotations

import math

import numpy as np

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import INDEX, MOUTH, FloatArray

_SPOKEN = slice(MOUTH.start, INDEX["mouth_delta"] + 1)
"""What sound decides: the vowels. Corners of the mouth are the face's own."""
STALE_SECONDS = 0.3
"""Sound older than this has ended: a microphone delivers ten times as often on the slowest system."""
_FADE_SECONDS = 0.15
"""Time constant of sound coming and going as a source of movement."""
_STRONGER_WIDTH = 0.3
"""Difference of opening over which the stronger of both takes over, so that two equal ones do not flicker."""

Heard = tuple[float, FloatArray]
"""Time of the sound (`time.monotonic()` seconds) and the mouth it makes: float32 (11,), the pose's values of the mouth."""


class MouthMixer:
    """State of one source."""

    def __init__(self) -> None:
        self._weight = 0.0
        self._mouth: FloatArray = np.zeros(MOUTH.stop - MOUTH.start, np.float32)
        self._last = float("-inf")

    def mix(self, pose: FloatArray, heard: Heard | None, now: float, settings: Settings) -> FloatArray:
        """`pose` (45,) with the vowels as the settings `mouth_mix` and `mouth_share` say; the same array without sound."""
        step = min(max(now - self._last, 0.0), 1.0)
        self._last = now
        fresh = heard is not None and now - heard[0] <= STALE_SECONDS
        if heard is not None and fresh:
            self._mouth = heard[1]
        self._weight += (float(fresh) - self._weight) * -math.expm1(-step / _FADE_SECONDS)
        if self._weight < 1e-3:
            return pose
        spoken = self._mouth[: _SPOKEN.stop - _SPOKEN.start]
        seen = pose[_SPOKEN]
        share = self._weight * _share(settings, float(seen.sum()), float(spoken.sum()))
        mixed: FloatArray = pose.copy()
        mixed[_SPOKEN] = seen + (spoken - seen) * np.float32(share)
        return mixed


def _share(settings: Settings, seen: float, spoken: float) -> float:
    """The part of the sound; `seen` and `spoken`: how far both mouths are open, as vowels add up."""
    if settings.mouth_mix == "sound":
        return 1.0
    if settings.mouth_mix == "blend":
        return settings.mouth_share / 100
    return min(max(0.5 + (spoken - seen) / _STRONGER_WIDTH, 0.0), 1.0)
