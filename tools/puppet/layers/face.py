"""Face, neck, nose and blush. Eyes, brows and mouth are drawn per frame: see features."""

from __future__ import annotations

import numpy as np

from tools.puppet import palette as c
from tools.puppet.brushes import Pen, both, curve, ellipse, mirror

FACE = "-46,84 -48.5,110 -48.8,132 -47,147 -41.5,163 -31,176 -17,186.5 -6,191.2 0,192"


def face(pen: Pen) -> None:
    """Skin of the head with the shadow of the bangs."""
    shape = np.vstack([both(FACE), curve("46,84 0,74 -46,84")])
    pen.fill(shape, c.SKIN)
    with pen.clip(shape):
        shadow = curve(
            "-60,70 -60,160 -43,170 -44,140 -40,152 -34,138 -27,122 -20,134 -13,120 -4,139 4,122 9,132"
            " 15,118 22,135 29,121 36,141 42,128 45,150 44,168 60,160 60,70",
            closed=True,
        )
        pen.fill(shadow, c.SKIN_SHADE)
        pen.fill(
            curve("50,130 45,150 39,164 28,176 12,187 0,190 -10,190 0,196 40,190 60,150", closed=True), c.SKIN_SHADE, alpha=0.55
        )
        for side in (-1, 1):
            pen.fill(ellipse(side * 32, 157, 10, 5.5), c.BLUSH, alpha=0.5, blur=3.2)
            for k in range(3):
                x = side * 31 + 3.4 * (k - 1)
                pen.ink(curve(f"{x + 1.2},155.4 {x - 1.2},159.4"), c.BLUSH, 0.9, (0.3, 0.3), alpha=0.75)
    pen.ink(both(FACE), c.SKIN_LINE, 1.3, (0.2, 0.2))
    pen.ink(curve("0.6,154.5 1.7,158.2 -0.4,158.9"), c.SKIN_LINE, 1.0, (0.4, 0.3), alpha=0.85)
    pen.fill(ellipse(-1.2, 155.2, 1.1, 1.6), "#ffffff", alpha=0.75, blur=0.4)
    pen.ink(curve("-3.5,183 0,184.2 3.5,183"), c.SKIN_SHADE, 1.2, alpha=0.9)


def neck(pen: Pen) -> None:
    """Neck, collarbones and the shadow of the chin."""
    left = curve("-15,170 -15.5,192 -16.5,205 -17.5,216 -30,224 -34,240")
    shape = np.vstack([left, mirror(left)])
    pen.fill(shape, c.SKIN)
    with pen.clip(shape):
        pen.fill(curve("-22,165 -20,197 -8,206 6,209 20,203 22,165", closed=True), c.SKIN_SHADE)
        pen.fill(curve("-22,165 -20,189 0,198 20,191 22,165", closed=True), c.SKIN_DEEP, alpha=0.45)
    pen.ink(curve("-15,172 -15.5,192 -16.5,205"), c.SKIN_LINE, 1.1, (0.1, 0.4))
    pen.ink(curve("15,172 15.5,192 16.5,205"), c.SKIN_LINE, 1.1, (0.1, 0.4))
    pen.ink(curve("-4,220 -12,217.5 -20,218"), c.SKIN_LINE, 0.9, (0.2, 0.8), alpha=0.7)
    pen.ink(curve("4,220 12,217.5 20,218"), c.SKIN_LINE, 0.9, (0.2, 0.8), alpha=0.7)
