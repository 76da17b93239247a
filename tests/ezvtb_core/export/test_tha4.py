"""The networks, U-Nets included, against the original ones, with the same seeded weights: every value that is stored."""

from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.export import tha3, tha4
from ezvtb_core.export.blocks import Net
from ezvtb_core.export.graph import Value
from tests.ezvtb_core.export import golden, pipelines

pytestmark = [pytest.mark.needs("shared"), pytest.mark.needs("ort-cpu")]


def face_morpher(net: Net, crop: Value, pose: Value) -> tuple[Value, ...]:
    return tha3.face_morpher(net, crop, tha3.face_encoder(net, crop), pose)


def check(module: str, build, **inputs: np.ndarray) -> None:
    golden.check_module("tha4_full.npz", module, golden.run_network(build, f"tha4/{module}", inputs))


def test_decomposer() -> None:
    check("eyebrow_decomposer", tha3.decomposer, crop=golden.image()[:, :, 64:192, 192:320])


def test_combiner() -> None:
    crop, pose = golden.image()[:, :, 64:192, 192:320], golden.poses()[2:3, :12]
    check("eyebrow_morphing_combiner", tha3.combiner, background=crop, eyebrow=golden.mirrored(crop), pose=pose)


def test_face_morpher_with_its_eighth_output() -> None:
    check("face_morpher", face_morpher, crop=golden.image()[:, :, 32:224, 160:352], pose=golden.poses()[2:3, 12:39])


def test_body_morpher() -> None:
    check("body_morpher", tha4.body_morpher, half=golden.half(), pose=golden.poses()[2:3, 39:])


def test_upscaler() -> None:
    image = golden.image()
    coarse = {"posed": golden.mirrored(image), "grid": golden.wavy_grid()}
    check("upscaler", tha4.upscaler, image=image, **coarse, pose=golden.poses()[2:3, 39:])


@pytest.mark.slow
def test_all_33_outputs_end_to_end() -> None:
    pipelines.check_poser("tha4", "tha4", "tha4_full.npz", 33)
