"""Movement of a character that nobody drives: breath, blinks, glances, sway. A tracker of its own and an overlay for others."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import INDEX, FloatArray, TrackedPose, TrackerStatus, clamp, neutral, smoothstep
from trackers.context import Context

BREATHS_PER_SECOND = 14 / 60
"""An adult at rest takes 12 to 20 breaths a minute (Barrett et al., Ganong's Review of Medical Physiology)."""
BLOCK_SECONDS = 60.0
"""Blinks and glances are drawn for one minute at a time, each from its own seed, so that any time can be asked for at once."""

CLOSING_SECONDS, CLOSED_SECONDS, OPENING_SECONDS = 0.08, 0.04, 0.15
"""A spontaneous lid closes about twice as fast as it opens (Evinger et al. 1991; VanderWerf et al. 2003). Closed for more than
1/30 s, so that a picture at 30 per second always shows it."""
BLINK_MEAN_SECONDS, _BLINK_SPREAD = 4.0, 0.5
"""15 blinks a minute at rest (Bentivoglio et al. 1997: 17); intervals are skewed like a log-normal distribution."""
_BLINK_SHORTEST, _BLINK_LONGEST = 1.0, 12.0
_DOUBLE_SHARE, _DOUBLE_SECONDS = 0.12, 0.38
_BLINK_SPAN = CLOSING_SECONDS + CLOSED_SECONDS + OPENING_SECONDS

_FIXATION_MEDIAN, _FIXATION_SPREAD, _FIXATION_SHORTEST = 1.5, 0.6, 0.35
_DEGREES_PER_UNIT = 30.0
"""What one unit of iris rotation looks like."""
_GLANCE_SPREAD = (0.09, 0.16)
_GLANCE_LIMIT = (0.25, 0.45)
"""Vertical, horizontal; glances are small and mostly sideways."""

_SWAY: tuple[tuple[str, float, tuple[float, ...]], ...] = (
    ("head_x", 0.20, (5.3, 9.1, 17.9)),
    ("head_y", 0.35, (6.7, 11.3, 23.9)),
    ("neck_z", 0.28, (7.9, 13.7, 29.3)),
    ("body_y", 0.20, (8.3, 19.1)),
    ("body_z", 0.20, (9.7, 21.7)),
)
"""Name, largest movement, periods in seconds: no common multiple, so it does not repeat visibly."""


class _Jump(NamedTuple):
    """The eyes leave for a new place."""

    start: float
    seconds: float
    up: float
    right: float


class _Block(NamedTuple):
    """Events of one minute; times count from its start. Nothing reaches over its end, and the gaze begins and ends ahead."""

    blinks: tuple[float, ...]
    jumps: tuple[_Jump, ...]


def saccade_seconds(amplitude: float) -> float:
    """Duration of an eye movement of `amplitude` iris units: 21 ms + 2.2 ms per degree (the main sequence; Carpenter 1988).

    Never under 30 ms: the smallest ones would be shorter than a frame.
    """
    return max(0.021 + 0.0022 * amplitude * _DEGREES_PER_UNIT, 0.03)


class IdleMotion:
    """Idle poses as a pure function of seed, time and amount."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = abs(seed)
        phases = np.random.default_rng((self._seed, 0)).uniform(0.0, math.tau, 32)
        self._phases: list[float] = phases.tolist()

    def pose(self, time: float, amount: float) -> FloatArray:
        """The pose at `time` seconds, float32 (45,), inside the ranges.

        `amount` 1 is natural, 2 lively. Blinks are whole at every amount above 0; at 0 the face is completely still.
        """
        pose = neutral()
        if amount <= 0.0 or not math.isfinite(time):
            return pose
        pose[INDEX["breathing"]] = self._breath(time, amount)
        blink = self._blink(time)
        up, right = self._gaze(time)
        pose[INDEX["iris_rotation_x"]], pose[INDEX["iris_rotation_y"]] = up * amount, right * amount
        phases = iter(self._phases)
        for name, size, periods in _SWAY:
            pose[INDEX[name]] = amount * size * _wave(time, periods, phases)
        smile = 0.14 + 0.10 * _wave(time, (8.9, 15.7), phases)
        brow = max(_wave(time, (12.1, 20.9), phases) - 0.3, 0.0) * 0.3
        for side in ("left", "right"):
            pose[INDEX[f"eye_wink_{side}"]] = blink
            pose[INDEX[f"mouth_raised_corner_{side}"]] = amount * smile
            pose[INDEX[f"eyebrow_raised_{side}"]] = amount * brow
        return clamp(pose)

    def _breath(self, time: float, amount: float) -> float:
        """Raised cosine; rate and depth wander by about a tenth. Depth grows ever less with the amount: it must not clip."""
        first, second, third = self._phases[-3:]
        wander = 0.35 * math.sin(math.tau * time / 31.0 + first) + 0.25 * math.sin(math.tau * time / 12.7 + second)
        depth = (1.0 - math.exp(-2.0 * amount)) * (0.92 + 0.08 * math.sin(math.tau * time / 41.0 + third))
        return depth * (1.0 - math.cos(math.tau * BREATHS_PER_SECOND * time + wander)) / 2.0

    def _blink(self, time: float) -> float:
        block, inside = self._at(time)
        return max((_lid(inside - start) for start in block.blinks), default=0.0)

    def _gaze(self, time: float) -> tuple[float, float]:
        block, inside = self._at(time)
        up = right = 0.0
        for jump in block.jumps:
            if inside < jump.start:
                break
            share = smoothstep((inside - jump.start) / jump.seconds)
            up, right = up + (jump.up - up) * share, right + (jump.right - right) * share
        return up, right

    def _at(self, time: float) -> tuple[_Block, float]:
        number = math.floor(time / BLOCK_SECONDS)
        return _block(self._seed, number), time - number * BLOCK_SECONDS


def _wave(time: float, periods: tuple[float, ...], phases: Iterator[float]) -> float:
    """Mean of sines, -1..1; takes one phase for each period."""
    return sum(math.sin(math.tau * time / period + next(phases)) for period in periods) / len(periods)


@lru_cache(maxsize=8)
def _block(seed: int, number: int) -> _Block:
    random = np.random.default_rng((seed, 1, number & 0xFFFFFFFF))
    return _Block(_draw_blinks(random), _draw_jumps(random))


def _draw_blinks(random: np.random.Generator) -> tuple[float, ...]:
    middle = math.log(BLINK_MEAN_SECONDS) - _BLINK_SPREAD**2 / 2
    # The first interval of a minute began at a random moment of the minute before.
    time = float(random.uniform(0.3, BLINK_MEAN_SECONDS))
    blinks = []
    while time < BLOCK_SECONDS - 2 * _BLINK_SPAN - _DOUBLE_SECONDS:
        blinks.append(time)
        if random.random() < _DOUBLE_SHARE:
            blinks.append(time + _DOUBLE_SECONDS)
        time = blinks[-1] + min(max(float(random.lognormal(middle, _BLINK_SPREAD)), _BLINK_SHORTEST), _BLINK_LONGEST)
    return tuple(blinks)


def _draw_jumps(random: np.random.Generator) -> tuple[_Jump, ...]:
    jumps: list[_Jump] = []
    time, up, right = 0.0, 0.0, 0.0
    while True:
        time += max(float(random.lognormal(math.log(_FIXATION_MEDIAN), _FIXATION_SPREAD)), _FIXATION_SHORTEST)
        last = time > BLOCK_SECONDS - 1.0
        if last:
            time = BLOCK_SECONDS - 0.5
            target = (0.0, 0.0)
        else:
            drawn = random.normal(0.0, _GLANCE_SPREAD)
            target = (
                min(max(float(drawn[0]), -_GLANCE_LIMIT[0]), _GLANCE_LIMIT[0]),
                min(max(float(drawn[1]), -_GLANCE_LIMIT[1]), _GLANCE_LIMIT[1]),
            )
        seconds = saccade_seconds(math.hypot(target[0] - up, target[1] - right))
        jumps.append(_Jump(time, seconds, *target))
        if last:
            return tuple(jumps)
        up, right = target


def _lid(since: float) -> float:
    """Closing 0..1 of a blink that began `since` seconds ago."""
    if not 0.0 <= since <= _BLINK_SPAN:
        return 0.0
    if since < CLOSING_SECONDS:
        return smoothstep(since / CLOSING_SECONDS)
    return 1.0 - smoothstep((since - CLOSING_SECONDS - CLOSED_SECONDS) / OPENING_SECONDS)


class IdleTracker:
    """A `Tracker` that needs no hardware and is always live. Uses the setting `idle_motion`."""

    def __init__(self, settings: Settings, context: Context, now: Callable[[], float] = clock.monotonic) -> None:
        self._motion = IdleMotion(context.seed)
        self._now = now
        self._amount = settings.idle_motion / 100.0

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """See `Tracker`; nothing to open, and always something new."""

    def stop(self) -> None:
        """See `Tracker`; nothing to release."""

    def update(self, settings: Settings) -> None:
        """Take over the settings that apply live: the amount."""
        self._amount = settings.idle_motion / 100.0

    def latest(self) -> TrackedPose:
        """The pose of this moment."""
        now = self._now()
        return TrackedPose(now, self._motion.pose(now, self._amount))

    def status(self) -> TrackerStatus:
        """See `Tracker`."""
        return TrackerStatus("live", Notice("idle_live"))

    def recentre(self) -> None:
        """See `Tracker`; idle movement is centred already."""
