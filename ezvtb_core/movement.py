"""From what a tracker saw to what the model draws: fitting, presence, sound, smoothing, expressions, rounding. One per source."""

from __future__ import annotations

from typing import Protocol

from ezvtb_core.expressions import Expressions
from ezvtb_core.fitting import fit
from ezvtb_core.link.framebuffer import UNMOVED, Placement
from ezvtb_core.link.settings import Settings
from ezvtb_core.mouth import Heard, MouthMixer
from ezvtb_core.placing import Placing
from ezvtb_core.pose import FloatArray, Times, TrackedPose, clamp, neutral
from ezvtb_core.quantise import quantise
from ezvtb_core.smoothing import OneEuro


class Idle(Protocol):
    """Movement without a tracker (`trackers.idle.IdleMotion`)."""

    def pose(self, time: float, amount: float) -> FloatArray:
        """The idle pose at `time` seconds, float32 (45,); `amount` 1 is natural."""


class Blend(Protocol):
    """What is shown while the tracker sees nobody (`trackers.presence.Presence`)."""

    def blend(self, live: TrackedPose | None, now: float, idle_pose: FloatArray, times: Times) -> FloatArray:
        """The pose to show at `now`, on the clock of `live.time`; float32 (45,)."""


class Movement:
    """The chain of one source with its state. Not thread-safe."""

    def __init__(self, idle: Idle, presence: Blend, expressions: Expressions | None = None) -> None:
        self.expressions = expressions or Expressions()
        self.placement: Placement = UNMOVED
        """Where the picture belongs with the pose that was given last."""
        self._idle = idle
        self._presence = presence
        self._mixer = MouthMixer()
        self._placing = Placing()
        self._filter = OneEuro()
        self._last = float("-inf")
        self._tracked: TrackedPose | None = None
        self._settings: Settings | None = None
        self._fitted: TrackedPose | None = None

    def pose(self, tracked: TrackedPose | None, now: float, settings: Settings, heard: Heard | None = None) -> FloatArray:
        """The pose to draw at `now` (seconds, on the clock of `tracked.time`): float32 (45,), inside the ranges, rounded.

        `heard`: the mouth of sound, if any is listened to. Equal results have equal bytes, so they can be compared and
        looked up as such.
        """
        idle = self._idle.pose(now, settings.idle_motion / 100)
        times = Times(settings.hold_seconds, settings.ease_seconds, settings.recover_seconds)
        pose = self._presence.blend(self._fit(tracked, settings), now, idle, times)
        pose = self._mixer.mix(pose, heard, now, settings)
        self._filter.smoothing = settings.smoothing
        pose = self._filter(clamp(pose), now - self._last)
        pose = self.expressions.apply(pose, now, settings.expression_fade)
        self._last = now
        self.placement = self._placing.place(tracked, now, settings)
        return quantise(pose, settings.quantise)

    @property
    def face(self) -> FloatArray:
        """The tracker's newest pose as the streamer wants it, before presence, sound and expressions: float32 (45,)."""
        return neutral() if self._fitted is None else self._fitted.pose

    def _fit(self, tracked: TrackedPose | None, settings: Settings) -> TrackedPose | None:
        """`tracked` to the streamer's taste; made anew only when one of both has changed."""
        if tracked is None:
            return None
        if self._fitted is None or tracked is not self._tracked or settings is not self._settings:
            self._tracked, self._settings = tracked, settings
            self._fitted = TrackedPose(tracked.time, fit(tracked.pose, settings), tracked.position)
        return self._fitted
