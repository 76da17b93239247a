"""Published files: what goes in and out of them, merged against staged, and half precision against the original."""

from __future__ import annotations

from itertools import chain

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ezvtb_core.backends import Signature, TensorSpec
from ezvtb_core.export.families import FAMILIES, WIRES, Family
from ezvtb_core.models.signatures import stage_signatures
from tests.ezvtb_core.export import golden

PLACES = {"tha3:seperable": "tha3/separable", "tha3:standard": "tha3/standard", "tha4": "tha4"}
"""Model → where its modules are in the golden data."""


def silent(family: Family) -> dict[str, dict[str, np.ndarray]]:
    """Weights that are all zero."""
    return {stem: {key: np.zeros(shape, np.float32) for key, shape in family.census(stem).items()} for stem in family.checkpoints}


def signature(model: onnx.ModelProto) -> Signature:
    def specs(values) -> tuple[TensorSpec, ...]:
        return tuple(
            TensorSpec(
                value.name,
                tuple(size.dim_value for size in value.type.tensor_type.shape.dim),
                helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name,
            )
            for value in values
        )

    return Signature(specs(model.graph.input), specs(model.graph.output))


def check_files(name: str, precision: str, files: tuple[str, ...]) -> None:
    family = FAMILIES[name.partition(":")[0] if name not in FAMILIES else name]
    arrays = silent(family)
    for file in files:
        model = family.model(name, file, precision, arrays)
        onnx.checker.check_model(model, full_check=True)
        assert signature(model) == stage_signatures(name, precision)[file]
        assert model.ir_version == 8
        assert [(each.domain, each.version) for each in model.opset_import] == [("", 16)]
        assert not model.metadata_props
        used = set(chain.from_iterable(node.input for node in model.graph.node))
        assert {tensor.name for tensor in model.graph.initializer} <= used
        assert {value.name for value in model.graph.input} <= used
        assert not any(".combine_alpha" in name or ".direct_creator" in name or ".time_embed" in name for name in used)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_separable_files_are_as_published(precision: str) -> None:
    check_files("tha3:seperable", precision, FAMILIES["tha3:seperable"].files)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tha3:standard", "tha4"])
def test_large_files_are_as_published(name: str) -> None:
    check_files(name, "fp16", FAMILIES[name].files)
    check_files(name, "fp32", ("merge",))


def test_student_files_are_as_published() -> None:
    check_files("tha4_student:someone", "fp32", FAMILIES["tha4_student"].files)


@pytest.mark.needs("shared")
@pytest.mark.parametrize("name", PLACES)
def test_parameters_are_those_of_the_original(name: str) -> None:
    for stem in FAMILIES[name].checkpoints:
        expected = golden.shapes()[f"{PLACES[name]}/{stem}"]
        assert FAMILIES[name].census(stem) == {key: tuple(shape) for key, shape in expected.items()}


class Stages:
    """All stages of a model, run one after the other."""

    def __init__(self, name: str, precision: str) -> None:
        self.name, self.precision, self.family = name, precision, FAMILIES[name]
        self.arrays = golden.family_weights(self.family, PLACES[name])
        self.sessions = {stage: self.open(stage) for stage in self.family.stages}

    def open(self, file: str):
        return golden.session(self.family.model(self.name, file, self.precision, self.arrays))

    def draw(self, pose: np.ndarray) -> dict[str, np.ndarray]:
        """Every value between the stages by its name."""
        values = {"input_image": golden.picture(), "eyebrow_pose": pose[:, :12], "face_pose": pose[:, 12:39]}
        values["rotation_pose"] = pose[:, 39:]
        for opened in self.sessions.values():
            values.update(golden.call(opened, values))
            values.update({name: values[source] for name, source in WIRES.items() if source in values})
        return values

    def draw_merged(self, merged, values: dict[str, np.ndarray]) -> np.ndarray:
        inputs = {}
        for each in merged.get_inputs():
            stage = next(stage for stage in self.family.stages if each.name.startswith(f"{stage}_"))
            inputs[each.name] = values[each.name.removeprefix(f"{stage}_")]
        (frame,) = golden.call(merged, inputs).values()
        return frame


@pytest.mark.needs("shared")
@pytest.mark.needs("ort-cpu")
def test_merged_files_draw_what_the_stages_draw() -> None:
    stages = Stages("tha3:seperable", "fp32")
    values = stages.draw(golden.poses()[2:3])
    for file in ("merge", "merge_no_eyebrow"):
        frame = stages.draw_merged(stages.open(file), values)
        # The runtime joins operators across what were borders: the last bit may differ.
        assert np.abs(frame.astype(int) - values["cv_result"]).max() <= 1
        assert (frame != values["cv_result"]).mean() < 1e-3


def half_against_original(name: str, file: str, poses: tuple[int, ...]) -> list[float]:
    """Decibels of each frame of the fp16 files, then of all together; every value on the way is a number."""
    stages, stored = Stages(name, "fp16"), np.load(golden.GOLDEN / file)
    pairs = []
    for index in poses:
        values = stages.draw(golden.poses()[index : index + 1])
        assert all(np.isfinite(value).all() for value in values.values())
        # The stored values are before truncation.
        pairs.append((values["cv_result"][4::8, 4::8] + 0.5, stored[f"p{index}_final_bgra255"]))
    return [*(golden.psnr([pair]) for pair in pairs), golden.psnr(pairs)]


@pytest.mark.needs("shared")
@pytest.mark.needs("ort-cpu")
@pytest.mark.slow
def test_half_precision_is_45_decibels_from_the_original_separable() -> None:
    """All four frames together. The one of the zero pose alone is at 43.7: the half-precision layers between decomposer
    and combiner, which the published layout asks for, would leave it at 44.3 even if all networks were float32."""
    *frames, together = half_against_original("tha3:seperable", "tha3_separable.npz", (0, 1, 2, 3))
    assert together >= 45
    assert min(frames) >= 43


@pytest.mark.needs("shared")
@pytest.mark.needs("ort-cpu")
@pytest.mark.slow
def test_half_precision_is_45_decibels_from_the_original_standard() -> None:
    assert min(half_against_original("tha3:standard", "tha3_standard.npz", (0, 1, 2, 3))) >= 45


@pytest.mark.needs("shared")
@pytest.mark.needs("ort-cpu")
@pytest.mark.slow
def test_half_precision_is_45_decibels_from_the_original_tha4() -> None:
    assert min(half_against_original("tha4", "tha4_full.npz", (0, 2))) >= 45


@pytest.mark.parametrize("name", PLACES)
def test_half_precision_files_hold_half_precision_weights(name: str) -> None:
    family = FAMILIES[name]
    last = list(family.stages)[-1]
    model = family.model(name, last, "fp16", silent(family))
    sizes = {each.name: np.prod(each.dims) for each in model.graph.initializer if each.name.startswith(f"{last}.")}
    types = {each.name: each.data_type for each in model.graph.initializer}
    half = sum(size for tensor, size in sizes.items() if types[tensor] == TensorProto.FLOAT16)
    assert half / sum(sizes.values()) > 0.9
