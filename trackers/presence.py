"""What is shown when the tracker sees nobody: hold, ease to idle, and back without a jump. Also the life that trackers lack.

Pure: no clock, no threads.
"""

from __future__ import annotations

import numpy as np

from ezvtb_core.pose import BREATHING, CLOSINGS, WINK, FloatArray, Times, TrackedPose, lerp, neutral, smoothstep

STALE_SECONDS = 0.4
"""A pose older than this is a lost one; the largest hole of a healthy camera tracker on a busy machine was 0.12 s."""
BLIND_SECONDS = 12.0
"""A person blinks every few seconds: a live tracker without one blink for this long does not see them."""
BLINK_SEEN = 0.4
"""Closing that counts as a blink seen."""
_BLINK_FADE_SECONDS = 0.25
_LIDS_OPEN_SECONDS = 0.2
_LONGEST_STEP = 0.5
"""Frames further apart than this are a pause of ours, not time that the tracker had for blinking."""


class Presence:
    """The loss policy of one avatar. States: `idle`, `live`, `hold`, `ease`."""

    def __init__(self) -> None:
        self.state = "idle"
        self._from = neutral()  # the picture when the state began, without the overlay of breath and blinks
        self._base = neutral()
        self._since = float("-inf")
        self._last = float("-inf")
        self._unblinking = 0.0  # live seconds without a blink
        self._blink_weight = 1.0

    def blend(self, live: TrackedPose | None, now: float, idle_pose: FloatArray, times: Times) -> FloatArray:
        """The pose to show at `now` (seconds, as `live.time`), a new float32 (45,) inside the ranges.

        `live` is the tracker's newest pose, None before the first; `idle_pose` the idle movement of this moment, float32
        (45,). Breath is always idle's. Idle's blinks show while nobody is seen,
        and while live when the tracker has seen no blink for `BLIND_SECONDS`.
        """
        step = min(max(now - self._last, 0.0), _LONGEST_STEP) if self._last > float("-inf") else 0.0
        self._last = now
        self._choose(live, now, times)
        inside = now - self._since
        if self.state == "live":
            assert live is not None
            self._base = _mix(self._from, live.pose, inside / max(times.recover, 1e-3))
            self._watch_blinks(live.pose, step)
        elif self.state == "hold":
            # Who was lost in the middle of a blink would stand there with shut eyes.
            self._base[CLOSINGS] = self._from[CLOSINGS] * (1.0 - smoothstep(inside / _LIDS_OPEN_SECONDS))
        elif self.state == "ease":
            self._base = _mix(self._from, idle_pose, inside / max(times.ease, 1e-3))
        else:
            self._base = idle_pose.copy()
        return self._overlay(idle_pose, step)

    def _choose(self, live: TrackedPose | None, now: float, times: Times) -> None:
        age = now - live.time if live is not None else float("inf")
        if age <= STALE_SECONDS:
            wanted = "live"
        elif self.state in ("live", "hold"):
            wanted = "hold" if age < max(times.hold, STALE_SECONDS) else "ease"
        else:
            wanted = "ease" if self.state == "ease" and now - self._since < times.ease else "idle"
        if wanted != self.state:
            self.state, self._since = wanted, now
            self._from = self._base.copy()

    def _watch_blinks(self, pose: FloatArray, step: float) -> None:
        seen = float(pose[CLOSINGS].max()) >= BLINK_SEEN
        self._unblinking = 0.0 if seen else self._unblinking + step

    def _overlay(self, idle_pose: FloatArray, step: float) -> FloatArray:
        wanted = self.state != "live" or self._unblinking >= BLIND_SECONDS
        change = step / _BLINK_FADE_SECONDS
        self._blink_weight = min(self._blink_weight + change, 1.0) if wanted else max(self._blink_weight - change, 0.0)
        pose: FloatArray = self._base.copy()
        pose[BREATHING] = idle_pose[BREATHING]
        # Together they shut an eye once: what is shut already, smiling or not, is not shut further.
        room = 1.0 - pose[CLOSINGS][2:]
        pose[WINK] = np.maximum(pose[WINK], np.minimum(self._blink_weight * idle_pose[WINK], room))
        return pose


def _mix(start: FloatArray, end: FloatArray, share: float) -> FloatArray:
    """Smooth blend; exactly `end` once `share` reaches 1, so that a live pose arrives unchanged."""
    if share < 1.0:
        return lerp(start, end, smoothstep(share))
    arrived: FloatArray = end.copy()
    return arrived
