"""Sprites of the eye: iris, highlights and the upper lash. Drawn around (256, 0), the eye's own centre."""

from __future__ import annotations

import numpy as np

from tools.puppet import palette as c
from tools.puppet.brushes import Pen, curve, ellipse

IRIS_RX, IRIS_RY = 10.3, 13.2


def iris(pen: Pen) -> None:
    """Ring, gradient, pupil and the light that gathers at the bottom."""
    pen.fill(ellipse(0, 0, IRIS_RX, IRIS_RY), c.IRIS_RING)
    disc = ellipse(0, 0.2, IRIS_RX - 1.1, IRIS_RY - 1.2)
    pen.fill(disc, c.IRIS)
    with pen.clip(disc):
        pen.fill(curve("-9,1 -6,5.5 0,7.2 6,5.5 9,1 9,13 -9,13", closed=True), c.IRIS_GLOW, alpha=0.35)
        pen.fill(ellipse(0, 9.6, 5.6, 3.6), c.IRIS_GLOW, alpha=0.75, blur=1.0)
        pen.fill(ellipse(0, -8, 9, 6), c.IRIS_RING, alpha=0.55, blur=1.6)
    pen.fill(ellipse(0, 0.2, 3.7, 5.4), c.PUPIL)
    pen.fill(ellipse(0, 3.2, 2.0, 1.8), c.IRIS[1], alpha=0.7, blur=0.6)


def glints(pen: Pen) -> None:
    """The two highlights; the light is at the upper left for both eyes."""
    pen.fill(ellipse(-3.9, -5.4, 2.9, 3.6, 20), "#ffffff")
    pen.fill(ellipse(4.2, 5.2, 1.6, 1.9, 20), "#ffffff", alpha=0.95)
    pen.fill(ellipse(-5.2, 3.4, 0.8, 1.0), "#ffffff", alpha=0.7)


def lash(pen: Pen) -> None:
    """Upper lash unrolled: x runs along the lid (inner corner left), y = 0 is the edge of the lid, up is outwards."""
    top = curve("-14.0,0.7 -12,-0.6 -6,-2.7 1,-3.7 7,-3.9 11,-4.0 14.5,-5.2 18.6,-8.2*")
    bottom = curve("18.6,-8.2 17.0,-3.4 14.6,0.2 11,1.3 6,0.8 -4,0.6 -10,0.6 -14.0,0.7")
    spikes = [curve("13,0.6* 16.2,-0.4 18.6,-2.6* 17.0,1.6 13.4,2.6*", closed=True)]
    for shape in (np.vstack([top, bottom]), *spikes):
        pen.fill(shape, c.LASH)
    with pen.atop():
        pen.fill(ellipse(-13.5, 0, 4.5, 4), c.LASH_WARM, alpha=0.9, blur=1.6)
        pen.fill(ellipse(16, 1.5, 4.5, 2.2), c.LASH_WARM, alpha=0.7, blur=1.2)
