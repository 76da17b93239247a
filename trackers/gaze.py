"""Where the eyes look, from those that are open."""

from __future__ import annotations

from trackers.limits import soft

GAZE_RANGE = 0.6
"""Difference of ARKit's looking shapes (up - down, in - out) from rest that gives 1.0 before the soft limit. Of the recorded
speakers one looks 0.4 up and down and 0.7 to the sides, the other 0.3 and 0.6; the converters of talking-head-anime take
0.75."""
SHUT = 0.6
"""Closing at which an eye has no say any more: its pupil is half covered. Its say fades up to there."""
LIDS_MOVE = 2.5
"""Closing per second from which a lid moves as in a blink; trackers report a look downwards then (issues of OpenSeeFace,
VSeeFace)."""
_LEAST_SAY = 0.05


class Gaze:
    """The gaze of one person; the last one while nothing can be known."""

    def __init__(self) -> None:
        self._looking = (0.0, 0.0)
        self._closing = (0.0, 0.0)

    def update(
        self,
        left: tuple[float, float],
        right: tuple[float, float],
        closing: tuple[float, float],
        dt: float,
        assist: bool,
    ) -> tuple[float, float]:
        """Gaze (up, to the subject's own right), each within ±1.

        `left`, `right`: (up, to the subject's own right) of each eye from its rest, in differences of shapes. `closing`: of each
        lid, 0 open to 1 shut. `dt`: seconds since the last frame. `assist`: let eyes that are shut or blink have no say.
        """
        says = (1.0, 1.0)
        if assist:
            says = (self._say(0, closing[0], dt), self._say(1, closing[1], dt))
        self._closing = closing
        total = says[0] + says[1]
        if total > _LEAST_SAY:
            up = (left[0] * says[0] + right[0] * says[1]) / total
            aside = (left[1] * says[0] + right[1] * says[1]) / total
            self._looking = (soft(up / GAZE_RANGE), soft(aside / GAZE_RANGE))
        return self._looking

    def _say(self, eye: int, closing: float, dt: float) -> float:
        if abs(closing - self._closing[eye]) > LIDS_MOVE * dt:
            return 0.0
        return max(1.0 - closing / SHUT, 0.0)
