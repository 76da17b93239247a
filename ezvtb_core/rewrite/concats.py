"""Joined channels that are convolved one by one are not joined at all.

In a separable U-Net the enlarged features and those of the way down are joined, go through a depthwise convolution and then
a pointwise one. The first treats every channel by itself and the second is a sum over channels, so each part can go its own
way until that sum. Saves copying the largest tensors of the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import onnx
from onnx import helper

from ezvtb_core.rewrite.view import GraphView, attributes

BLOCK = 16
"""Parts must be whole blocks of channels of the kernels, or they would cost more apart than together."""


def split_concats(view: GraphView, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Rewrite Concat → depthwise Conv → pointwise Conv. `shapes`: of each tensor where it is known.

    Equal but for the order of the last sum.
    """
    for concat in view.graph.node:
        if concat.op_type != "Concat" or attributes(concat).get("axis") != 1:
            continue
        depthwise = view.only_user(concat.output[0])
        pointwise = view.only_user(depthwise.output[0]) if depthwise is not None else None
        if depthwise is None or pointwise is None or {depthwise.op_type, pointwise.op_type} != {"Conv"}:
            continue
        sizes = [shape[1] if len(shape := shapes.get(name, ())) == 4 else 0 for name in concat.input]
        if any(size == 0 or size % BLOCK for size in sizes):
            continue
        nodes = list(_parts(view, concat, depthwise, pointwise, sizes))
        if nodes:
            view.replace([concat, depthwise, pointwise], nodes, at=pointwise)


def _parts(
    view: GraphView, concat: onnx.NodeProto, depthwise: onnx.NodeProto, pointwise: onnx.NodeProto, sizes: list[int]
) -> Iterator[onnx.NodeProto]:
    each, across = view.constant(depthwise.input[1]), view.constant(pointwise.input[1])
    if each is None or across is None or len(depthwise.input) > 2 or across.shape[2:] != (1, 1):
        return
    shape, point = attributes(depthwise), attributes(pointwise)
    if not shape.get("group") == len(each) == sum(sizes) == across.shape[1] or point.get("group", 1) != 1:
        return
    stem, total = pointwise.output[0] + "/part", ""
    ends = np.cumsum(sizes)
    for number, (name, size, end) in enumerate(zip(concat.input, sizes, ends, strict=True)):
        mine = slice(int(end) - size, int(end))
        filtered, mixed = f"{stem}{number}/each", f"{stem}{number}/across"
        weight = view.add_constant(np.ascontiguousarray(each[mine]), filtered + "/weight")
        yield helper.make_node("Conv", [name, weight], [filtered], filtered, **{**shape, "group": size})
        inputs = [filtered, view.add_constant(np.ascontiguousarray(across[:, mine]), mixed + "/weight")]
        if number == 0:
            inputs += pointwise.input[2:]
        yield helper.make_node("Conv", inputs, [mixed], mixed, **point)
        if number:
            out = pointwise.output[0] if number == len(sizes) - 1 else f"{stem}{number}/sum"
            yield helper.make_node("Add", [total, mixed], [out], out)
            total = out
        else:
            total = mixed
