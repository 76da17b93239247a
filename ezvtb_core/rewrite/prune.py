"""What nobody needs is left out: outputs that are not wanted, and all that only they needed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import onnx


def prune(graph: onnx.GraphProto, wanted: Collection[str]) -> None:
    """Keep the outputs in `wanted` and what leads to them; inputs stay, used or not."""
    _keep(graph.output, lambda output: output.name in wanted)
    used = {output.name for output in graph.output}
    needed: set[str] = set()
    for node in reversed(graph.node):
        if used.intersection(node.output):
            needed.add(node.output[0])
            used.update(node.input)
    _keep(graph.node, lambda node: node.output[0] in needed)
    _keep(graph.initializer, lambda tensor: tensor.name in used)


def _keep(items: Any, wanted: Callable[[Any], bool]) -> None:
    """Take out of a repeated field what is not wanted."""
    for index in reversed(range(len(items))):
        if not wanted(items[index]):
            del items[index]
