"""Where a network ends and painting begins: the last warp, what is painted over it, and the conversion to 8 bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx

from ezvtb_core.rewrite.view import GraphView

SHIFT = 2
"""Channels of a shift: right and down."""
PASSING = ("Identity", "Transpose", "Reshape")
"""What may lie between a shift and the warp besides the addition of the pixels' own places."""


@dataclass(frozen=True)
class Tail:
    """Names of the tensors that painting needs."""

    image: str
    """(1, 4, side, side)."""
    shift: str
    """(1, 2, side, side)."""
    alpha: str
    """(1, 1 or 4, side, side)."""
    colour: str
    """(1, 4, side, side)."""


def find_tail(view: GraphView, shapes: Mapping[str, tuple[int, ...]]) -> Tail | None:
    """The tail of colour · alpha + warp(image, place + shift) · (1 - alpha), None where a graph does not end like that."""
    warps = [node for node in view.graph.node if node.op_type == "GridSample"]
    if not warps:
        return None
    warp = warps[-1]
    image = warp.input[0]
    shift = _shift(view, warp.input[1], shapes)
    faded = view.only_user(warp.output[0])
    if shift is None or faded is None or faded.op_type != "Mul":
        return None
    alpha = _complement(view, _other(faded, warp.output[0]))
    total = view.only_user(faded.output[0])
    if alpha is None or total is None or total.op_type != "Add":
        return None
    painted = view.producer(_other(total, faded.output[0]))
    if painted is None or painted.op_type != "Mul" or alpha not in painted.input:
        return None
    colour = _other(painted, alpha)
    side = shapes.get(image, (0,))[-1]
    channels = {name: shapes.get(name) for name in (image, shift, alpha, colour)}
    fits = all(shape is not None and len(shape) == 4 and shape[2:] == (side, side) for shape in channels.values())
    return Tail(image, shift, alpha, colour) if fits else None


def _shift(view: GraphView, name: str, shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """Back from the places that a warp samples to what is added to the pixels' own places."""
    while len(shapes.get(name, ())) != 4 or shapes[name][1] != SHIFT:
        node = view.producer(name)
        if node is None:
            return None
        computed = [each for each in node.input if view.constant(each) is None]
        if node.op_type not in (*PASSING, "Add") or len(computed) != 1:
            return None
        name = computed[0]
    return name


def _complement(view: GraphView, name: str) -> str | None:
    """`alpha`, where `name` is 1 - alpha."""
    node = view.producer(name)
    if node is None or node.op_type != "Sub":
        return None
    one = view.constant(node.input[0])
    return node.input[1] if one is not None and one.size == 1 and one.item() == 1 else None


def _other(node: onnx.NodeProto, name: str) -> str:
    """The other one of two inputs."""
    return str(node.input[1] if node.input[0] == name else node.input[0])
