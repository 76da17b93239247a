"""Pictures whose colours are multiplied by alpha in linear light, which is what the authors of THA4 trained with.

Published THA4 graphs and everybody who runs them take straight colours, which leaves a dark fringe on soft edges: six levels on
average for one of the authors' characters. The conversion is made outside the graphs, on 8-bit sRGB before and after, so that
it works with any file on any backend.
"""

from __future__ import annotations

import numpy as np

from ezvtb_core.frames import Pixels, convert_partial
from ezvtb_core.srgb import to_encoded, to_linear


def _table(divide: bool) -> Pixels:
    """New value by `alpha << 8 | old value`."""
    alpha, value = (each / 255 for each in np.divmod(np.arange(1 << 16), 256))
    light = to_linear(value)
    light = light / np.maximum(alpha, 1 / 255) if divide else light * alpha
    table: Pixels = np.rint(to_encoded(np.minimum(light, 1.0)) * 255).astype(np.uint8)
    return table


_MULTIPLIED, _DIVIDED = _table(divide=False), _table(divide=True)


def multiply(picture: Pixels) -> Pixels:
    """Straight sRGB BGRA uint8 (H, W, 4) → a new picture, multiplied in linear light and encoded again."""
    return convert_partial(picture, _MULTIPLIED)


def divide(frame: Pixels, out: Pixels | None = None) -> Pixels:
    """The inverse; written to `out` (C-contiguous) when given."""
    return convert_partial(frame, _DIVIDED, out)
