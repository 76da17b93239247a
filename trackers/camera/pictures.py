"""What a face finder is given, whoever took it; and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ezvtb_core.link.messages import Notice

WIDEST = 640
"""Pixels: larger pictures are made smaller, as the face finder looks at 192×192 and 256×256 crops anyway."""

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """One picture of the person, not mirrored."""

    time: float
    """When it was taken, `time.monotonic()` seconds."""
    rgb: Pixels
    """uint8 (H, W, 3), contiguous, at most `WIDEST` wide."""


class Pictures(Protocol):
    """Where pictures come from. One thread takes and closes; `notice` may be called from any."""

    label: str
    """Name of the camera or source, for people; empty until it is known."""

    def take(self, timeout: float) -> Picture | None:
        """The newest picture that was not taken yet; waits at most `timeout` seconds for one. Never raises."""

    def notice(self) -> Notice | None:
        """Why there are no pictures; None while they come."""

    def close(self) -> None:
        """Release what was opened, within half a second. May be called more than once."""


class Pace:
    """Chooses `rate` pictures a second out of more, evenly in the mean. Pure: times are given."""

    def __init__(self, rate: float) -> None:
        self._interval = 1.0 / rate
        self._due = float("-inf")

    def due(self, now: float) -> bool:
        """Whether the picture that came at `now` (seconds, not decreasing) is to be used."""
        # A quarter early is better than a whole picture late: cameras jitter.
        if now < self._due - 0.25 * self._interval:
            return False
        self._due = max(self._due, now - self._interval) + self._interval
        return True


def prepare(cv2: Any, pixels: Pixels, conversion: int) -> Pixels:
    """`pixels` uint8 (H, W, 3 or 4) as RGB (H, W, 3), shrunk where wider than `WIDEST`.

    `cv2` is the module; `conversion` one of its `COLOR_…2RGB`.
    """
    height, width = pixels.shape[:2]
    if width > WIDEST:
        pixels = cv2.resize(pixels, (WIDEST, max(round(height * WIDEST / width), 1)), interpolation=cv2.INTER_AREA)
    rgb: Pixels = cv2.cvtColor(pixels, conversion)
    return rgb
