"""The two networks of a Talking Head Anime 4 student: one character each, fully connected networks of sines, per pixel.

Pictures are linear RGBA in -1..1, premultiplied in training; the published files feed straight alpha all the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ezvtb_core.export import blocks
from ezvtb_core.export.blocks import TWICE, Net, conv, mix, warp
from ezvtb_core.export.graph import Array, Value

SIDE, FACE_SIDE = 512, 128
FACE = (slice(80, 208), slice(192, 320))
"""Rows and columns of the face in the picture."""
FACE_POSE, POSE = 39, 45
FREQUENCY = 30.0
"""What every sine's argument is multiplied with."""
FACE_LAYERS, FACE_WIDTH = 8, 128
BODY_LEVELS = ((128, (360, 360, 360, 180)), (256, (180, 180, 180, 90)), (512, (90, 90, 90, 90)))
"""Side of a level, and the widths between its layers: the last is the next level's."""


class Posed(NamedTuple):
    """Head and body turned."""

    image: Value
    grid: Value
    alpha: Value
    """Without a sigmoid, so a little beyond 0..1."""
    colour: Value
    warped: Value


def face_morpher(net: Net, pose: Value) -> Value:
    """The pose (1, 39) → the face box (1, 4, 128, 128)."""
    x = _with_pose(net, None, pose, FACE_POSE, FACE_SIDE)
    width = 2 + FACE_POSE
    for n in range(FACE_LAYERS):
        x = _sine(net, x, f"siren.sine_layers.{n}", width, FACE_WIDTH)
        width = FACE_WIDTH
    return conv(net, x, "siren.last_linear", (FACE_WIDTH, 4, 1), bias=True)


def body_morpher(net: Net, image: Value, pose: Value) -> Posed:
    """The picture with the posed face in it (1, 4, 512, 512), and the pose (1, 45)."""
    x: Value | None = None
    for level, (side, widths) in enumerate(BODY_LEVELS):
        if x is not None:
            x = blocks.resize(net, x, TWICE)
        x = _with_pose(net, x, pose, POSE, side)
        extra = 2 + POSE
        for n, out in enumerate(widths[1:]):
            into = widths[n] if n else (widths[0] if level else 0) + extra
            x = _sine(net, x, f"siren_layers.{level}.{n}", into, out)
    assert x is not None
    x = conv(net, x, "last_linear", (BODY_LEVELS[-1][1][-1], 7, 1), bias=True)
    grid, alpha, colour = net.graph.split(x, [2, 1, 4], 1)
    warped = warp(net, image, grid, SIDE)
    return Posed(mix(alpha, colour, warped), grid, alpha, colour, warped)


def with_face(net: Net, image: Value, face: Value) -> Value:
    """`image` (1, 4, 512, 512) with the posed face (1, 4, 128, 128) in its place."""
    return blocks.paste(net, image, face, *FACE, SIDE)


def _sine(net: Net, x: Value, at: str, into: int, out: int) -> Value:
    linear = conv(net, x, f"{at}.linear", (into, out, 1), bias=True)
    return net.graph.op("Sin", linear * FREQUENCY)


def _with_pose(net: Net, x: Value | None, pose: Value, count: int, side: int) -> Value:
    """`x`, then each pixel's own x and y, then the pose, all (1, …, side, side)."""
    parts = [net.graph.const(_positions(side)), blocks.planes(net, pose, count, side)]
    return net.graph.concat(parts if x is None else [x, *parts], 1)


def _positions(side: int) -> Array:
    return np.ascontiguousarray(blocks.base_grid(side).transpose(0, 3, 1, 2))
