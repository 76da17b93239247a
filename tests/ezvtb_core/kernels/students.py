"""Small students with made-up weights: the networks' exact structure, as any exporter would write it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx

from ezvtb_core.backends import Signature, TensorSpec
from ezvtb_core.export import blocks, colour
from ezvtb_core.export.graph import Graph, Value
from ezvtb_core.export.weights import Weights

IMAGE = TensorSpec("input_image", (512, 512, 4), "uint8")
FACE = TensorSpec("face_morphed", (1, 4, 128, 128), "float32")
FRAME = TensorSpec("cv_result", (512, 512, 4), "uint8")
FACE_SIGNATURE = Signature((TensorSpec("pose", (1, 39), "float32"),), (FACE,))
BODY_SIGNATURE = Signature((IMAGE, FACE, TensorSpec("pose", (1, 45), "float32")), (FRAME,))
FREQUENCY = 30.0


def save_face(path: Path, seed: int = 0, frequency_apart: bool = False) -> Path:
    """pose (1, 39) → face_morphed (1, 4, 128, 128), three sine layers of 8."""
    graph, random = Graph(), np.random.default_rng(seed)
    pose = graph.input("pose", (1, 39))
    x = _layers(graph, _inputs(graph, pose, 39, 128), (41, 8, 8, 8), random, frequency_apart)
    face = _linear(graph, x, 8, 4, random, 1.0)
    onnx.save(graph.model("face", {"face_morphed": (face, (1, 4, 128, 128))}, 16), path)
    return path


def save_body(path: Path, seed: int = 0, order: tuple[int, int, int] = (0, 1, 2), batch: bool = False) -> Path:
    """input_image, face_morphed, pose (1, 45) → cv_result. `order` other than 0, 1, 2: the outputs of another kind of network."""
    graph, random = Graph(), np.random.default_rng(seed)
    picture = graph.input("input_image", (1, 512, 512, 4) if batch else (512, 512, 4), np.uint8)
    face, pose = graph.input("face_morphed", (1, 4, 128, 128)), graph.input("pose", (1, 45))
    upright = graph.reshape(picture, 512, 512, 4) if batch else picture
    image = blocks.paste(
        blocks.Net(graph, Weights(graph, {})), colour.prepare(upright, 512), face, slice(80, 208), slice(192, 320), 512
    )
    x, width = _inputs(graph, pose, 45, 128), 0
    for side, widths in ((128, (12, 12, 8)), (256, (8, 8, 6)), (512, (6, 6))):
        if side > 128:
            scales = graph.const(np.array([1, 1, 2, 2], np.float32))
            half = {"coordinate_transformation_mode": "half_pixel"}
            larger = graph.op("Resize", x, Value(graph, ""), scales, mode="linear", **half)
            x = graph.concat([larger, _inputs(graph, pose, 45, side)], 1)
        x = _layers(graph, x, (width + 47, *widths), random)
        width = widths[-1]
    parts = graph.split(_linear(graph, x, width, 7, random, 0.2), [2, 1, 4], 1)
    shift, alpha, over = (parts[index] for index in order) if order == (0, 1, 2) else _reordered(graph, parts)
    grid = graph.transpose(shift, 0, 2, 3, 1) + blocks.base_grid(512)
    moved = graph.sample(image, grid, padding="border")
    _, frame = colour.finish(moved * (1.0 - alpha) + over * alpha, 512)
    onnx.save(graph.model("body", {"cv_result": (frame, (512, 512, 4))}, 16), path)
    return path


def made_up_inputs(signature: Signature, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        spec.name: random.integers(0, 256, spec.shape).astype(np.uint8)
        if spec.dtype == "uint8"
        else random.uniform(-1, 1, spec.shape).astype(np.float32)
        for spec in signature.inputs
    }


def _reordered(graph: Graph, parts: list[Value]) -> tuple[Value, Value, Value]:
    """Colour first: the same shapes all the way, another meaning."""
    joined = graph.concat(parts, 1)
    over, alpha, shift = graph.split(joined, [4, 1, 2], 1)
    return shift, alpha, over


def _inputs(graph: Graph, pose: Value, count: int, side: int) -> Value:
    places = blocks.base_grid(side).transpose(0, 3, 1, 2)
    planes = graph.op("Tile", graph.reshape(pose, 1, count, 1, 1), np.array([1, 1, side, side], np.int64))
    return graph.concat([np.ascontiguousarray(places), planes], 1)


def _layers(graph: Graph, x: Value, widths: tuple[int, ...], random: np.random.Generator, apart: bool = False) -> Value:
    for into, out in itertools.pairwise(widths):
        x = _linear(graph, x, into, out, random, 1.0 if apart else FREQUENCY)
        x = graph.op("Sin", x * FREQUENCY if apart else x)
    return x


def _linear(graph: Graph, x: Value, into: int, out: int, random: np.random.Generator, factor: float) -> Value:
    bound = np.sqrt(6 / into) / FREQUENCY
    weight = (random.uniform(-bound, bound, (out, into, 1, 1)) * factor).astype(np.float32)
    bias = (random.uniform(-bound, bound, out) * factor).astype(np.float32)
    return graph.op("Conv", x, weight, bias, kernel_shape=[1, 1])
