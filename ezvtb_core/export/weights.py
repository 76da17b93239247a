"""The parameters of one network on their way into a graph: every one is asked for with the shape that it must have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ezvtb_core.export.checkpoint import WeightsError
from ezvtb_core.export.graph import FLOAT32, Array, DType, Graph, Shape, Value

LISTED = 3
"""How many keys of a kind an error names."""


class Weights:
    """Parameters by their state-dict keys, as constants of a graph that are named `prefix` + key."""

    def __init__(self, graph: Graph, arrays: Mapping[str, Array], prefix: str = "") -> None:
        self.graph = graph
        self.arrays = arrays
        self.prefix = prefix

    def array(self, key: str, *shape: int) -> Array:
        """The parameter itself, float32, for what is computed before the graph is made."""
        found = self.arrays[key]
        assert found.shape == shape, (key, found.shape, shape)
        return found.astype(np.float32)

    def value(self, key: str, *shape: int, dtype: DType = FLOAT32) -> Value:
        """The parameter as a constant of the graph."""
        return self.graph.const(self.array(key, *shape).astype(dtype), self.prefix + key)


class Census(Weights):
    """Writes down what a network asks for, and has nothing to give."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph, {})
        self.shapes: dict[str, Shape] = {}

    def array(self, key: str, *shape: int) -> Array:
        """Zeros."""
        self.shapes[key] = shape
        return np.zeros(shape, np.float32)

    def value(self, key: str, *shape: int, dtype: DType = FLOAT32) -> Value:
        """A name without a constant behind it."""
        self.shapes[key] = shape
        return Value(self.graph, key, dtype)


def check(path: Path, arrays: Mapping[str, Array], expected: Mapping[str, Shape], dtype: DType = FLOAT32) -> None:
    """Compare a checkpoint with the network. Raises WeightsError that names the file, keys, expected and got.

    `dtype`: what the numbers have to fit into.
    """
    limit = float(np.finfo(dtype).max)
    missing = [key for key in expected if key not in arrays]
    unexpected = [key for key in arrays if key not in expected]
    if missing or unexpected:
        facts = {"expected": len(expected), "got": len(arrays), "missing": _some(missing), "unexpected": _some(unexpected)}
        raise WeightsError("export_keys", path=str(path), **facts)
    for key, shape in expected.items():
        found = arrays[key]
        if found.shape != shape or found.dtype.kind != "f":
            got = f"{found.dtype} {found.shape}"
            raise WeightsError("export_shape", path=str(path), key=key, expected=f"float {shape}", got=got)
        if not float(np.abs(found).max(initial=0)) <= limit:
            raise WeightsError("export_not_finite", path=str(path), key=key, limit=f"{limit:g}")


def _some(keys: list[str]) -> str:
    more = f", … ({len(keys)})" if len(keys) > LISTED else ""
    return ", ".join(keys[:LISTED]) + more if keys else "-"
