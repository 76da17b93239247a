"""A small expression builder: the same rig formulas run on numpy arrays or become ONNX nodes.

Functions such as :func:`maximum` or :func:`cos` take numpy arrays, Python floats and :class:`Value` objects; as soon as
one argument is a :class:`Value` the result is a node of its graph, otherwise it is a numpy array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

Array: TypeAlias = npt.NDArray[Any]
OPSET = 17  # the lowest with everything used here, so that most execution providers can run it


class Value:
    """One tensor of a graph under construction."""

    __array_ufunc__ = None  # makes ``ndarray + Value`` call Value.__radd__ instead of broadcasting over objects

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name

    def __add__(self, other: Term) -> Value:
        return self.graph.op("Add", self, other)

    def __sub__(self, other: Term) -> Value:
        return self.graph.op("Sub", self, other)

    def __rsub__(self, other: Term) -> Value:
        return self.graph.op("Sub", other, self)

    def __mul__(self, other: Term) -> Value:
        return self.graph.op("Mul", self, other)

    def __truediv__(self, other: Term) -> Value:
        return self.graph.op("Div", self, other)

    def __rtruediv__(self, other: Term) -> Value:
        return self.graph.op("Div", other, self)

    def __neg__(self) -> Value:
        return self.graph.op("Neg", self)

    __radd__ = __add__
    __rmul__ = __mul__


Term: TypeAlias = "Value | Array | float"


class Graph:
    """Collects nodes and constants. Equal constants are stored once."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._names: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def const(self, array: Term) -> Value:
        """A constant; floats and masks become float32, integers stay."""
        assert not isinstance(array, Value)
        data = np.ascontiguousarray(array)
        if data.dtype in (np.float64, np.bool_):
            data = data.astype(np.float32)
        key = (data.dtype.str, data.shape, data.tobytes())
        if key not in self._names:
            self._names[key] = f"c{len(self._names)}"
            self.constants.append(numpy_helper.from_array(data, self._names[key]))
        return Value(self, self._names[key])

    def op(self, kind: str, *inputs: Term, **attributes: Any) -> Value:
        """One node with one output."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, count: int, *inputs: Term, **attributes: Any) -> list[Value]:
        """One node with ``count`` outputs."""
        names = [(x if isinstance(x, Value) else self.const(x)).name for x in inputs]
        stem = f"n{len(self.nodes)}"
        outputs = [stem if count == 1 else f"{stem}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(kind, names, outputs, **attributes))
        return [Value(self, name) for name in outputs]

    def split(self, x: Value, sizes: Sequence[int], axis: int) -> list[Value]:
        """Consecutive pieces of ``x`` along ``axis``."""
        return self.ops("Split", len(sizes), x, np.array(sizes, np.int64), axis=axis)

    def concat(self, parts: Sequence[Term], axis: int) -> Value:
        """The parts joined along ``axis``."""
        return self.op("Concat", *parts, axis=axis)

    def slice(self, x: Value, start: int, stop: int, axis: int) -> Value:
        """``x[start:stop]`` along ``axis``."""
        return self.op("Slice", x, *(np.array([v], np.int64) for v in (start, stop, axis)))

    def reshape(self, x: Value, *shape: int) -> Value:
        """``x`` with another shape."""
        return self.op("Reshape", x, np.array(shape, np.int64))

    def sample(self, texture: Value, grid: Value) -> Value:
        """Bilinear sampling, transparent outside: texture (1, C, h, w), grid (1, H, W, 2) in -1..1 to (1, C, H, W)."""
        return self.op("GridSample", texture, grid, mode="bilinear", padding_mode="zeros", align_corners=0)


def _unary(kind: str, fn: Any, x: Term) -> Any:
    return x.graph.op(kind, x) if isinstance(x, Value) else fn(x)


def _binary(kind: str, fn: Any, a: Term, b: Term) -> Any:
    for x in (a, b):
        if isinstance(x, Value):
            return x.graph.op(kind, a, b)
    return fn(a, b)


def sin(x: Term) -> Any:
    """Sine of radians."""
    return _unary("Sin", np.sin, x)


def cos(x: Term) -> Any:
    """Cosine of radians."""
    return _unary("Cos", np.cos, x)


def sqrt(x: Term) -> Any:
    """Square root."""
    return _unary("Sqrt", np.sqrt, x)


def absolute(x: Term) -> Any:
    """Absolute value."""
    return _unary("Abs", np.abs, x)


def maximum(a: Term, b: Term) -> Any:
    """Larger of the two, element by element."""
    return _binary("Max", np.maximum, a, b)


def minimum(a: Term, b: Term) -> Any:
    """Smaller of the two, element by element."""
    return _binary("Min", np.minimum, a, b)


def clip(x: Term, low: float = 0.0, high: float = 1.0) -> Any:
    """``x`` limited to low..high."""
    if isinstance(x, Value):
        return x.graph.op("Clip", x, np.float32(low), np.float32(high))
    return np.clip(x, low, high)


def matmul(a: Term, b: Term) -> Any:
    """Matrix product."""
    return _binary("MatMul", np.matmul, a, b)
