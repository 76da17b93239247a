"""Where the head of a drawn character is, from its outline and from what a face looks like. No network, no downloaded file.

A window slides over the picture at some twenty scales. In it a dozen measures are taken, all of them means over rectangles
placed in head heights: is there nothing above, little beside, something inside and below; are the two places of the eyes busy
and darker than the bridge of the nose; is the hair another colour than the cheeks. They are added up with `WEIGHTS`.

The weights come from a logistic regression on 29 characters marked by hand (drawn, rendered and animal ones; cut off at the
chest, the waist or the thigh), six at a time left out and then looked for: centre and logarithm of the size were off by 0.09
on average and 0.24 at worst, in heads. Full figures are not among them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from ezvtb_core.frames import Pixels

Plane = npt.NDArray[np.float32]
Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom from the window's centre, in head heights."""

WINDOW = 24
"""Height of the head in the window, in pixels of the scaled picture."""
STEP = 1.1
"""From one scale to the next."""
SMALLEST, LARGEST = 0.09, 1.0
"""Head height as a part of the content's height: a tall figure with a hat, and nothing but a head."""
WIDEST = 1.6
"""Head height at most, as a multiple of the content's width."""
DETAIL = 500
"""Pixels of the longer side that are looked at."""
VISIBLE = 64
"""Alpha from which something is part of the outline."""

EYES: tuple[Rectangle, Rectangle] = ((-0.31, 0.02, -0.09, 0.24), (0.09, 0.02, 0.31, 0.24))
CHEEKS: tuple[Rectangle, Rectangle] = ((-0.25, 0.25, -0.08, 0.38), (0.08, 0.25, 0.25, 0.38))
NOSE: Rectangle = (-0.06, 0.05, 0.06, 0.25)
HAIR: Rectangle = (-0.25, -0.42, 0.25, -0.15)
SIDES: tuple[Rectangle, Rectangle] = ((-0.95, -0.2, -0.72, 0.2), (0.72, -0.2, 0.95, 0.2))

WEIGHTS = {
    "bridge unlike cheeks": -9.75,
    "cheeks unlike each other": -0.86,
    "something above": -6.95,
    "something inside": 22.28,
    "crown": -1.86,
    "something below": 6.15,
    "down from the top": -0.36,
    "busy eyes": 50.1,
    "eyes busier than cheeks": 0.37,
    "something beside": -11.36,
    "hair unlike cheeks": 1.97,
    "bridge brighter than eyes": 3.89,
}
BIAS = -27.3
"""Sum of the weighted measures and this: the logarithm of the odds that a head is there. Heads came to 5.3 .. 7.6."""
DOUBT, SURE = 2.0, 5.0
"""Odds below which nothing was found, and from which the finding is sure."""


@dataclass(frozen=True)
class Head:
    """A head in a picture, in its pixels."""

    x: float
    y: float
    """The centre."""
    size: float
    """From the top of the skull, hair included, to the chin."""
    confidence: float
    """0..1; 0 where it is a mere guess."""


def find(pixels: Pixels) -> Head | None:
    """The head in a picture, uint8 (H, W, 4) straight with transparent surroundings; None when nothing looks like one."""
    box = content(pixels)
    if box is None:
        return None
    left, top, right, bottom = box
    figure = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right])).convert("RGBa")
    reduced = max(1.0, max(figure.size) / DETAIL)
    if reduced > 1:
        figure = figure.resize(
            (max(1, round(figure.width / reduced)), max(1, round(figure.height / reduced))), Image.Resampling.BOX
        )
    found = _search(figure)
    if found is None:
        return None
    x, y, size, odds = found
    across, down = (right - left) / figure.width, (bottom - top) / figure.height
    confidence = min(max((odds - DOUBT) / (SURE - DOUBT), 0.0), 1.0)
    return Head(left + x * across, top + y * down, size * down, confidence)


def content(pixels: Pixels) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what is plainly visible; rows and columns with hardly a pixel do not count."""
    seen = pixels[..., 3] > VISIBLE
    rows = np.flatnonzero(seen.sum(axis=1) >= max(2, seen.shape[1] // 100))
    columns = np.flatnonzero(seen.sum(axis=0) >= max(2, seen.shape[0] // 100))
    if not rows.size or not columns.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def guess(pixels: Pixels) -> Head:
    """A head at the top of the visible content, the larger the wider the content is for its height: a portrait is wide, a
    standing figure narrow. For pictures in which `find` finds none; (H, W, 4) with something visible in it."""
    seen = pixels[..., 3] > 16
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not rows.size:
        return Head(pixels.shape[1] / 2, pixels.shape[0] / 4, pixels.shape[0] / 4, 0.0)
    height, width = float(rows[-1] + 1 - rows[0]), float(columns[-1] + 1 - columns[0])
    radius = max(min(max(0.22 * width, 0.10 * height), 0.20 * height), 1.0)
    upper = seen[rows[0] : rows[0] + max(1, int(2.5 * radius))]
    return Head(float(np.nonzero(upper)[1].mean()), float(rows[0]) + 1.25 * radius, 2 * radius, 0.0)


def _search(figure: Image.Image) -> tuple[float, float, float, float] | None:
    """Centre x and y, size, and odds of the best window of a premultiplied picture; all windows nearly as good have a say."""
    candidates = []
    size = SMALLEST * figure.height
    while size < min(LARGEST * figure.height, WIDEST * figure.width):
        scale = WINDOW / size
        shape = (max(4, round(figure.width * scale)), max(4, round(figure.height * scale)))
        kernel = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
        odds = _odds(np.asarray(figure.resize(shape, kernel), np.float32) / np.float32(255))
        rows, columns = np.nonzero(odds > odds.max() - 4)
        x, y = columns * (figure.width / shape[0]), rows * (figure.height / shape[1])
        candidates.append(np.stack([x, y, np.full(x.shape, size), odds[rows, columns]], axis=1))
        size *= STEP
    every = np.concatenate(candidates) if candidates else np.empty((0, 4))
    if not every.size or every[:, 3].max() < DOUBT:
        return None
    best = every[every[:, 3].argmax()]
    near = (np.hypot(every[:, 0] - best[0], every[:, 1] - best[1]) < 0.3 * best[2]) & (
        np.abs(np.log(every[:, 2] / best[2])) < 0.35
    )
    weights = np.exp(1.5 * (every[near, 3] - best[3]))
    x, y, size = (every[near, :3] * weights[:, None]).sum(axis=0) / weights.sum()
    return float(x), float(y), float(size), float(best[3])


def _odds(planes: Plane) -> Plane:
    """The weighted measures at every pixel of a premultiplied picture, (h, w, 4) of 0..1, as the centre of the window."""
    alpha = planes[..., 3]
    light = planes[..., :3] @ np.array([0.3, 0.59, 0.11], np.float32)
    change = np.zeros_like(alpha)
    for axis in (0, 1):
        last = planes[-1:] if axis == 0 else planes[:, -1:]
        np.maximum(change, np.abs(np.diff(planes, axis=axis, append=last)).max(axis=2), out=change)
    cover, bright, busy = _Means(alpha), _Means(light), _Means(change)
    red, blue = _Means(planes[..., 0] - light), _Means(planes[..., 2] - light)

    def unlike(first: Rectangle, second: Rectangle) -> Plane:
        total: Plane = sum((np.abs(mean(first) - mean(second)) for mean in (bright, red, blue)), np.zeros_like(alpha))
        return total

    dark = (bright(EYES[0]) + bright(EYES[1])) / 2
    pale = (bright(CHEEKS[0]) + bright(CHEEKS[1])) / 2
    eyes = np.minimum(busy(EYES[0]), busy(EYES[1]))
    cheeks = np.maximum(busy(CHEEKS[0]), busy(CHEEKS[1]))
    nose, above = bright(NOSE), cover((-0.5, -0.75, 0.5, -0.52))
    inside = np.minimum(cover((-0.3, -0.4, 0.3, -0.2)), cover((-0.3, 0.1, 0.3, 0.4)))
    hair = np.abs(bright(HAIR) - pale)
    for mean in (red, blue):
        hair += np.abs(mean(HAIR) - (mean(CHEEKS[0]) + mean(CHEEKS[1])) / 2)
    measures = {
        "bridge unlike cheeks": np.abs(nose - pale),
        "cheeks unlike each other": unlike(*CHEEKS),
        "something above": above,
        "something inside": inside,
        "crown": cover((-0.2, -0.5, 0.2, -0.42)),
        "something below": cover((-0.15, 0.5, 0.15, 0.7)),
        "down from the top": np.broadcast_to(np.arange(len(alpha))[:, None] / WINDOW - 0.5, alpha.shape),
        "busy eyes": np.minimum(eyes, 0.12),
        "eyes busier than cheeks": eyes / (eyes + cheeks + 0.03),
        "something beside": np.minimum(np.maximum(cover(SIDES[0]), cover(SIDES[1])), 0.6),
        "hair unlike cheeks": np.minimum(hair, 0.4),
        "bridge brighter than eyes": np.minimum(nose - dark, 0.15),
    }
    total = np.full(alpha.shape, BIAS, np.float32)
    for name, weight in WEIGHTS.items():
        total += weight * measures[name]
    # What is hardly filled, or goes on upwards, is no head whatever the rest says.
    odds: Plane = np.where((inside > 0.6) & (above < 0.9), total, -math.inf).astype(np.float32)
    return odds


class _Means:
    """Means of a plane over a rectangle around every pixel; outside of the plane there is 0."""

    def __init__(self, plane: Plane) -> None:
        self._height, self._width = plane.shape
        padded = np.pad(plane.astype(np.float64), ((WINDOW + 1, WINDOW), (WINDOW + 1, WINDOW)))
        self._sums = padded.cumsum(axis=0).cumsum(axis=1)

    def __call__(self, rectangle: Rectangle) -> Plane:
        left, top, right, bottom = (round(edge * WINDOW) for edge in rectangle)
        total = self._at(bottom, right) - self._at(top, right) - self._at(bottom, left) + self._at(top, left)
        mean: Plane = (total / ((right - left) * (bottom - top))).astype(np.float32)
        return mean

    def _at(self, down: int, across: int) -> npt.NDArray[np.float64]:
        return self._sums[WINDOW + down : WINDOW + down + self._height, WINDOW + across : WINDOW + across + self._width]
