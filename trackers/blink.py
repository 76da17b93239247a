"""Eye openness of a tracker → closing of the two lids: scaled to the person, linked unless a wink is meant."""

from __future__ import annotations

import math
from collections.abc import Mapping

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
_LOWEST_OPEN = 0.5
"""Who looks less open than this for long is tired, not open."""
_LEAST_SPAN = 0.54
"""Between both levels: with the shares below, noise grows 2.5 times at most. MediaPipe's blinks span 0.3 to 0.9."""
_OPEN_SHARE, _CLOSED_SHARE = 0.85, 0.1
"""Parts of the person's range that already count as fully open and fully closed: no eye reports its extremes each time."""
_BLINK_BEGINS, _BLINK_ENDS = 0.25, 0.15
"""Below the open level."""
_SHORTEST_BLINK, _LONGEST_BLINK = 0.03, 0.6
"""Seconds; longer is a look downwards or a nap."""
_BLINK_WEIGHT, _WEAKEST_BLINK = 0.35, 0.5
"""How much one blink says about the closed level, and the highest level that is believed: three or four blinks find it."""


class _Eye:
    def __init__(self) -> None:
        self.high, self.low = _START_HIGH, _START_LOW
        self._lowest = 1.0
        self._shut = -1.0
        """Seconds since the lid went down; negative: it has not."""

    def closing(self, openness: float, dt: float, learn: bool) -> float:
        if learn:
            self._learn(openness, dt)
        span = max(self.high - self.low, _LEAST_SPAN)
        return min(max((self.high - (1.0 - _OPEN_SHARE) * span - openness) / ((_OPEN_SHARE - _CLOSED_SHARE) * span), 0.0), 1.0)

    def _learn(self, openness: float, dt: float) -> None:
        self._watch_blink(openness, dt)
        if openness > self.high:
            self.high += (openness - self.high) * -math.expm1(-dt / _HIGH_RISE)
        elif openness > (self.high + self.low) / 2:
            self.high = max(self.high + (openness - self.high) * -math.expm1(-dt / _HIGH_FALL), _LOWEST_OPEN)
        if openness < self.low:
            self.low += (openness - self.low) * 0.5
        else:
            self.low += (_START_LOW - self.low) * -math.expm1(-dt / _LOW_RISE)

    def _watch_blink(self, openness: float, dt: float) -> None:
        """Learn from the lowest moment of a blink: many trackers never report a shut eye."""
        if self._shut < 0.0:
            if openness < self.high - _BLINK_BEGINS:
                self._shut, self._lowest = 0.0, openness
            return
        self._shut += dt
        self._lowest = min(self._lowest, openness)
        if openness > self.high - _BLINK_ENDS:
            if _SHORTEST_BLINK <= self._shut <= _LONGEST_BLINK:
                self.low += (min(self._lowest, _WEAKEST_BLINK) - self.low) * _BLINK_WEIGHT
            self._shut = -1.0


class Lids:
    """State of one person's eyes."""

    def __init__(self) -> None:
        self.link = "auto"
        """As the setting `link_blinks`: `auto`, `always` or `never`."""
        self.learn = True
        """Whether the open and closed levels are learned; else those known so far, at first usual ones, serve."""
        self.own = (0.0, 0.0)
        """Closing (left, right) of the last frame, each eye for itself."""
        self._left, self._right = _Eye(), _Eye()
        self._time = float("-inf")
        self._apart_since = float("inf")
        self._winking = False

    def known(self) -> dict[str, float]:
        """What to save: each eye's levels."""
        eyes = (("left", self._left), ("right", self._right))
        return {f"eye_{side}_{end}": getattr(eye, end) for side, eye in eyes for end in ("high", "low")}

    def limits(self) -> dict[str, tuple[float, float]]:
        """Names as in `known`, and what is believable: the open levels in the upper, the closed ones in the lower half."""
        return {name: (_LOWEST_OPEN, 1.0) if name.endswith("high") else (0.0, _WEAKEST_BLINK) for name in self.known()}

    def restore(self, saved: Mapping[str, float]) -> None:
        """Use what `known` gave; what is not there stays as it is."""
        for side, eye in (("left", self._left), ("right", self._right)):
            eye.high = saved.get(f"eye_{side}_high", eye.high)
            eye.low = saved.get(f"eye_{side}_low", eye.low)

    def update(self, open_left: float, open_right: float, turned: float, time: float) -> tuple[float, float]:
        """Closing (left, right), each 0 open to 1 closed.

        Openness is 0..1 of the subject's own eyes, `turned` the head's yaw in degrees, + to the subject's own right,
        `time` in seconds, not decreasing.
        """
        dt = min(max(time - self._time, 0.0), 1.0)
        self._time = time
        left = self._left.closing(min(max(open_left, 0.0), 1.0), dt, self.learn)
        right = self._right.closing(min(max(open_right, 0.0), 1.0), dt, self.learn)
        self.own = (left, right)
        if self.link == "never":
            return left, right
        if abs(turned) > LINK_YAW:
            self._winking, self._apart_since = False, float("inf")
            near = left if turned > 0 else right
            return near, near
        if self.link == "always" or abs(left - right) < (UNLINK_DIFFERENCE if self._winking else LINK_DIFFERENCE):
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
