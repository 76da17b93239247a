"""The networks against the original ones, with the same seeded weights: every value that is stored."""

from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.export import tha3
from ezvtb_core.export.blocks import Net
from ezvtb_core.export.graph import Value
from tests.ezvtb_core.export import golden, pipelines

pytestmark = [pytest.mark.needs("shared"), pytest.mark.needs("ort-cpu")]
VARIANTS = pytest.mark.parametrize("variant", ["separable", "standard"])


def face_morpher(net: Net, crop: Value, pose: Value) -> tuple[Value, ...]:
    # The grid is not among the outputs of the original.
    return tha3.face_morpher(net, crop, tha3.face_encoder(net, crop), pose)[:7]


def check(variant: str, module: str, build, **inputs: np.ndarray) -> None:
    outputs = golden.run_network(build, f"tha3/{variant}/{module}", inputs, separable=variant == "separable")
    golden.check_module(f"tha3_{variant}.npz", module, outputs)


@VARIANTS
def test_decomposer(variant: str) -> None:
    check(variant, "eyebrow_decomposer", tha3.decomposer, crop=golden.image()[:, :, 64:192, 192:320])


@VARIANTS
def test_combiner(variant: str) -> None:
    crop, pose = golden.image()[:, :, 64:192, 192:320], golden.poses()[2:3, :12]
    inputs = {"background": crop, "eyebrow": golden.mirrored(crop), "pose": pose}
    check(variant, "eyebrow_morphing_combiner", tha3.combiner, **inputs)


@VARIANTS
def test_face_morpher(variant: str) -> None:
    check(variant, "face_morpher", face_morpher, crop=golden.image()[:, :, 32:224, 160:352], pose=golden.poses()[2:3, 12:39])


@VARIANTS
def test_rotator(variant: str) -> None:
    check(variant, "two_algo_face_body_rotator", tha3.rotator, half=golden.half(), pose=golden.poses()[2:3, 39:])


@VARIANTS
def test_editor(variant: str) -> None:
    image = golden.image()
    inputs = {"image": image, "warped": golden.mirrored(image), "grid": golden.wavy_grid(), "pose": golden.poses()[2:3, 39:]}
    check(variant, "editor", tha3.editor, **inputs)


@pytest.mark.slow
@VARIANTS
def test_all_29_outputs_end_to_end(variant: str) -> None:
    name = "tha3:seperable" if variant == "separable" else "tha3:standard"
    pipelines.check_poser(name, f"tha3/{variant}", f"tha3_{variant}.npz", 29)
