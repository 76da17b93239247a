"""Tiny ONNX graphs for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ezvtb_core.backends import Signature, TensorSpec

SIGNATURE = Signature(
    inputs=(TensorSpec("x", (1, 45), "float32"), TensorSpec("image", (4, 4), "uint8")),
    outputs=(TensorSpec("y", (1, 45), "float32"), TensorSpec("frame", (4, 4), "uint8")),
)


def save(path: Path, nodes: list, inputs: list, outputs: list, constants: list = ()) -> Path:
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    onnx.save(model, path)
    return path


def two_by_two(path: Path) -> Path:
    """x → y = x + 1, image → frame = image; the signature above."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 45]) for name in "xy")
    image, frame = (helper.make_tensor_value_info(name, TensorProto.UINT8, [4, 4]) for name in ("image", "frame"))
    nodes = [helper.make_node("Add", ["x", "one"], ["y"]), helper.make_node("Identity", ["image"], ["frame"])]
    return save(path, nodes, [x, image], [y, frame], [numpy_helper.from_array(np.ones((1,), np.float32), "one")])


def small_puppet(path: Path, side: int = 512) -> Path:
    """pose → frame: the whole frame has the shade 255 · breathing."""
    return save(
        path,
        [
            helper.make_node("Slice", ["pose", "from", "to", "axis"], ["breath"]),
            helper.make_node("Mul", ["breath", "white"], ["shade"]),
            helper.make_node("Cast", ["shade"], ["byte"], to=TensorProto.UINT8),
            helper.make_node("Reshape", ["byte", "one"], ["scalar"]),
            helper.make_node("Expand", ["scalar", "shape"], ["frame"]),
        ],
        [helper.make_tensor_value_info("pose", TensorProto.FLOAT, [1, 45])],
        [helper.make_tensor_value_info("frame", TensorProto.UINT8, [side, side, 4])],
        [
            numpy_helper.from_array(np.array([44]), "from"),
            numpy_helper.from_array(np.array([45]), "to"),
            numpy_helper.from_array(np.array([1]), "axis"),
            numpy_helper.from_array(np.array([255.0], np.float32), "white"),
            numpy_helper.from_array(np.array([1]), "one"),
            numpy_helper.from_array(np.array([side, side, 4]), "shape"),
        ],
    )
