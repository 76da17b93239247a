"""Scaling in linear light with premultiplied alpha, so that neither edges nor the colours below transparency bleed."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor.picture import SIZE, Box
from ezvtb_core.srgb import to_encoded, to_linear

Plane = npt.NDArray[np.float32]

LINEAR: Plane = to_linear(np.arange(256) / 255).astype(np.float32)
"""sRGB code → linear light, 0..1."""
_STEPS = 1 << 14
_ENCODED: Pixels = np.rint(255 * to_encoded(np.arange(_STEPS + 1) / _STEPS)).astype(np.uint8)
"""Linear light in steps of 2**-14 → sRGB code."""
REACH = 3
"""Radius of the Lanczos kernel in pixels of the smaller picture."""
FAINT = 0.25
"""Below this alpha a Lanczos colour is mostly the kernel's overshoot; the colour of the plain average is taken instead."""
_BAND = 1 << 20


def shrink(pixels: Pixels, factor: int) -> Pixels:
    """Make a picture (H, W, 4) a whole number of times smaller: each pixel the mean of factor × factor of them.

    Rounded up: what is missing at the right and at the bottom counts as transparent.
    """
    height, width = -(-pixels.shape[0] // factor), -(-pixels.shape[1] // factor)
    out: Pixels = np.empty((height, width, 4), np.uint8)
    rows = max(1, _BAND // (width * factor * factor))
    for first in range(0, height, rows):
        last = min(first + rows, height)
        band = pixels[first * factor : last * factor]
        missing = ((0, (last - first) * factor - len(band)), (0, width * factor - band.shape[1]), (0, 0))
        if missing[0][1] or missing[1][1]:
            band = np.pad(band, missing)
        planes = [
            plane.reshape(last - first, factor, width, factor).sum(axis=3).sum(axis=1) / factor**2 for plane in _planes(band)
        ]
        out[first:last] = _codes(planes)
    return out


def cut(pixels: Pixels, box: Box) -> Pixels:
    """The square `box` of a picture (H, W, 4) as SIZE × SIZE; transparent where it reaches over the edge.

    Unchanged pixels where the box is SIZE wide and lies on whole pixels.
    """
    scale = (box.right - box.left) / SIZE
    if scale == 1 and box.left == int(box.left) and box.top == int(box.top):
        return _region(pixels, int(box.left), int(box.top), SIZE, SIZE)
    margin = math.ceil(REACH * max(scale, 1.0)) + 1
    left, top = math.floor(box.left) - margin, math.floor(box.top) - margin
    side = math.ceil(box.right - box.left) + 2 * margin + 1
    planes = _planes(_region(pixels, left, top, side, side))
    inside = (box.left - left, box.top - top, box.right - left, box.bottom - top)

    def scaled(kernel: Image.Resampling) -> list[Plane]:
        return [np.asarray(Image.fromarray(plane).resize((SIZE, SIZE), kernel, inside)) for plane in planes]

    sharp, plain = scaled(Image.Resampling.LANCZOS), scaled(Image.Resampling.BILINEAR)
    # Lanczos rings: a faint outline around the figure and a faint gap inside it, where all around is clear or solid.
    alpha: Plane = np.clip(sharp[3], 0, 1)
    alpha[plain[3] < 0.5 / 255] = 0
    alpha[plain[3] > 1 - 0.5 / 255] = 1
    faint = alpha < FAINT
    share = alpha / np.maximum(np.where(faint, plain[3], sharp[3]), np.float32(1e-6))
    colours: list[Plane] = [np.where(faint, plain[channel], sharp[channel]) * share for channel in range(3)]
    return _codes([*colours, alpha])


def _region(pixels: Pixels, left: int, top: int, width: int, height: int) -> Pixels:
    """A copy of a part; transparent outside the picture."""
    out: Pixels = np.zeros((height, width, 4), np.uint8)
    source = pixels[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    row, column = max(-top, 0), max(-left, 0)
    out[row : row + source.shape[0], column : column + source.shape[1]] = source
    return out


def _planes(pixels: Pixels) -> list[Plane]:
    """Three premultiplied colours in linear light, and alpha, 0..1."""
    alpha: Plane = pixels[..., 3] * np.float32(1 / 255)
    return [*(LINEAR.take(pixels[..., channel]) * alpha for channel in range(3)), alpha]


def _codes(planes: list[Plane]) -> Pixels:
    """Back to straight codes; colours 0 where alpha rounds to 0."""
    alpha: Pixels = np.rint(planes[3] * 255).astype(np.uint8)
    divisor = _STEPS / np.maximum(planes[3], 1e-6)
    out: Pixels = np.empty((*alpha.shape, 4), np.uint8)
    for channel in range(3):
        out[..., channel] = _ENCODED.take(np.clip(planes[channel] * divisor, 0, _STEPS).astype(np.int32))
    out[..., 3] = alpha
    out[alpha == 0] = 0
    return out
