"""Headphones: band over the hair, cups at the ears with a star each."""

from __future__ import annotations

import numpy as np

from tools.puppet import palette as c
from tools.puppet.brushes import Pen, both, curve, ellipse, mirror, star

OUTER = "-66,132 -70,112 -64,88 -49,70 -26,58.5 0,55.5"
INNER = "-61,132 -64.5,113 -59,92 -45,75.5 -24,64.5 0,61.5"


def headphones(pen: Pen) -> None:
    """The whole headset, seen from the front."""
    _crests(pen)
    outer, inner = both(OUTER), both(INNER)
    band = np.vstack([outer, inner[::-1]])
    pen.fill(band, c.CLOTH)
    middle = outer * 0.35 + inner * 0.65
    with pen.clip(band):
        pen.fill(np.vstack([middle, inner[::-1]]), c.NAVY)
        right = curve("20,50 48,66 64,88 70,130 80,130 70,60")
        pen.fill(right, c.CLOTH_SHADE, alpha=0.8)
        pen.fill(np.vstack([middle, inner[::-1]])[len(middle) // 2 : -len(inner) // 2], c.NAVY_SHADE, alpha=0.6)
    pen.outline(band, c.NAVY_LINE, 1.0)
    for side in (-1, 1):
        cushion = ellipse(side * 60.5, 141, 6.5, 17.5, side * -4)
        pen.fill(cushion, c.NAVY_SHADE)
        pen.outline(cushion, c.NAVY_LINE, 1.1)
        shell = ellipse(side * 66.5, 141, 8.5, 20, side * -4)
        pen.fill(shell, c.CLOTH)
        with pen.clip(shell):
            pen.fill(ellipse(side * 66.5 + 4, 146, 9, 20, side * -4), c.CLOTH_SHADE)
            pen.fill(ellipse(side * 66.5 - 1, 139, 6.5, 15, side * -4), c.CLOTH)
            pen.outline(ellipse(side * 67.2, 141, 6.2, 15.5, side * -4), c.CORAL, 2.0)
            pen.outline(ellipse(side * 67.2, 141, 4.9, 13.6, side * -4), c.CORAL_LIGHT, 0.7)
        pen.outline(shell, c.NAVY_LINE, 1.2)
        pen.fill(star(side * 67.5, 141, 5.8, 0.52, turn=side * 8), c.GOLD_LINE)
        pen.fill(star(side * 67.5, 141, 4.6, 0.52, turn=side * 8), c.GOLD)


def _crests(pen: Pen) -> None:
    """Two little breaking waves on the band, her mark."""
    for flip in (False, True):
        crest = curve("-22,62* -28,52.5 -37,47 -47,47.5 -50,50* -46,53 -46,58 -50,65 -57,76*", closed=True)
        foam = curve("-28,62* -32,54.5 -39,50 -45,49.8 -42.5,53 -43,59 -46,65 -52,73*", closed=True)
        if flip:
            crest, foam = mirror(crest), mirror(foam)
        pen.fill(crest, c.CLOTH)
        pen.fill(foam, (c.WAVE, c.NAVY_LIGHT))
        pen.outline(crest, c.NAVY_LINE, 1.1)
