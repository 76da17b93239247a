"""Eye openness of a tracker → closing of the two lids: scaled to the person, linked unless a wink is meant."""

from __future__ import annotations

import math
from dataclasses import dataclass

LINK_DIFFERENCE = 0.25
"""Eyes whose closing differs less belong together: camera trackers report up to 0.25 between eyes that blink as one."""
UNLINK_DIFFERENCE = 0.2
"""A wink ends below this: lower than where it begins, so that it does not flicker."""
LINK_YAW = 20.0
"""Degrees of turning beyond which the far eye is not seen well enough; the near eye then moves both."""
WINK_SECONDS = 0.08
"""How long the eyes must differ before it counts as a wink: two frames of a 25 Hz tracker."""

_HIGH_RISE, _HIGH_FALL, _LOW_RISE = 0.5, 20.0, 60.0
"""Time constants in seconds: a person's open level is found at once and forgotten slowly, the closed level very slowly."""
_START_HIGH, _START_LOW = 1.0, 0.25
_OPEN_SHARE, _CLOSED_SHARE = 0.85, 0.1
"""Parts of the person's range that already count as fully open and fully closed: no eye reports its extremes each time."""


@dataclass
class _Eye:
    high: float = _START_HIGH
    low: float = _START_LOW

    def closing(self, openness: float, dt: float) -> float:
        if openness > self.high:
            self.high += (openness - self.high) * -math.expm1(-dt / _HIGH_RISE)
        elif openness > (self.high + self.low) / 2:
            self.high += (openness - self.high) * -math.expm1(-dt / _HIGH_FALL)
        if openness < self.low:
            self.low += (openness - self.low) * 0.5
        else:
            self.low += (_START_LOW - self.low) * -math.expm1(-dt / _LOW_RISE)
        span = max(self.high - self.low, 0.2)
        return min(max((self.low + _OPEN_SHARE * span - openness) / ((_OPEN_SHARE - _CLOSED_SHARE) * span), 0.0), 1.0)


class Lids:
    """State of one person's eyes."""

    def __init__(self) -> None:
        self._left, self._right = _Eye(), _Eye()
        self._time = float("-inf")
        self._apart_since = float("inf")
        self._winking = False

    def update(self, open_left: float, open_right: float, turned: float, time: float) -> tuple[float, float]:
        """Closing (left, right), each 0 open to 1 closed.

        Openness is 0..1 of the subject's own eyes, `turned` the head's yaw in degrees, + to the subject's own right,
        `time` in seconds, not decreasing.
        """
        dt = min(max(time - self._time, 0.0), 1.0)
        self._time = time
        left = self._left.closing(min(max(open_left, 0.0), 1.0), dt)
        right = self._right.closing(min(max(open_right, 0.0), 1.0), dt)
        if abs(turned) > LINK_YAW:
            self._winking, self._apart_since = False, float("inf")
            near = left if turned > 0 else right
            return near, near
        if abs(left - right) < (UNLINK_DIFFERENCE if self._winking else LINK_DIFFERENCE):
            self._winking, self._apart_since = False, float("inf")
            both = (left + right) / 2
            return both, both
        self._apart_since = min(self._apart_since, time)
        self._winking = self._winking or time - self._apart_since >= WINK_SECONDS - 1e-6
        if self._winking:
            return left, right
        # Undecided: the eye that closes less, so that a wink does not begin with half a blink of the other eye.
        less = min(left, right)
        return less, less
