"""The last two networks of Talking Head Anime 4; the first three are those of Talking Head Anime 3 standard."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ezvtb_core.export.blocks import Net, conv, mix, warp
from ezvtb_core.export.graph import Value
from ezvtb_core.export.unet import Unet

SIDE, HALF_SIDE = 512, 256
BODY_CHANNELS = (64, 128, 256, 256, 256)
UPSCALER_CHANNELS = (32, 64, 128, 256, 256, 256)


class Drawn(NamedTuple):
    """What both networks make of a picture, in the original's order."""

    image: Value
    alpha: Value
    warped: Value
    grid: Value
    direct: Value


def body_morpher(net: Net, half: Value, pose: Value) -> Drawn:
    """The posed face's picture at half size (1, 4, 256, 256) and the rotation pose (1, 6)."""
    half = half.to(net.dtype)
    first = conv(net, half, "body.first_conv", (4, BODY_CHANNELS[0], 3), bias=True)
    return _draw(net, half, HALF_SIDE, Unet(net, pose, HALF_SIDE, BODY_CHANNELS)(first))


def upscaler(net: Net, image: Value, posed: Value, grid: Value, pose: Value) -> Drawn:
    """The posed face's picture (1, 4, 512, 512), the body morpher's image and grid at twice their size, the rotation pose (1, 6).

    The grid that comes out stands for itself; it is not added to the coarse one.
    """
    net = replace(net, last=True)
    image, posed, grid = (each.to(net.dtype) for each in (image, posed, grid))
    coarse = net.graph.concat([posed, warp(net, image, grid, SIDE), grid], 1)
    first = conv(net, image, "body.first_conv", (4, UPSCALER_CHANNELS[0], 3), bias=True)
    first = first + conv(net, coarse, "coarse_image_conv", (10, UPSCALER_CHANNELS[0], 3), bias=True)
    return _draw(net, image, SIDE, Unet(net, pose, SIDE, UPSCALER_CHANNELS)(first))


def _draw(net: Net, image: Value, side: int, drawn: list[Value]) -> Drawn:
    direct, grid, alpha = drawn
    alpha = net.graph.op("Sigmoid", alpha)
    warped = warp(net, image, grid, side)
    return Drawn(mix(alpha, direct, warped), alpha, warped, grid, direct)
