"""The layers of a student, read back from its ONNX file, whoever exported it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from ezvtb_core.backends import Array
from ezvtb_core.kernels.siren import POSITION, Layer, Level

FACE_SIDE = 128
COARSEST = 128
FACE_POSE, FACE_OUTPUTS = 39, 4
BODY_POSE, BODY_OUTPUTS = 45, 7


class NotAStudentError(Exception):
    """The graph is not made the way a student's is; the text says where it differs."""


def face(path: Path) -> tuple[list[Level], Layer]:
    """The face network of a file: one level, and the last layer. Raises NotAStudentError."""
    *layers, last = _layers(path)
    _expect(layers[0].inputs == POSITION + FACE_POSE and last.outputs == FACE_OUTPUTS, "inputs and outputs of the face network")
    return [Level(FACE_SIDE, layers, carried=0)], last


def body(path: Path) -> tuple[list[Level], Layer]:
    """The body network of a file: levels of 128, 256 and 512 pixels, and the last layer. Raises NotAStudentError."""
    *layers, last = _layers(path)
    _expect(last.outputs == BODY_OUTPUTS, "outputs of the body network")
    starts = [index for index, layer in enumerate(layers) if _carried(layers, index) is not None]
    _expect(len(starts) == 3 and starts[0] == 0, "three levels")
    levels = []
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(layers)], strict=True)):
        levels.append(Level(COARSEST << number, layers[start:end], _carried(layers, start) or 0))
    return levels, last


def _carried(layers: list[Layer], index: int) -> int | None:
    """How many values a layer takes from the level before it; None when it does not begin a level."""
    before = layers[index - 1].outputs if index else 0
    return before if layers[index].inputs == before + POSITION + BODY_POSE else None


def _layers(path: Path) -> list[Layer]:
    """All 1×1 convolutions in order; every one but the last must go through a sine, perhaps after a constant factor."""
    try:
        graph = onnx.load(path).graph
    except (OSError, DecodeError, ValueError) as error:
        raise NotAStudentError(str(error)) from error
    constants = dict(_constants(graph))
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    _expect(len(convolutions) >= 3, "number of layers")
    layers = []
    for node in convolutions:
        frequency = 1.0 if node is convolutions[-1] else _frequency(node.output[0], users, constants)
        layers.append(_layer(node, constants, frequency))
    return layers


def _frequency(name: str, users: dict[str, list[onnx.NodeProto]], constants: dict[str, Array]) -> float:
    """The factor between a convolution and its sine."""
    factor = 1.0
    while True:
        following = users.get(name, [])
        _expect(len(following) == 1, f"one user of {name}")
        node = following[0]
        if node.op_type == "Sin":
            return factor
        values = [constants[each] for each in node.input if each in constants]
        _expect(node.op_type == "Mul" and len(values) == 1 and values[0].size == 1, f"a sine after {name}")
        factor *= float(values[0].item())
        name = node.output[0]


def _layer(node: onnx.NodeProto, constants: dict[str, Array], frequency: float) -> Layer:
    weight, bias = (constants.get(name) for name in (*node.input[1:], "")[:2])
    _expect(weight is not None and bias is not None, f"constant weights of {node.name or node.output[0]}")
    assert weight is not None and bias is not None
    _expect(weight.ndim == 4 and weight.shape[2:] == (1, 1) and bias.shape == weight.shape[:1], f"1×1 weights of {node.name}")
    scaled = np.ascontiguousarray(weight[..., 0, 0].T.astype(np.float32) * np.float32(frequency))
    return Layer(scaled, bias.astype(np.float32) * np.float32(frequency))


def _constants(graph: onnx.GraphProto) -> Iterator[tuple[str, Array]]:
    for tensor in graph.initializer:
        yield tensor.name, numpy_helper.to_array(tensor)
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            yield node.output[0], numpy_helper.to_array(node.attribute[0].t)


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise NotAStudentError(f"not as expected: {what}")
