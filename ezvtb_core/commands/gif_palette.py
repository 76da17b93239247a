"""One palette for a whole GIF, and a table that finds every colour's place in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
COLOURS = 255
"""One of the 256 places is for transparency."""
SAMPLED_PIXELS = 200_000
BITS = 6
"""Bits per channel of the look-up table: finer than the distance between neighbouring colours of a palette."""
VISIBLE = 128
"""Alpha from which a pixel is shown; GIF knows nothing in between."""


class GifPalette:
    """Made from sampled frames, straight-alpha BGRA (H, W, 4). No dithering: its noise would crawl from frame to frame."""

    transparent = COLOURS

    def __init__(self, samples: Sequence[Pixels]) -> None:
        opaque = np.concatenate([frame[frame[..., 3] >= VISIBLE][:, 2::-1] for frame in samples])
        if not len(opaque):
            opaque = np.zeros((1, 3), np.uint8)
        step = max(1, len(opaque) // SAMPLED_PIXELS)
        sampled = Image.fromarray(np.ascontiguousarray(opaque[::step])[None])
        counted = sampled.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
        colours = np.asarray((counted.getpalette() or [])[: COLOURS * 3], np.uint8).reshape(-1, 3)
        self._palette = colours.tobytes().ljust(256 * 3, b"\0")
        self._places = _nearest(colours)

    def picture(self, frame: Pixels) -> Image.Image:
        """The frame as a palette image."""
        shift = np.uint32(8 - BITS)
        blue, green, red = (frame[..., channel].astype(np.uint32) >> shift for channel in range(3))
        places = self._places[(red << np.uint32(2 * BITS)) | (green << np.uint32(BITS)) | blue]
        places[frame[..., 3] < VISIBLE] = self.transparent
        picture = Image.fromarray(places)
        picture.putpalette(self._palette)
        return picture


def _nearest(colours: Pixels) -> Pixels:
    """Index of the nearest of `colours` (N, 3) for every colour of 3 × BITS bits."""
    level = (np.arange(1 << BITS, dtype=np.float32) + 0.5) * (1 << (8 - BITS))
    palette = colours.astype(np.float32) + 0.5
    lengths = (palette**2).sum(axis=1)
    places = np.empty((1 << BITS,) * 3, np.uint8)
    green, blue = np.meshgrid(level, level, indexing="ij")
    for index, red in enumerate(level):
        grid = np.stack([np.full_like(green, red), green, blue], axis=-1)
        places[index] = (lengths - 2 * grid @ palette.T).argmin(axis=-1)
    return places.reshape(-1)
