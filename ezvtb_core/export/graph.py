"""A small expression builder for ONNX graphs, used by every program of ours that makes one.

Functions such as :func:`maximum` or :func:`cos` take numpy arrays, Python floats and :class:`Value` objects; as soon as
one argument is a :class:`Value` the result is a node of its graph, otherwise it is a numpy array. So the same formulas
run on numpy arrays or become nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Array: TypeAlias = npt.NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
DType: TypeAlias = np.dtype[Any]
FLOAT32: DType = np.dtype(np.float32)
IR_VERSION = 8
"""The file format of ONNX 1.10 to 1.12: every runtime that knows our operators reads it."""


class Value:
    """One tensor of a graph under construction."""

    __array_ufunc__ = None  # makes ``ndarray + Value`` call Value.__radd__ instead of broadcasting over objects

    def __init__(self, graph: Graph, name: str, dtype: DType = FLOAT32) -> None:
        self.graph, self.name, self.dtype = graph, name, dtype

    def to(self, dtype: npt.DTypeLike) -> Value:
        """The same numbers in another type; itself when it has that type."""
        wanted = np.dtype(dtype)
        if wanted == self.dtype:
            return self
        cast = self.graph.op("Cast", self, to=helper.np_dtype_to_tensor_dtype(wanted))
        return Value(self.graph, cast.name, wanted)

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
    """Collects nodes and constants. Equal constants without a name of their own are stored once."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.inputs: list[ValueInfoProto] = []
        self._names: dict[tuple[str, Shape, bytes], str] = {}

    def input(self, name: str, shape: Shape, dtype: npt.DTypeLike = np.float32) -> Value:
        """A tensor that whoever runs the graph gives."""
        wanted = np.dtype(dtype)
        self.inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(wanted), shape))
        return Value(self, name, wanted)

    def const(self, array: Term, name: str = "") -> Value:
        """A constant; float64 and masks become float32, everything else stays."""
        assert not isinstance(array, Value)
        data = np.ascontiguousarray(array)
        if data.dtype in (np.float64, np.bool_):
            data = data.astype(np.float32)
        if name:
            self.constants.append(numpy_helper.from_array(data, name))
            return Value(self, name, data.dtype)
        key = (data.dtype.str, data.shape, data.tobytes())
        if key not in self._names:
            self._names[key] = f"c{len(self._names)}"
            self.constants.append(numpy_helper.from_array(data, self._names[key]))
        return Value(self, self._names[key], data.dtype)

    def op(self, kind: str, *inputs: Term, **attributes: Any) -> Value:
        """One node with one output."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, count: int, *inputs: Term, **attributes: Any) -> list[Value]:
        """One node with ``count`` outputs of the type of its first :class:`Value`; floating constants take that type, too."""
        dtype = next((x.dtype for x in inputs if isinstance(x, Value)), FLOAT32)
        names = [(x if isinstance(x, Value) else self.const(_as(x, dtype))).name for x in inputs]
        stem = f"n{len(self.nodes)}"
        outputs = [stem if count == 1 else f"{stem}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(kind, names, outputs, **attributes))
        return [Value(self, name, dtype) for name in outputs]

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

    def transpose(self, x: Value, *order: int) -> Value:
        """``x`` with its axes in another order."""
        return self.op("Transpose", x, perm=order)

    def sample(self, texture: Value, grid: Value, padding: str = "zeros") -> Value:
        """Bilinear sampling: texture (1, C, h, w), grid (1, H, W, 2) in -1..1 to (1, C, H, W).

        Outside the texture is transparent (``zeros``) or as its nearest edge (``border``).
        """
        return self.op("GridSample", texture, grid, mode="bilinear", padding_mode=padding, align_corners=0)

    def model(self, name: str, outputs: Mapping[str, tuple[Value, Shape]], opset: int) -> onnx.ModelProto:
        """The model with these outputs, by name with their shapes; what none of them needs is left out.

        Each node is called as its first output, so that profiles can be read.
        """
        renamed: dict[str, str] = {}
        nodes = list(self.nodes)
        made = {output for node in nodes for output in node.output}
        for wanted, (value, _) in outputs.items():
            if value.name in made and value.name not in renamed:
                renamed[value.name] = wanted
            else:  # an input, a constant, or an output under a second name
                nodes.append(helper.make_node("Identity", [value.name], [wanted]))
        nodes, used = _needed(nodes, {*renamed, *outputs})
        for node in nodes:
            node.input[:] = [renamed.get(each, each) for each in node.input]
            node.output[:] = [renamed.get(each, each) for each in node.output]
            node.name = node.output[0]
        graph = helper.make_graph(
            nodes,
            name,
            self.inputs,
            [
                helper.make_tensor_value_info(wanted, helper.np_dtype_to_tensor_dtype(value.dtype), shape)
                for wanted, (value, shape) in outputs.items()
            ],
            [constant for constant in self.constants if constant.name in used],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)


def _as(x: Array | float, dtype: DType) -> Array:
    data = np.asarray(x)
    return data.astype(dtype) if data.dtype.kind == "f" and dtype.kind == "f" else data


def _needed(nodes: list[NodeProto], wanted: set[str]) -> tuple[list[NodeProto], set[str]]:
    """Copies of the nodes that lead to ``wanted``, in order, and the names of all that they use."""
    used, kept = set(wanted), []
    for node in reversed(nodes):
        if used.intersection(node.output):
            used.update(node.input)
            copy = NodeProto()
            copy.CopyFrom(node)
            kept.append(copy)
    return kept[::-1], used


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
