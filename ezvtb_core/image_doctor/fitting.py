"""Which part of a picture becomes the frame of the models, and where the head is then."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor import head as heads
from ezvtb_core.image_doctor.head import Head
from ezvtb_core.image_doctor.picture import SIZE, TEMPLATE_HEAD, Box, Fit

NEAR = 0.3
"""How far the head of a template picture may be from the template's, in heads."""
LIKE = math.log(1.45)
"""Logarithm of how many times larger or smaller it may be."""
NEAR_DRAWN, LIKE_DRAWN = 0.45, math.log(1.7)
"""The same for pictures of exactly the models' size: those are drawn to the template, hats and all."""
ROOM_ABOVE = TEMPLATE_HEAD.top / TEMPLATE_HEAD.height
"""Head heights that fit above the head."""
LOWEST = 1.12
"""How many times smaller than the template's a head is made at most so that ears or a hat stay in the frame."""


@dataclass(frozen=True)
class Placement:
    """The outcome."""

    mode: str
    """What was done: `template`, `auto` or `manual`."""
    box: Box
    """The square of the picture that becomes the frame; it may reach over the edges."""
    head: Head
    """In the picture's pixels, like the box."""

    def framed(self) -> Box:
        """The head in the frame."""
        scale = SIZE / (self.box.right - self.box.left)
        x, y = (self.head.x - self.box.left) * scale, (self.head.y - self.box.top) * scale
        return Box.square(x, y, self.head.size * scale)


def place(pixels: Pixels, whole: Box, fit: Fit, keep_whole: bool) -> Placement:
    """Decide for a picture (H, W, 4) with something visible in it.

    `whole`: the edges of the original picture in pixels of this one, which may be a part of it. `keep_whole`: whatever the
    head, the whole original picture is the frame.
    """
    entire = standing(whole)
    width, height = whole.right - whole.left, whole.bottom - whole.top
    if fit.mode == "manual":
        marked = Head(whole.left + fit.x * width, whole.top + fit.y * height, max(fit.size * height, 1.0), 1.0)
        return Placement("manual", entire if keep_whole else _around(marked), marked)
    opaque = bool((pixels[..., 3] == 255).all())
    found = None if opaque else heads.find(pixels)
    if found is None:
        found = heads.guess(pixels)
    if fit.mode == "auto" and not keep_whole and not opaque and not _follows_template(found, whole, entire):
        return Placement("auto", _auto(pixels, found), found)
    if _follows_template(found, whole, entire) or (not found.confidence and not keep_whole):
        expected = _back(entire, TEMPLATE_HEAD)
        found = Head(expected.x, expected.y, expected.height, found.confidence)
    return Placement("template", entire, found)


def standing(whole: Box) -> Box:
    """The smallest square that holds a picture, which stands on its lower edge, in the middle."""
    width, height = whole.right - whole.left, whole.bottom - whole.top
    side = max(width, height)
    return Box(whole.x - side / 2, whole.bottom - side, whole.x + side / 2, whole.bottom)


def _follows_template(found: Head, whole: Box, entire: Box) -> bool:
    """Whether the head of a square picture is where the template has it."""
    width, height = whole.right - whole.left, whole.bottom - whole.top
    if width != height:
        return False
    expected = _back(entire, TEMPLATE_HEAD)
    distance = math.hypot(found.x - expected.x, found.y - expected.y) / expected.height
    ratio = abs(math.log(found.size / expected.height))
    near, like = (NEAR_DRAWN, LIKE_DRAWN) if width == SIZE else (NEAR, LIKE)
    return distance < near and ratio < like


def _back(box: Box, framed: Box) -> Box:
    """A box of the frame in the picture's pixels."""
    scale = (box.right - box.left) / SIZE
    return Box(*(origin + edge * scale for origin, edge in zip((box.left, box.top) * 2, _edges(framed), strict=True)))


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def _around(found: Head, smaller: float = 1.0) -> Box:
    """The frame that has the head in the template's place; the head `smaller` times smaller."""
    scale = found.size / TEMPLATE_HEAD.height * smaller
    left, top = found.x - TEMPLATE_HEAD.x * scale, found.y - TEMPLATE_HEAD.y * scale
    return Box(left, top, left + SIZE * scale, top + SIZE * scale)


def _auto(pixels: Pixels, found: Head) -> Box:
    """Around the head, which is made a little smaller where ears or a hat would not fit."""
    shown = heads.content(pixels)
    above = 0.0 if shown is None else (found.y - found.size / 2 - shown[1]) / found.size
    # Made k times smaller about the template's centre, the head has (0.5 + room) * k - 0.5 of its own height above it.
    smaller = (above + 0.5) / (ROOM_ABOVE + 0.5)
    return _around(found, min(max(smaller, 1.0), LOWEST))
