"""The five networks of Talking Head Anime 3, separable and standard; the first three also serve Talking Head Anime 4 standard.

Each function takes graph inputs and returns all outputs of the original module as a tuple, in the original's order; what a
model does not use is left out when it is made. Pictures are linear RGBA in -1..1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ezvtb_core.export import blocks
from ezvtb_core.export.blocks import HALF, TWICE, Activation, Net, block, conv, mix, pose_block, residual, up_block, warp
from ezvtb_core.export.graph import Value

SIDE, HALF_SIDE, EYEBROW_SIDE, FACE_SIDE = 512, 256, 128, 192
EYEBROW = (slice(64, 192), slice(192, 320))
"""Rows and columns of the eyebrows in the picture."""
FACE = (slice(32, 224), slice(160, 352))
EYEBROW_IN_FACE = (slice(32, 160), slice(32, 160))
FEATURES = 512
"""Channels of the bottleneck of all networks but the editor."""
BLOCKS = 6
"""In a bottleneck."""
EYEBROW_POSE, FACE_POSE, ROTATION_POSE = 12, 27, 6
RELU, LEAKY = Activation(), Activation(0.1)


class Decomposed(NamedTuple):
    """The eyebrows taken off the picture."""

    eyebrow: Value
    eyebrow_alpha: Value
    eyebrow_colour: Value
    background: Value
    background_alpha: Value
    background_colour: Value


class Combined(NamedTuple):
    """The eyebrows posed and put back."""

    combined: Value
    """With `combine_alpha`; nobody uses it."""
    combine_alpha: Value
    image: Value
    """With the morphed layer's own alpha: this is the result."""
    layer: Value
    alpha: Value
    colour: Value
    warped: Value
    grid: Value


class Morphed(NamedTuple):
    """Eyes and mouth posed."""

    image: Value
    eye_alpha: Value
    eye_colour: Value
    iris_mouth: Value
    iris_mouth_alpha: Value
    iris_mouth_colour: Value
    warped: Value
    grid: Value
    """Not among the outputs of the original for Talking Head Anime 3."""


class Rotated(NamedTuple):
    """Head and body turned, at half size."""

    direct: Value
    """Nobody uses it."""
    warped: Value
    grid: Value


class Edited(NamedTuple):
    """Head and body turned, at full size."""

    image: Value
    alpha: Value
    colour: Value
    warped: Value
    grid: Value


def decomposer(net: Net, crop: Value) -> Decomposed:
    """The picture's eyebrow box (1, 4, 128, 128)."""
    crop = crop.to(net.dtype)
    x = _decode(net, "body.", _middle(net, "body.", _encode(net, "body.", crop, 4)))
    background_alpha, background_colour = (
        _alpha(net, x, "background_layer_alpha"),
        _colour(net, x, "background_layer_color_change"),
    )
    alpha, colour = _alpha(net, x, "eyebrow_layer_alpha"), _colour(net, x, "eyebrow_layer_color_change")
    return Decomposed(
        mix(alpha, crop, colour),
        alpha,
        colour,
        mix(background_alpha, background_colour, crop),
        background_alpha,
        background_colour,
    )


def combiner(net: Net, background: Value, eyebrow: Value, pose: Value) -> Combined:
    """Both layers (1, 4, 128, 128) and the eyebrow pose (1, 12)."""
    graph, background, eyebrow = net.graph, background.to(net.dtype), eyebrow.to(net.dtype)
    x = _encode(net, "body.", graph.concat([background, eyebrow], 1), 8)
    pose_planes = blocks.planes(net, pose, EYEBROW_POSE, EYEBROW_SIDE // 8)
    x = _decode(net, "body.", _middle(net, "body.", x, pose_planes, EYEBROW_POSE))
    grid = _grid(net, x, "morphed_eyebrow_layer_grid_change")
    alpha, colour = _alpha(net, x, "morphed_eyebrow_layer_alpha"), _colour(net, x, "morphed_eyebrow_layer_color_change")
    combine_alpha = _alpha(net, x, "combine_alpha")
    warped = warp(net, eyebrow, grid, EYEBROW_SIDE)
    layer = mix(alpha, colour, warped)
    layer_rgb, layer_alpha = graph.split(layer, [3, 1], 1)
    background_rgb, background_alpha = graph.split(background, [3, 1], 1)
    image, combined = (
        graph.concat([mix(opacity, layer_rgb, background_rgb), background_alpha], 1)
        for opacity in ((layer_alpha + 1.0) * 0.5, combine_alpha)
    )
    return Combined(combined, combine_alpha, image, layer, alpha, colour, warped, grid)


def face_encoder(net: Net, crop: Value) -> Value:
    """The picture's face box (1, 4, 192, 192) → features (1, 512, 24, 24), which no pose of the face changes."""
    return _encode(net, _face_body(net), crop.to(net.dtype), 4)


def face_morpher(net: Net, crop: Value, features: Value, pose: Value) -> Morphed:
    """The face box (1, 4, 192, 192), `face_encoder` of it, and the face pose (1, 27)."""
    at, crop, features = _face_body(net), crop.to(net.dtype), features.to(net.dtype)
    pose_planes = blocks.planes(net, pose, FACE_POSE, FACE_SIDE // 8)
    x = _decode(net, at, _middle(net, at, features, pose_planes, FACE_POSE))
    grid = _grid(net, x, "iris_mouth_grid_change")
    iris_mouth_colour, iris_mouth_alpha = _colour(net, x, "iris_mouth_color_change"), _alpha(net, x, "iris_mouth_alpha")
    eye_colour, eye_alpha = _colour(net, x, "eye_color_change"), _alpha(net, x, "eye_alpha")
    warped = warp(net, crop, grid, FACE_SIDE)
    iris_mouth = mix(iris_mouth_alpha, iris_mouth_colour, warped)
    image = mix(eye_alpha, eye_colour, iris_mouth)
    return Morphed(image, eye_alpha, eye_colour, iris_mouth, iris_mouth_alpha, iris_mouth_colour, warped, grid)


def rotator(net: Net, half: Value, pose: Value) -> Rotated:
    """The picture at half size (1, 4, 256, 256) and the rotation pose (1, 6)."""
    at, half = "encoder_decoder.", half.to(net.dtype)
    pose_planes = blocks.planes(net, pose, ROTATION_POSE, HALF_SIDE)
    x = pose_block(net, half, pose_planes, f"{at}downsample_blocks.0", (4 + ROTATION_POSE, 64, 7), LEAKY)
    for n, channels in enumerate((64, 128, 256)):
        x = block(net, x, f"{at}downsample_blocks.{n + 1}", (channels, 2 * channels, 4), _stride_activation(net), stride=2)
    for n in range(BLOCKS):
        x = residual(net, x, f"{at}bottleneck_blocks.{n}", FEATURES, LEAKY)
    for n, channels in enumerate((512, 256, 128)):
        x = blocks.resize(net, x, TWICE, "nearest")
        x = block(net, x, f"{at}upsample_blocks.{n}.1", (channels, channels // 2, 3), LEAKY)
    direct = _colour(net, x, "direct_creator")
    grid = _grid(net, x, "grid_change_creator")
    return Rotated(direct, warp(net, half, grid, HALF_SIDE), grid)


def editor(net: Net, image: Value, warped: Value, grid: Value, pose: Value) -> Edited:
    """The posed face's picture (1, 4, 512, 512), the rotator's results at twice their size, and the rotation pose (1, 6)."""
    net, graph = replace(net, last=True), net.graph
    image, warped, grid = (each.to(net.dtype) for each in (image, warped, grid))
    x, pose_planes = graph.concat([image, warped, grid], 1), blocks.planes(net, pose, ROTATION_POSE, SIDE)
    x = pose_block(net, x, pose_planes, "body.downsample_blocks.0", (10 + ROTATION_POSE, 32, 3), LEAKY)
    skips = [x]
    for n, channels in enumerate((32, 64, 128)):
        x = block(net, x, f"body.downsample_blocks.{n + 1}", (channels, 2 * channels, 4), _stride_activation(net), stride=2)
        skips.append(x)
    skips.pop()
    for n in range(BLOCKS):
        x = residual(net, x, f"body.bottleneck_blocks.{n}", 256, LEAKY)
    for n, channels in enumerate((256, 128, 64)):
        x = graph.concat([blocks.resize(net, x, TWICE, "nearest"), skips.pop()], 1)
        x = block(net, x, f"body.upsample_blocks.{n}", (channels + channels // 2, channels // 2, 3), LEAKY)
    colour = graph.op("Tanh", conv(net, x, "color_change_creator.0", (32, 4, 3), bias=True))
    alpha = graph.op("Sigmoid", conv(net, x, "alpha_creator.0", (32, 4, 3), bias=True))
    full_grid = grid + conv(net, x, "grid_change_creator", (32, 2, 3))
    moved = warp(net, image, full_grid, SIDE)
    return Edited(mix(alpha, colour, moved), alpha, colour, moved, full_grid)


def with_eyebrow(net: Net, image: Value, eyebrow: Value) -> Value:
    """The face box of `image` (1, 4, 512, 512) with the posed eyebrows (1, 4, 128, 128) in it: (1, 4, 192, 192)."""
    return blocks.paste(net, blocks.crop(net, image, *FACE).to(net.dtype), eyebrow, *EYEBROW_IN_FACE, FACE_SIDE)


def with_face(net: Net, image: Value, face: Value) -> tuple[Value, Value]:
    """`image` with the posed face (1, 4, 192, 192) in its place, and that at half size."""
    full = blocks.paste(net, image.to(net.dtype), face, *FACE, SIDE)
    return full, blocks.resize(net, full, HALF)


def _encode(net: Net, at: str, x: Value, into: int) -> Value:
    x = block(net, x, f"{at}downsample_blocks.0", (into, 64, 3), RELU)
    for n, channels in enumerate((64, 128, 256)):
        x = block(net, x, f"{at}downsample_blocks.{n + 1}", (channels, 2 * channels, 4), RELU, stride=2)
    return x


def _middle(net: Net, at: str, x: Value, pose: Value | None = None, count: int = 0) -> Value:
    size = (FEATURES + count, FEATURES, 3)
    if pose is None:
        x = block(net, x, f"{at}bottleneck_blocks.0", size, RELU)
    else:
        x = pose_block(net, x, pose, f"{at}bottleneck_blocks.0", size, RELU)
    for n in range(1, BLOCKS):
        x = residual(net, x, f"{at}bottleneck_blocks.{n}", FEATURES, RELU)
    return x


def _decode(net: Net, at: str, x: Value) -> Value:
    for n, channels in enumerate((512, 256, 128)):
        x = up_block(net, x, f"{at}upsample_blocks.{n}", channels, channels // 2, RELU)
    return x


def _face_body(net: Net) -> str:
    return "body." if net.separable else ""


def _stride_activation(net: Net) -> Activation:
    # The original's factory for these three blocks forgets the activation that it is given; its separable twin does not.
    return LEAKY if net.separable else RELU


def _alpha(net: Net, x: Value, at: str) -> Value:
    return net.graph.op("Sigmoid", conv(net, x, f"{at}.0", (64, 1, 3), bias=True))


def _colour(net: Net, x: Value, at: str) -> Value:
    return net.graph.op("Tanh", conv(net, x, f"{at}.0", (64, 4, 3), bias=True))


def _grid(net: Net, x: Value, at: str) -> Value:
    return conv(net, x, at, (64, 2, 3))
