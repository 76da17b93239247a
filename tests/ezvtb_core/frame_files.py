"""Graphs with the published names, shapes and types of RIFE and super-resolution, that do what a test can work out.

In-between frames are a cross-fade, enlarging repeats pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FRAME = (512, 512, 4)


def save(path: Path, nodes: list, inputs: dict[str, tuple], outputs: dict[str, tuple], constants: dict[str, np.ndarray]) -> Path:
    def values(shapes: dict[str, tuple]) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name, shape in shapes.items()]

    tensors = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, path.stem, values(inputs), values(outputs), tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8), path)
    return path


def rife(path: Path, scale: int, batched: bool) -> Path:
    """The 2026 layout makes one output of all frames, v0.0.1 one of each."""
    count = (1,) if batched else ()
    nodes = [helper.make_node("Cast", [f"tha_img_{n}"], [f"float {n}"], to=TensorProto.FLOAT) for n in (0, 1)]
    constants, made = {}, []
    for index in range(scale):
        weight = (index + 1) / scale
        constants |= {f"new {index}": np.float32(weight), f"old {index}": np.float32(1 - weight)}
        made.append(f"frame {index}" if batched else "tha_res" if index == scale - 1 else f"interpo_{index}")
        nodes += [
            helper.make_node("Mul", ["float 0", f"old {index}"], [f"a {index}"]),
            helper.make_node("Mul", ["float 1", f"new {index}"], [f"b {index}"]),
            helper.make_node("Add", [f"a {index}", f"b {index}"], [f"sum {index}"]),
            helper.make_node("Round", [f"sum {index}"], [f"round {index}"]),
            helper.make_node("Cast", [f"round {index}"], [made[-1]], to=TensorProto.UINT8),
        ]
    if batched:
        nodes.append(helper.make_node("Concat", made, ["all of them"], axis=0))
    outputs = {"all of them": (scale, *FRAME)} if batched else dict.fromkeys(made, FRAME)
    return save(path, nodes, {"tha_img_0": (*count, *FRAME), "tha_img_1": (*count, *FRAME)}, outputs, constants)


def faded(before: np.ndarray, after: np.ndarray, scale: int) -> list[np.ndarray]:
    """What `rife` makes; half levels may fall to either side."""
    return [before * (1 - (index + 1) / scale) + after * ((index + 1) / scale) for index in range(scale)]


def enlarging(path: Path, batched: bool, source: str = "x") -> Path:
    """Each pixel becomes 2×2; with the batch of the 2026 layout, which may vary, or without."""
    count: tuple = ("batch",) if batched else ()
    across = len(count)
    nodes = [
        helper.make_node("Unsqueeze", [source, "axes"], ["wide"]),
        helper.make_node("Tile", ["wide", "repeats"], ["tiled"]),
        helper.make_node("Reshape", ["tiled", "shape"], ["y"]),
    ]
    constants = {
        "axes": np.array([across + 1, across + 3], np.int64),
        "repeats": np.array([1] * across + [1, 2, 1, 2, 1], np.int64),
        "shape": np.array([-1] * across + [1024, 1024, 4], np.int64),
    }
    return save(path, nodes, {source: (*count, *FRAME)}, {"y": (*count, 1024, 1024, 4)}, constants)


def repeated(frame: np.ndarray) -> np.ndarray:
    """What `enlarging` makes."""
    return frame.repeat(2, axis=0).repeat(2, axis=1)
