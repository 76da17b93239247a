"""sRGB and linear light (IEC 61966-2-1), float64, 0..1, with the thresholds of the Talking-Head-Anime programs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


def to_linear(encoded: Doubles) -> Doubles:
    """sRGB → linear light."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def to_encoded(linear: Doubles) -> Doubles:
    """Linear light, not negative → sRGB."""
    return np.where(linear <= 0.003130804953560372, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
