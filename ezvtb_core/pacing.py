"""Keeping a frame rate without drift, and measuring what came of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

Clock = Callable[[], float]

_PLAIN_SLEEP = 0.05
"""Waits up to this long are not interrupted: `time.sleep` is exact on every system, waiting for an event is not on Windows."""


_LONGEST_BEAT = 0.25
"""Seconds between two poses above which a tracker has no beat worth waiting for."""
_BEAT_GAIN = 0.1
_MISSED_BEATS = 3.0


class Pacer:
    """Absolute deadlines: the n-th is a whole number of periods after the first, however late single ticks were.

    Deadlines that have passed are skipped, never made up for in a burst.
    """

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        self.skipped = 0
        """Deadlines that passed while a tick was still busy."""
        self._clock = clock
        self._due = clock()

    def next(self, period: float) -> float:
        """Seconds to wait for the next deadline, `period` seconds after the last one; 0 when it is now."""
        now = self._clock()
        self._due += period
        late = int((now - self._due) // period)
        if late > 0:
            self.skipped += late
            self._due += late * period
        return max(self._due - now, 0.0)

    def put_off(self) -> None:
        """The last deadline was met late on purpose: the next ones are counted from now. Does nothing when it was met early."""
        self._due = max(self._due, self._clock())

    def restart(self) -> None:
        """The next deadline is counted from now: after the rate has changed or something woke the loop early."""
        self._due = self._clock()


class Rhythm:
    """The beat of a tracker that sends by itself. A tick that waits for the pose expected next to its deadline shows that pose
    at once; one that keeps its deadline shows a pose that is half an interval old on average.

    `tell` is called by the tracker's thread, the rest by the engine's.
    """

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        self._clock = clock
        self._told = threading.Event()
        self._last = float("-inf")
        self._interval = 0.0
        """Seconds between two poses, smoothed; 0 while unknown."""

    def tell(self) -> None:
        """A new pose is there."""
        now = self._clock()
        gap, self._last = now - self._last, now
        if gap > _LONGEST_BEAT:
            self._interval = 0.0
        elif self._interval:
            self._interval += _BEAT_GAIN * (gap - self._interval)
        else:
            self._interval = gap
        self._told.set()

    def near(self, delay: float, period: float) -> float | None:
        """When the pose nearest to a deadline `delay` seconds from now is expected; None when none is within half a `period`."""
        now, interval, last = self._clock(), self._interval, self._last
        if not interval or now - last > _MISSED_BEATS * interval:
            return None
        due = now + delay
        beat = last + max(1, round((due - last) / interval)) * interval
        return beat if abs(beat - due) <= period / 2 else None

    def wait(self, beat: float, period: float) -> None:
        """Until the pose expected at `beat` is there, a quarter of a `period` longer at most."""
        early = beat - min(self._interval, period) / 4 - self._clock()
        if early > 0:
            time.sleep(early)
        self._told.clear()
        if self._last < beat - self._interval / 2:  # else it came before we listened
            self._told.wait(max(beat + period / 4 - self._clock(), 0.0))


def wait(seconds: float, wake: threading.Event) -> bool:
    """Wait, cut short by `wake` when it is a long wait. Returns whether it was; clears `wake`."""
    if seconds > _PLAIN_SLEEP and wake.wait(seconds - _PLAIN_SLEEP / 2):
        wake.clear()
        return True
    time.sleep(min(seconds, _PLAIN_SLEEP / 2) if seconds > _PLAIN_SLEEP else seconds)
    return False


class Meter:
    """Durations or moments of the last few seconds. Not thread-safe."""

    def __init__(self, window: float = 5.0) -> None:
        self._window = window
        self._entries: deque[tuple[float, float]] = deque(maxlen=1024)

    def add(self, now: float, value: float = 0.0) -> None:
        """Note `value` at `now`, seconds."""
        self._entries.append((now, value))

    def percentiles(self, now: float) -> tuple[float, float]:
        """Median and 99th percentile of what was noted within the window; zeros for nothing."""
        self._forget(now)
        if not self._entries:
            return 0.0, 0.0
        low, high = np.percentile([value for _, value in self._entries], (50, 99))
        return float(low), float(high)

    def rate(self, now: float) -> float:
        """Entries per second within the window."""
        self._forget(now)
        if len(self._entries) < 2:
            return 0.0
        return (len(self._entries) - 1) / max(now - self._entries[0][0], 1e-3)

    def _forget(self, now: float) -> None:
        while self._entries and self._entries[0][0] < now - self._window:
            self._entries.popleft()
