"""A small network that ends as THA3's and THA4's last ones do, and a separable U-Net's joint."""

from __future__ import annotations

import numpy as np
import onnx

from ezvtb_core.backends import Signature, TensorSpec
from ezvtb_core.export import blocks, colour
from ezvtb_core.export.graph import Graph, Value

SIDE = 512
PAINTER = Signature(
    (
        TensorSpec("image", (1, 4, SIDE, SIDE), "float32"),
        TensorSpec("grid", (1, 2, SIDE, SIDE), "float32"),
    ),
    (TensorSpec("cv_result", (SIDE, SIDE, 4), "uint8"),),
)


def painter(alphas: int = 4, ending: str = "painted", seed: int = 0, dtype: type = np.float32) -> onnx.ModelProto:
    """image, grid → result, cv_result. Other values of `ending` are other networks with the same inputs and outputs."""
    graph, random = Graph(), np.random.default_rng(seed)
    image, grid = graph.input("image", (1, 4, SIDE, SIDE), dtype), graph.input("grid", (1, 2, SIDE, SIDE), dtype)
    x = graph.concat([image, grid], 1)
    over = graph.op("Tanh", _conv(graph, x, 6, 4, random))
    alpha = graph.op("Sigmoid", _conv(graph, x, 6, alphas, random))
    shift = grid + _conv(graph, x, 6, 2, random) * 0.1
    if ending == "places doubled":
        shift = shift * 2.0
    places = graph.transpose(shift, 0, 2, 3, 1) + blocks.base_grid(SIDE)
    if ending == "places doubled":
        places = places * 0.5
    moved = graph.sample(image, places, padding="border")
    mixed = over * alpha + moved * (1.0 - alpha)
    if ending == "added":
        mixed = over + moved * (1.0 - alpha)
    elif ending == "darker":
        mixed = (over * alpha + moved * (1.0 - alpha)) * 0.5
    result, frame = colour.finish(mixed, SIDE)
    outputs = {"result": (result, (1, 4, SIDE, SIDE)), "cv_result": (frame, (SIDE, SIDE, 4))}
    return graph.model("painter", outputs, 16)


def joint(sizes: tuple[int, ...] = (32, 16), bias: bool = True, seed: int = 0) -> onnx.ModelProto:
    """Two or more tensors joined, a depthwise convolution, a pointwise one."""
    graph, random = Graph(), np.random.default_rng(seed)
    parts = [graph.op("Relu", graph.input(f"x{number}", (1, size, 9, 9))) for number, size in enumerate(sizes)]
    total = sum(sizes)
    each = random.uniform(-1, 1, (total, 1, 3, 3)).astype(np.float32)
    x = graph.op("Conv", graph.concat(parts, 1), each, group=total, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    parameters = [random.uniform(-1, 1, (8, total, 1, 1)).astype(np.float32)]
    if bias:
        parameters.append(random.uniform(-1, 1, 8).astype(np.float32))
    return graph.model("joint", {"y": (graph.op("Conv", x, *parameters, kernel_shape=[1, 1]), (1, 8, 9, 9))}, 16)


def enlarged(joined: str = "", kernel: int = 3, mode: str = "asymmetric", channels: int = 96, seed: int = 0) -> onnx.ModelProto:
    """Features enlarged twice by repeating, perhaps joined with others `before` or `after` them, and a dense convolution."""
    graph, random = Graph(), np.random.default_rng(seed)
    small = graph.input("small", (1, channels, 5, 7))
    scales, nothing = graph.const(np.array([1, 1, 2, 2], np.float32)), Value(graph, "")
    nearest = "floor" if mode == "asymmetric" else "round_prefer_floor"
    how = {"coordinate_transformation_mode": mode, "nearest_mode": nearest}
    x = graph.op("Resize", small, nothing, scales, mode="nearest", **how)
    total = channels
    if joined:
        other = graph.input("other", (1, 20, 10, 14))
        x, total = graph.concat([other, x] if joined == "before" else [x, other], 1), total + 20
    weight = (random.uniform(-1, 1, (6, total, kernel, kernel)) / np.sqrt(9 * total)).astype(np.float32)
    bias = random.uniform(-1, 1, 6).astype(np.float32)
    pads = [kernel // 2] * 4
    return graph.model(
        "enlarged", {"y": (graph.op("Conv", x, weight, bias, kernel_shape=[kernel] * 2, pads=pads), (1, 6, 10, 14))}, 16
    )


def inputs(model: onnx.ModelProto, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shapes = {each.name: [size.dim_value for size in each.type.tensor_type.shape.dim] for each in model.graph.input}
    return {name: random.uniform(-0.5, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def _conv(graph: Graph, x: Value, into: int, out: int, random: np.random.Generator) -> Value:
    weight = (random.uniform(-1, 1, (out, into, 3, 3)) / np.sqrt(9 * into)).astype(np.float32)
    bias = random.uniform(-0.1, 0.1, out).astype(np.float32)
    return graph.op("Conv", x, weight, bias, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
