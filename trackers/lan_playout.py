"""Steady motion from an unsteady network: poses are shown as regularly as they were sent.

Between sending and arrival lies a part that nobody knows (two clocks, and the way) and a part that varies: how much later than
the quickest of the last seconds a pose is. While it varies, everything is shown later by what is usual, and the moments between
two poses are filled in. On a steady network the newest pose is shown as it is, with no delay at all.
"""

from __future__ import annotations

import threading
from collections import deque

from ezvtb_core.pose import TrackedPose, lerp

LONGEST_SECONDS = 0.1
"""Delay for the sake of steadiness, at most."""
STEADY_SECONDS = 0.008
"""Half a frame at 60 per second: for less, nothing is delayed."""
WINDOW = 240
"""Poses that are judged: 4 s at 60 per second."""
_USUAL = 0.95
"""Share of the poses that the delay waits for; a hiccup now and then must not slow down all others."""
_ADAPTION = 0.02
"""Part of the way to another delay that is gone with each pose: a delay that jumps would be a jump itself."""
_PAUSE_SECONDS = 1.0
_GAP_SECONDS = 0.15
"""Poses further apart are not joined."""
_WRAP = 1 << 32


class Playout:
    """The poses of one sender. `add` is for the thread that receives, `latest` for any other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offsets: deque[float] = deque(maxlen=WINDOW)
        self._samples: deque[tuple[float, TrackedPose]] = deque(maxlen=64)
        self._milliseconds = 0
        self._sent = 0.0
        self._interval = 0.0
        self._lag = 0.0
        self.delay = 0.0
        """Seconds by which poses are held back at present; 0 on a steady network."""

    def restart(self) -> None:
        """Another sender, with another clock."""
        self._offsets.clear()

    def add(self, milliseconds: int, tracked: TrackedPose) -> bool:
        """Take a pose with the sender's clock; `tracked.time` is its arrival. True when it is shown at once."""
        with self._lock:
            if self._samples and tracked.time - self._samples[-1][1].time > _PAUSE_SECONDS:
                self.restart()
            fresh = not self._offsets
            # Differences survive the wrap of the clock, forwards and backwards.
            step = ((milliseconds - self._milliseconds + _WRAP // 2) % _WRAP - _WRAP // 2) / 1000
            self._milliseconds, self._sent = milliseconds, self._sent + step
            if fresh or not 0.0 <= step <= _PAUSE_SECONDS:
                self._samples.clear()  # a clock that was set: nothing before it can be compared
                self._offsets.clear()
                fresh = True
            else:
                self._interval += (min(step, _GAP_SECONDS) - self._interval) * _ADAPTION
            self._samples.append((self._sent, tracked))
            self._offsets.append(tracked.time - self._sent)
            self._adapt(fresh)
            return self.delay == 0.0

    def latest(self, now: float) -> TrackedPose | None:
        """What is to be shown at `now`; None before the first. Its time lies between the arrivals around it."""
        with self._lock:
            samples = list(self._samples)
            delay, moment = self.delay, now - self._lag
        if not samples:
            return None
        if delay == 0.0 or moment >= samples[-1][0]:
            return samples[-1][1]
        after = next((index for index, (sent, _) in enumerate(samples) if sent > moment), len(samples))
        if after == 0:
            return samples[0][1]
        (first, before), (second, following) = samples[after - 1], samples[after]
        if second - first > _GAP_SECONDS:
            return before
        share = (moment - first) / (second - first)
        x, y, z = (old + (new - old) * share for old, new in zip(before.position, following.position, strict=True))
        time = before.time + (following.time - before.time) * share
        return TrackedPose(time, lerp(before.pose, following.pose, share), (x, y, z))

    def _adapt(self, fresh: bool) -> None:
        offsets = sorted(self._offsets)
        usual = offsets[int(_USUAL * (len(offsets) - 1))] - offsets[0]
        wanted = 0.0
        if usual > STEADY_SECONDS:
            # By one interval more, there is always a pose after the moment that is shown.
            wanted = min(usual + self._interval, LONGEST_SECONDS)
        target = offsets[0] + wanted
        self._lag += target - self._lag if fresh else (target - self._lag) * _ADAPTION
        delay = self._lag - offsets[0]
        self.delay = 0.0 if wanted == 0.0 and delay < STEADY_SECONDS else delay
