"""Convolutions that read the same tensor become one.

The networks end in several small heads (colour, opacity, shift) on the same features. Kernels compute channels in blocks of
8 or 16, so that three heads of 4, 4 and 2 channels cost three times as much as one of 10.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import onnx
from onnx import helper

from ezvtb_core.backends import Array
from ezvtb_core.rewrite.view import GraphView, attributes

WIDEST = 32
"""Output channels of all heads together: above, nothing is gained."""


def join_heads(view: GraphView) -> None:
    """Replace each group of such convolutions by one and a Split. Exact: the same sums in the same order."""
    groups: dict[tuple[str, str], list[onnx.NodeProto]] = defaultdict(list)
    for node in view.graph.node:
        if node.op_type == "Conv" and attributes(node).get("group", 1) == 1 and _weights(view, node) is not None:
            shape = attributes(node)
            groups[node.input[0], repr(sorted(shape.items()))].append(node)
    for members in groups.values():
        if len(members) > 1:
            _join(view, members)


def _join(view: GraphView, members: list[onnx.NodeProto]) -> None:
    parameters = [found for node in members if (found := _weights(view, node)) is not None]
    weights, biases = zip(*parameters, strict=True)
    sizes = [len(weight) for weight in weights]
    if sum(sizes) > WIDEST or len({(weight.shape[1:], weight.dtype) for weight in weights}) > 1:
        return
    first = members[0]
    stem = first.output[0] + "/joined"
    weight = view.add_constant(np.concatenate(weights), stem + "/weight")
    bias = view.add_constant(np.concatenate(biases), stem + "/bias")
    lengths = view.add_constant(np.array(sizes, np.int64), stem + "/lengths")
    joined = helper.make_node("Conv", [first.input[0], weight, bias], [stem], stem, **attributes(first))
    split = helper.make_node("Split", [stem, lengths], [node.output[0] for node in members], stem + "/split", axis=1)
    view.replace(members, [joined, split], at=first)


def _weights(view: GraphView, node: onnx.NodeProto) -> tuple[Array, Array] | None:
    """Weight and bias, None when they are not constant; no bias is zeros."""
    weight = view.constant(node.input[1])
    if weight is None:
        return None
    if len(node.input) < 3 or not node.input[2]:
        return weight, np.zeros(len(weight), weight.dtype)
    bias = view.constant(node.input[2])
    return None if bias is None else (weight, bias)
