"""Model folders whose graphs have the published names, shapes and types but compute next to nothing.

Every output is a shade that depends on each value of each input, so that a stage that is left out, connected wrongly or run on
old values shows in the frame.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from PIL import Image, ImageDraw

from ezvtb_core.backends import Signature, TensorSpec
from ezvtb_core.models.signatures import batched, stage_signatures

MERGED = ("merge", "merge_no_eyebrow")
STUDENT = "tha4_student:tiny"
FOLDERS = {
    "tha3:seperable": "tha3/seperable/{precision}",
    "tha3:standard": "tha3/standard/{precision}",
    "tha4": "tha4/{precision}",
    STUDENT: "custom_tha4_models/tiny",
}


def layout(root: Path, name: str, precision: str = "fp32", stems: tuple[str, ...] = (), batch: bool = False) -> Path:
    """Write the files of a model below `root`: `stems`, or all but the merged ones. Gives their folder."""
    folder = root / FOLDERS[name].format(precision=precision)
    folder.mkdir(parents=True)
    for stem, signature in stage_signatures(name, precision).items():
        if stem in stems or (not stems and stem not in MERGED):
            write(folder / f"{stem}.onnx", batched(signature) if batch else signature, len(stem))
    if name == STUDENT:
        picture(folder / "character.png")
    return folder


def picture(path: Path) -> Path:
    image = Image.new("RGBA", (512, 512))
    ImageDraw.Draw(image).ellipse((160, 40, 350, 500), fill=(200, 100, 50, 255), outline=(0, 0, 0, 128), width=5)
    image.save(path)
    return path


def write(path: Path, signature: Signature, salt: int) -> Path:
    """A graph with this signature; `salt` makes graphs differ."""
    nodes, constants = [], []

    def constant(name: str, array: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(array, name))
        return name

    def node(kind: str, *inputs: str, **attributes: object) -> str:
        out = f"{kind}{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    total = constant("salt", np.float32(salt / 10))
    for index, spec in enumerate(signature.inputs):
        value = node("Cast", spec.name, to=onnx.TensorProto.FLOAT)
        if len(spec.shape) == 2:  # a pose: each value counts differently
            weights = np.linspace(0.3, 0.9, spec.shape[1], dtype=np.float32)[:, None]
            value = node("MatMul", value, constant(f"weights{index}", weights))
        mean = node("ReduceMean", value, keepdims=0)
        total = node("Add", total, node("Mul", mean, constant(f"share{index}", np.float32(1 + index / 7))))
    shade = node("Sin", total)
    for index, spec in enumerate(signature.outputs):
        value = node("Mul", shade, constant(f"scale{index}", np.float32(1 + index / 5)))
        if spec.dtype == "uint8":
            # Four channels of different pitch: two inputs that give the same byte in one do not in all.
            waves = node("Sin", node("Mul", total, constant("pitch", np.array([1, 5, 11, 23], np.float32))))
            value = node("Add", node("Mul", waves, constant("range", np.float32(100))), constant("middle", np.float32(150)))
        cast = node("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype)))
        shape = constant(f"shape{index}", np.array(spec.shape, np.int64))
        nodes.append(helper.make_node("Expand", [cast, shape], [spec.name]))
    graph = helper.make_graph(nodes, path.stem, values(signature.inputs), values(signature.outputs), constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8), path)
    return path


def values(specs: tuple[TensorSpec, ...]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(spec.name, helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype)), spec.shape)
        for spec in specs
    ]
