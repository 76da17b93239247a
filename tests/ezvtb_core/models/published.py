"""Folders of both published layouts, with files that have the real inputs and outputs and nothing in between."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ezvtb_core.backends import Signature, TensorSpec
from ezvtb_core.models.signatures import stage_signatures

STAGES = {
    "tha3:seperable": ("decomposer", "combiner", "morpher", "rotator", "editor"),
    "tha3:standard": ("decomposer", "combiner", "morpher", "rotator", "editor"),
    "tha4": ("decomposer", "combiner", "morpher", "body_morpher", "upscaler"),
    "tha4_student": ("face_morpher", "body_morpher"),
}
MERGED = ("merge", "merge_no_eyebrow")


def graph(signature: Signature, opset: int = 16, domain: str = "") -> onnx.ModelProto:
    """A graph that reads nothing and writes zeros."""
    nodes, constants = [], []
    for number, spec in enumerate(signature.outputs):
        constants.append(numpy_helper.from_array(np.array(spec.shape), f"shape {number}"))
        zero = numpy_helper.from_array(np.zeros(1, spec.dtype))
        nodes.append(helper.make_node("ConstantOfShape", [f"shape {number}"], [spec.name], value=zero, domain=domain))
    inputs, outputs = ([_value(spec) for spec in specs] for specs in (signature.inputs, signature.outputs))
    versions = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(helper.make_graph(nodes, "test", inputs, outputs, constants), opset_imports=versions, ir_version=8)


def write(path: Path, signature: Signature, opset: int = 16, domain: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(graph(signature, opset, domain), path)
    return path


def folder_of(root: Path, name: str, precision: str = "fp32") -> Path:
    """Where a layout keeps a model."""
    kind, _, variant = name.partition(":")
    if kind == "tha4_student":
        return root / "custom_tha4_models" / variant if variant else root / "tha4_student"
    return root / "/".join(filter(None, (kind, variant, precision)))


def publish(root: Path, name: str, precision: str = "fp32", merged: Iterable[str] = MERGED) -> Path:
    """Write a whole model: the 2026 layout, or with `merged=()` the v0.0.1 one, which has no merged files."""
    signatures = stage_signatures(name, precision)
    folder = folder_of(root, name, precision)
    student = name.startswith("tha4_student")
    for stage in (*STAGES[name.partition(":")[0] if student else name], *(() if student else merged)):
        write(folder / f"{stage}.onnx", signatures[stage])
    return folder


def _value(spec: TensorSpec) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(spec.name, helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype)), spec.shape)
