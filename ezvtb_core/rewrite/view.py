"""Looking things up in an ONNX graph, and changing it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import onnx
from onnx import numpy_helper

from ezvtb_core.backends import Array


class GraphView:
    """One graph under revision: look things up, note changes, `apply` them all at once. Then the view is out of date.

    Nodes are told apart by their first output, which is unique in a graph.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.outputs = {output.name for output in graph.output}
        self._users: dict[str, list[onnx.NodeProto]] = {}
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self._tensors[node.output[0]] = node.attribute[0].t
        self._producers = {output: node for node in graph.node for output in node.output}
        self._removed: set[str] = set()
        self._added: dict[str, list[onnx.NodeProto]] = {}
        self._constants: list[onnx.TensorProto] = []

    def constant(self, name: str) -> Array | None:
        """The value of a constant, None for anything that is computed."""
        tensor = self._tensors.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def producer(self, name: str) -> onnx.NodeProto | None:
        """The node that computes a value, None for inputs and initializers."""
        return self._producers.get(name)

    def users(self, name: str) -> list[onnx.NodeProto]:
        """Nodes that take a value, once for every time that they do."""
        return self._users.get(name, [])

    def only_user(self, name: str) -> onnx.NodeProto | None:
        """The node that takes a value, when there is exactly one and nobody outside wants it."""
        users = self.users(name)
        return users[0] if len(users) == 1 and name not in self.outputs else None

    def add_constant(self, array: Array, name: str) -> str:
        """Note a new constant. `name` must be new, too: derive it from that of a node that is replaced."""
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def replace(self, removed: Iterable[onnx.NodeProto], added: Iterable[onnx.NodeProto], at: onnx.NodeProto) -> None:
        """Note that nodes go, and that others come where `at` is or was."""
        self._removed.update(node.output[0] for node in removed)
        self._added[at.output[0]] = list(added)

    def apply(self) -> None:
        """Make the noted changes."""
        if not self._added:
            return
        nodes: list[onnx.NodeProto] = []
        for node in self.graph.node:
            nodes.extend(self._added.get(node.output[0], ()))
            if node.output[0] not in self._removed:
                nodes.append(node)
        # Messages are taken over by copying, so the old ones have to live until then.
        kept = [_copy(node) for node in nodes]
        del self.graph.node[:]
        self.graph.node.extend(kept)
        self.graph.initializer.extend(self._constants)


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    copied = onnx.NodeProto()
    copied.CopyFrom(node)
    return copied


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes by name."""
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
