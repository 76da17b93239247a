"""Between pictures as people store them (uint8, BGRA, sRGB) and as the networks see them (RGBA, linear, -1..1).

Always float32: half precision has too few steps for dark colours. Constants are those of the original programs.
"""

from __future__ import annotations

import numpy as np

from ezvtb_core.export.graph import FLOAT32, Value, clip

TO_RGBA = np.array([2, 1, 0, 3], np.int64)
"""BGRA ↔ RGBA, both ways."""


def prepare(picture: Value, side: int) -> Value:
    """uint8 (side, side, 4) straight sRGB BGRA → float32 (1, 4, side, side) linear RGBA in -1..1, still straight alpha."""
    graph = picture.graph
    channels = graph.transpose(graph.op("Gather", picture.to(FLOAT32) / 255.0, TO_RGBA, axis=2), 2, 0, 1)
    colour, alpha = graph.split(graph.reshape(channels, 1, 4, side, side), [3, 1], 1)
    return graph.concat([to_linear(colour), alpha], 1) * 2.0 - 1.0


def finish(image: Value, side: int) -> tuple[Value, Value]:
    """(1, 4, side, side) linear RGBA in -1..1 → sRGB RGBA 0..1 float32, and uint8 (side, side, 4) sRGB BGRA, truncated.

    The colour is limited to 0..1 before it is converted; the alpha only in the picture, as in the original programs.
    """
    graph = image.graph
    colour, alpha = graph.split(image.to(FLOAT32) * 0.5 + 0.5, [3, 1], 1)
    result = graph.concat([to_srgb(clip(colour)), alpha], 1)
    pixels = graph.transpose(graph.reshape(result, 4, side, side), 1, 2, 0)
    pixels = graph.op("Gather", clip(pixels * 255.0, 0.0, 255.0), TO_RGBA, axis=2)
    return result, pixels.to(np.uint8)


def to_linear(x: Value) -> Value:
    """sRGB 0..1 → linear light."""
    graph = x.graph
    curve = graph.op("Pow", (x + 0.055) / 1.055, 2.4)
    return graph.op("Where", graph.op("LessOrEqual", x, 0.04045), x / 12.92, curve)


def to_srgb(x: Value) -> Value:
    """Linear light 0..1 → sRGB."""
    graph = x.graph
    curve = graph.op("Pow", x, 1 / 2.4) * 1.055 - 0.055
    return graph.op("Where", graph.op("LessOrEqual", x, 0.003130804953560372), x * 12.92, curve)
