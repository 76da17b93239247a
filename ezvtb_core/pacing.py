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

    def restart(self) -> None:
        """The next deadline is counted from now: after the rate has changed or something woke the loop early."""
        self._due = self._clock()


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
