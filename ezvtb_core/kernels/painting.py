"""How all networks of the family end: a warped picture, painted over, as 8 bits of sRGB. Planes are float32, linear, -1…1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ezvtb_core.frames import Pixels
from ezvtb_core.kernels.workers import Workers
from ezvtb_core.srgb import to_encoded, to_linear

Reals = npt.NDArray[np.float32]

SIDE = 512
SHAPE = (SIDE, SIDE, 4)
"""Of a frame."""
ROWS = 32
"""Rows painted at a time. Measured, whole frames on one core: 4 rows 13.3 ms, 8 9.3, 16 7.4, 32 6.7."""
RGBA_IN_BGRA = (2, 1, 0, 3)
"""The place in a frame of each plane."""
_STEPS = 65535

_COLOUR_IN: Reals = (to_linear(np.arange(256) / 255) * 2 - 1).astype(np.float32)
_ALPHA_IN: Reals = (np.arange(256) / 255 * 2 - 1).astype(np.float32)
# Cut off to 8 bits, not rounded, as in the original. 16 bits of linear light are enough even for the steep start of sRGB.
_COLOUR_OUT: Pixels = np.floor(to_encoded(np.arange(_STEPS + 1) / _STEPS) * 255 + 1e-9).astype(np.uint8)


def planes_of(picture: Pixels, out: Reals) -> None:
    """(512, 512, 4) uint8 straight sRGB BGRA → `out` (4, 512, 512) RGBA."""
    for plane, place in enumerate(RGBA_IN_BGRA):
        (_ALPHA_IN if plane == 3 else _COLOUR_IN).take(picture[..., place], out=out[plane])


def paint(workers: Workers, planes: Reals, shift: Reals, alpha: Reals, colour: Reals, frame: Pixels) -> None:
    """Draw into `frame` (512, 512, 4) uint8 straight sRGB BGRA: (1 - alpha) · warped + alpha · colour, limited to -1…1.

    `planes` (4, 512, 512): the picture. `shift` (2, 512, 512): where each pixel is taken from, right and down of its place in
    halves of the side. `alpha` (1 or 4, 512, 512), `colour` (4, 512, 512).
    """

    def work(band: int) -> None:
        first = band * ROWS
        moved, opacity, over = (part[:, first : first + ROWS].reshape(len(part), -1) for part in (shift, alpha, colour))
        _paint(planes, first, moved, opacity, over, frame)

    workers.run((work, SIDE // ROWS))


def _paint(planes: Reals, first: int, shift: Reals, alpha: Reals, colour: Reals, frame: Pixels) -> None:
    warped = _sample(planes, first, shift)
    band = frame[first : first + ROWS].reshape(-1, 4)
    for plane, place in enumerate(RGBA_IN_BGRA):
        result = colour[plane] - warped[plane]
        result *= alpha[plane % len(alpha)]
        result += warped[plane]
        result += 1
        if plane == 3:
            result *= 255 / 2
            band[:, place] = np.clip(result, 0, 255, out=result).astype(np.uint8)
        else:
            result *= _STEPS / 2
            band[:, place] = _COLOUR_OUT.take(np.clip(result, 0, _STEPS, out=result).astype(np.intp))


def _sample(planes: Reals, first: int, shift: Reals) -> Reals:
    """The picture at each pixel's place plus `shift`: bilinear, edges repeated; (4, pixels)."""
    pixels = shift.shape[1]
    x, y = shift * np.float32(SIDE / 2)
    numbers = np.arange(pixels, dtype=np.int32)
    x += (numbers % SIDE).astype(np.float32)
    y += (numbers // SIDE + first).astype(np.float32)
    np.clip(x, 0, SIDE - 1, out=x)
    np.clip(y, 0, SIDE - 1, out=y)
    left, top = np.minimum(x.astype(np.intp), SIDE - 2), np.minimum(y.astype(np.intp), SIDE - 2)
    x -= left
    y -= top
    corner = top * SIDE + left
    result = np.empty((4, pixels), np.float32)
    for source, target in zip(planes.reshape(4, -1), result, strict=True):
        upper, lower = (_between(source[offset:], corner, x) for offset in (0, SIDE))
        lower -= upper
        lower *= y
        np.add(upper, lower, out=target)
    return result


def _between(source: Reals, index: npt.NDArray[np.intp], weight: Reals) -> Reals:
    left = source.take(index)
    right = source[1:].take(index)
    right -= left
    right *= weight
    right += left
    return right
