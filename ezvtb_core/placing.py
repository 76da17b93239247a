"""Where the whole picture is drawn: it moves, leans and grows with the head. OBS does it while drawing."""

from __future__ import annotations

import math

from ezvtb_core.link.framebuffer import UNMOVED, Placement
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose

SHIFT_RIGHT, SHIFT_DOWN, LEAN_DEGREES, ZOOM = 0.12, 0.08, 5.0, 0.15
"""What a head at the edge of its usual range (±1) does at 100 %, in parts of the picture's side, degrees and scale: little enough
that the lower edge of a bust stays under that of a usual frame. EasyVtuber's own values are 0.78, 1.17, 10 and 1, unlimited."""
MOST_RIGHT, MOST_DOWN, MOST_LEAN, SMALLEST, LARGEST = 0.25, 0.2, 12.0, 0.75, 1.4
"""Never beyond these, whatever tracker and gains say."""
FRESH_SECONDS = 0.5
"""An older position is of someone who is not there."""
_FOLLOW_SECONDS, _RETURN_SECONDS = 0.12, 0.6
"""Time constants: after the head, and back to the middle when it is lost. Shaking of the whole picture is seen at once."""
_STILL = 1e-4


class Placing:
    """The placement of one source, with its inertia."""

    def __init__(self) -> None:
        self._now: Placement = UNMOVED
        self._last = float("-inf")

    def place(self, tracked: TrackedPose | None, now: float, settings: Settings) -> Placement:
        """The placement at `now` (seconds, as `tracked.time`)."""
        step = min(max(now - self._last, 0.0), 1.0)
        self._last = now
        wanted = UNMOVED
        constant = _RETURN_SECONDS
        if settings.follow_position and tracked is not None and now - tracked.time <= FRESH_SECONDS:
            wanted = _wanted(tracked.position, settings)
            constant = _FOLLOW_SECONDS
        share = -math.expm1(-step / constant)
        right, down, lean, scale = (old + (new - old) * share for old, new in zip(self._now, wanted, strict=True))
        self._now = (right, down, lean, scale)
        if wanted == UNMOVED and max(abs(right), abs(down), abs(lean), abs(scale - 1.0)) < _STILL:
            self._now = UNMOVED
        return self._now


def _wanted(position: tuple[float, float, float], settings: Settings) -> Placement:
    side, up, near = (value if math.isfinite(value) else 0.0 for value in position)
    # The subject's own right is the left of the picture, unless it is a mirror's.
    right = (side if settings.mirror else -side) * settings.follow_shift / 100
    lean = (side if settings.mirror else -side) * settings.follow_lean / 100
    return (
        _limit(SHIFT_RIGHT * right, -MOST_RIGHT, MOST_RIGHT),
        _limit(-SHIFT_DOWN * up * settings.follow_shift / 100, -MOST_DOWN, MOST_DOWN),
        _limit(LEAN_DEGREES * lean, -MOST_LEAN, MOST_LEAN),
        _limit(1.0 + ZOOM * near * settings.follow_zoom / 100, SMALLEST, LARGEST),
    )


def _limit(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)
