"""A person against a tracker's numbers: where their rest is, how far they move. Pure: time is given by the caller.

`Centre` is straight ahead, found by asking (half a second) and kept by waiting (minutes); `Span` is how far one movement goes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from statistics import median

from trackers.limits import share

RECENTRE_SECONDS = 0.5
_RECENTRE_SAMPLES = 5
_FORGOTTEN_SECONDS = 1.0
"""A pause that makes earlier samples of a recentring worthless."""
DRIFT_SECONDS = 180.0
"""Time constant of the slow drift. Who looks 12 degrees aside for 20 s moves the centre by 1.3, who sits like that for ten
minutes has it there."""
DRIFT_WITHIN = 12.0
"""Degrees from the centre within which the drift believes that a posture is meant, not a look at something."""
_CALM_SWAY, _SWAY_SECONDS = 3.0, 1.0
"""Degrees by which a calm head differs from its own average of the last second or so. Of the recorded speakers the expressive one
stays below for most of the time, the one who turns a lot hardly ever; the jitter of a camera tracker stays far below."""
_LONGEST_STEP = 0.25
"""Seconds between two frames that count as such; what is longer was a pause, of which nothing is known."""


class Centre:
    """The resting values of some measurements, the first of which are angles in degrees, as these wrap."""

    def __init__(self, names: Sequence[str], angles: int, drifting: int) -> None:
        """`drifting`: how many of the first take part in the slow drift."""
        self.names = tuple(names)
        self.calm = False
        """Whether the angles hardly changed lately, near the rest."""
        self._angles, self._drifting = angles, drifting
        self._rest: list[float] | None = None
        self._collecting, self._sure = True, False
        self._samples: deque[list[float]] = deque(maxlen=64)
        self._began = self._last = float("-inf")
        self._average: list[float] = []
        self._sway = 0.0

    def restart(self) -> None:
        """Collect again; the old rest serves until the new one is known."""
        self._collecting = True
        self._samples.clear()

    def update(self, values: Sequence[float], time: float, drift: bool) -> bool:
        """Take a frame of finite values at `time` (seconds, not decreasing). True when a recentring has just been completed.

        `drift`: whether this frame may move the rest slowly, which it does while the angles are calm and near it.
        """
        dt, self._last = time - self._last, time
        self._watch(values, dt)
        if self._collecting:
            return self._collect(values, time, dt)
        if drift and self.calm and self._rest is not None:
            follow = -math.expm1(-min(max(dt, 0.0), _LONGEST_STEP) / DRIFT_SECONDS)
            apart = self.apart(values)
            for index in range(self._drifting):
                moved = self._rest[index] + apart[index] * follow
                self._rest[index] = math.remainder(moved, 360.0) if index < self._angles else moved
        return False

    def apart(self, values: Sequence[float]) -> list[float]:
        """`values` from the rest; all zero before the first frame."""
        rest = self._rest if self._rest is not None else values
        differences = [value - middle for value, middle in zip(values, rest, strict=True)]
        differences[: self._angles] = [math.remainder(angle, 360.0) for angle in differences[: self._angles]]
        return differences

    @property
    def rest(self) -> Sequence[float]:
        """The resting values in the order of `names`; zeros before the first frame."""
        return self._rest if self._rest is not None else [0.0] * len(self.names)

    def known(self) -> dict[str, float]:
        """What to save: the rest by name; empty while it is not known for sure, or nothing that anybody would believe."""
        if self._rest is None or not self._sure:
            return {}
        found = {f"rest_{name}": value for name, value in zip(self.names, self._rest, strict=True)}
        limits = self.limits()
        return found if all(limits[name][0] <= value <= limits[name][1] for name, value in found.items()) else {}

    def limits(self) -> dict[str, tuple[float, float]]:
        """Names as in `known`, and what is believable."""
        most = [180.0] * self._angles + [1e3] * (len(self.names) - self._angles)
        return {f"rest_{name}": (-limit, limit) for name, limit in zip(self.names, most, strict=True)}

    def restore(self, saved: Mapping[str, float]) -> None:
        """Use what `known` gave, at once and without collecting; nothing happens when it is not all there."""
        names = [f"rest_{name}" for name in self.names]
        if all(name in saved for name in names):
            self._rest = [saved[name] for name in names]
            self._collecting, self._sure = False, True

    def _watch(self, values: Sequence[float], dt: float) -> None:
        angles = values[: self._angles]
        if not self._average or not 0.0 <= dt <= _FORGOTTEN_SECONDS:
            self._average, self._sway = list(angles), 0.0
        sway, follow = 0.0, -math.expm1(-min(max(dt, 0.0), _FORGOTTEN_SECONDS) / _SWAY_SECONDS)
        for index, angle in enumerate(angles):
            away = math.remainder(angle - self._average[index], 360.0)
            self._average[index] += away * follow
            sway = max(sway, abs(away))
        self._sway += (sway - self._sway) * follow
        near = all(abs(angle) <= DRIFT_WITHIN for angle in self.apart(values)[: self._angles])
        self.calm = near and self._sway <= _CALM_SWAY

    def _collect(self, values: Sequence[float], time: float, dt: float) -> bool:
        if dt > _FORGOTTEN_SECONDS:
            self._samples.clear()
        if not self._samples:
            self._began = time
        self._samples.append(list(values))
        # Angles relative to the first one, so that a median across ±180° is the middle and not the other side.
        first = self._samples[0]
        found = []
        for index, column in enumerate(zip(*self._samples, strict=True)):
            if index < self._angles:
                middle = first[index] + median(math.remainder(value - first[index], 360.0) for value in column)
                found.append(math.remainder(middle, 360.0))
            else:
                found.append(median(column))
        done = time - self._began >= RECENTRE_SECONDS and len(self._samples) >= _RECENTRE_SAMPLES
        if done or not self._sure:
            self._rest = found
        if done:
            self._collecting, self._sure = False, True
        return done


class Span:
    """How far one movement of a person goes, learned as two quantiles, within limits."""

    LEAST = 0.4
    """Shortest span: whoever moves less is amplified 2.5 times at most, and so is noise."""
    _LOW_RATE = 0.02
    """Per second. The lower end goes slowly, as a talking face is seldom at rest."""
    _HIGH_SHARE, _HIGH_RATE = 0.98, 0.25
    """The upper end is passed 2 % of the time: a second beyond raises it by 0.25, 50 s below lower it by as much."""

    def __init__(
        self, low: float, high: float, low_limits: tuple[float, float], high_limits: tuple[float, float], rest_share: float
    ) -> None:
        """Where both ends start and what they may become; `rest_share`: the part of the time spent below the lower end."""
        self.low, self.high = low, high
        self._low_limits, self._high_limits, self._rest_share = low_limits, high_limits, rest_share

    def learn(self, value: float, dt: float) -> None:
        """Take a value that lasted `dt` seconds."""
        dt = min(max(dt, 0.0), _LONGEST_STEP)
        # A quantile q moves up by q and down by 1 - q: it rests where that share of the time is below.
        low_step = self._rest_share if value > self.low else self._rest_share - 1.0
        high_step = self._HIGH_SHARE if value > self.high else self._HIGH_SHARE - 1.0
        self.low = self._limited(self.low + self._LOW_RATE * dt * low_step, self._low_limits)
        self.high = self._limited(self.high + self._HIGH_RATE * dt * high_step, self._high_limits)

    def rest(self, value: float) -> None:
        """Take a value as that of a resting face."""
        self.low = self._limited(value, self._low_limits)

    def share(self, value: float) -> float:
        """Where in the span a value is, 0..1."""
        span = self.high - self.low
        return share((value - self.low) / (span if span > self.LEAST else self.LEAST))

    @staticmethod
    def _limited(value: float, limits: tuple[float, float]) -> float:
        low, high = limits
        return low if value < low else high if value > high else value

    def limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """What both ends may be."""
        return self._low_limits, self._high_limits
