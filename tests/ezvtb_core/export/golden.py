"""The golden values of the original networks, the seeded weights they belong to, and a plain runtime to compare with."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import ModuleType

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from PIL import Image

from ezvtb_core.export.blocks import Net
from ezvtb_core.export.families import Family
from ezvtb_core.export.graph import Graph, Value
from ezvtb_core.export.weights import Weights
from tests.conftest import SHARED

Array = npt.NDArray[np.float32]
GOLDEN = SHARED / "golden"
STUDENTS = SHARED / "models" / "custom_tha4_models"
LIMIT = 1e-3
"""How far a stored value may be off, in units of the working tensors (-1..1)."""


@lru_cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gen_weights", GOLDEN / "gen_weights.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache
def shapes() -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = json.loads((GOLDEN / "shapes.json").read_text())
    return found


@lru_cache(maxsize=5)
def weights(module: str) -> dict[str, Array]:
    """The seeded state dict of a module, for example `tha3/separable/editor`. Five are kept: those of one family."""
    found: dict[str, Array] = generator().state_dict(module, shapes()[module])
    return found


def family_weights(family: Family, place: str) -> dict[str, dict[str, Array]]:
    return {checkpoint: weights(f"{place}/{checkpoint}") for checkpoint in family.checkpoints}


def poses() -> Array:
    found: Array = generator().poses()
    return found


@lru_cache
def picture(name: str = "lambda_00") -> npt.NDArray[np.uint8]:
    """Straight BGRA (512, 512, 4)."""
    rgba = np.asarray(Image.open(STUDENTS / name / "character.png").convert("RGBA"))
    return np.ascontiguousarray(rgba[..., [2, 1, 0, 3]])


@lru_cache
def image() -> Array:
    """The picture as the golden values were made from it: linear RGBA (1, 4, 512, 512) in -1..1, straight alpha."""
    rgba = picture()[..., [2, 1, 0, 3]].astype(np.float32) / np.float32(255)
    rgb, alpha = rgba[..., :3], rgba[..., 3:]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.ascontiguousarray(np.concatenate([linear, alpha], 2).transpose(2, 0, 1)[None] * 2 - 1, np.float32)


def half() -> Array:
    return image().reshape(1, 4, 256, 2, 256, 2).mean((3, 5))


def mirrored(array: Array) -> Array:
    return np.ascontiguousarray(array[..., ::-1])


def wavy_grid() -> Array:
    y, x = np.mgrid[:512, :512].astype(np.float32)
    waves = [0.05 * np.sin(2 * np.pi * 3 * x / 512), 0.05 * np.cos(2 * np.pi * 2 * y / 512)]
    return np.stack(waves)[None].astype(np.float32)


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def call(opened: ort.InferenceSession, values: Mapping[str, Array]) -> dict[str, Array]:
    """Run on those of `values` that the graph reads, in the type that it reads."""
    types = {"tensor(float16)": np.float16, "tensor(float)": np.float32, "tensor(uint8)": np.uint8}
    inputs = {each.name: values[each.name].astype(types[each.type]) for each in opened.get_inputs()}
    return dict(zip([each.name for each in opened.get_outputs()], opened.run(None, inputs), strict=True))


def run_network(build: Callable[..., tuple[Value, ...]], module: str, inputs: dict[str, Array], separable: bool = False) -> list:
    """All outputs of one network, in the original's order."""
    graph = Graph()
    given = {name: graph.input(name, array.shape) for name, array in inputs.items()}
    made = build(Net(graph, Weights(graph, weights(module)), separable=separable), **given)
    model = graph.model("network", {f"o{k}": (value, ()) for k, value in enumerate(made)}, 16)
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return session(model).run(None, inputs)


def worst(full: Array, stored: Array) -> float:
    """The largest difference where values are stored: full is (1, C, h, w), stored a sample of every s-th pixel."""
    step = full.shape[2] // stored.shape[1]
    return float(np.abs(full[0, :, step // 2 :: step, step // 2 :: step] - stored).max())


def check_module(file: str, module: str, outputs: list[Array]) -> None:
    """Compare all outputs of a module with `mod_*` of a golden file."""
    stored = np.load(GOLDEN / file)
    keys = [key for key in stored.files if key.startswith(f"mod_{module}_o") and not key.endswith(("_ms", "_tol"))]
    assert len(keys) >= 3
    for key in keys:
        got = outputs[int(key.rpartition("_o")[2])]
        assert worst(got, stored[key]) < LIMIT, key
        whole = np.stack([got[0].mean((1, 2)), got[0].std((1, 2))])
        assert np.abs(whole - stored[f"{key}_ms"]).max() < LIMIT, key


def psnr(frames: list[tuple[Array, Array]]) -> float:
    """Decibels of all frames together, in levels of 0..255."""
    return float(10 * np.log10(255**2 / np.mean([(a.astype(float) - b) ** 2 for a, b in frames])))
