"""The same networks as faster graphs: what ONNX Runtime's own optimiser leaves undone, on any exporter's files.

Every rewrite gives the same numbers but for rounding. They are made in memory when a graph is opened; nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection

import onnx
from onnx import shape_inference

from ezvtb_core.rewrite.concats import split_concats
from ezvtb_core.rewrite.enlargements import convolve_before_enlarging
from ezvtb_core.rewrite.heads import join_heads
from ezvtb_core.rewrite.prune import prune
from ezvtb_core.rewrite.view import GraphView


def optimise(model: onnx.ModelProto, wanted: Collection[str]) -> None:
    """Rewrite `model` in place, keeping the outputs in `wanted` only."""
    prune(model.graph, wanted)
    view = GraphView(model.graph)
    join_heads(view)
    view.apply()
    for work in (convolve_before_enlarging, split_concats):
        view = GraphView(model.graph)
        work(view, shapes(model))
        view.apply()
    prune(model.graph, wanted)


def shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor that is known; 0 for a dimension that may vary."""
    graph = shape_inference.infer_shapes(model).graph
    return {
        value.name: tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
