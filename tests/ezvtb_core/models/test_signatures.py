"""The table of signatures against the files that were published, and against upstream's contract for those that were not."""

from __future__ import annotations

import onnx
import pytest

from ezvtb_core.models.check import signature
from ezvtb_core.models.signatures import IMAGE, batched, stage_signatures
from tests.conftest import SHARED

NAMES = ("tha3:seperable", "tha3:standard", "tha4", "tha4_student", "tha4_student:me")
CUT = "/face_morpher/body/downsample_blocks.3/downsample_blocks.3.3/Relu_output_0"
CUT_STANDARD = "/face_morpher/downsample_blocks.3/downsample_blocks.3.2/Relu_output_0"
MERGE_TAIL = {"tha3": "rotator_rotation_pose editor_rotation_pose", "tha4": "body_morpher_rotation_pose upscaler_rotation_pose"}


def said(name: str, precision: str, stage: str) -> str:
    found = stage_signatures(name, precision)[stage]
    return " ".join(map(str, found.inputs)) + " -> " + " ".join(map(str, found.outputs))


@pytest.mark.needs("shared")
@pytest.mark.parametrize("character", ["lambda_00", "lambda_01"])
@pytest.mark.parametrize("stage", ["face_morpher", "body_morpher"])
def test_students_are_as_published(character, stage):
    path = SHARED / "models" / "custom_tha4_models" / character / f"{stage}.onnx"
    assert signature(onnx.load(path)) == stage_signatures(f"tha4_student:{character}", "fp32")[stage]


@pytest.mark.parametrize(
    ("name", "precision", "stage", "expected"),
    [
        (
            "tha3:seperable",
            "fp16",
            "decomposer",
            "input_image uint8(512,512,4) -> background_layer float16(1,4,128,128) eyebrow_layer float16(1,4,128,128)"
            " image_prepared float16(1,4,512,512)",
        ),
        (
            "tha3:seperable",
            "fp16",
            "combiner",
            "image_prepared float16(1,4,512,512) eyebrow_background_layer float16(1,4,128,128) eyebrow_layer float16(1,4,128,128)"
            f" eyebrow_pose float32(1,12) -> eyebrow_image float16(1,4,192,192) {CUT} float16(1,512,24,24)",
        ),
        (
            "tha3:standard",
            "fp32",
            "morpher",
            "image_prepared float32(1,4,512,512) im_morpher_crop float32(1,4,192,192) face_pose float32(1,27)"
            f" {CUT_STANDARD} float32(1,512,24,24)"
            " -> face_morphed_full float32(1,4,512,512) face_morphed_half float32(1,4,256,256)",
        ),
        (
            "tha3:standard",
            "fp16",
            "rotator",
            "face_morphed_half float16(1,4,256,256) rotation_pose float32(1,6)"
            " -> full_warped_image float16(1,4,512,512) full_grid_change float16(1,2,512,512)",
        ),
        (
            "tha3:seperable",
            "fp16",
            "editor",
            "morphed_image float16(1,4,512,512) rotated_warped_image float16(1,4,512,512)"
            " rotated_grid_change float16(1,2,512,512) rotation_pose float32(1,6)"
            " -> result float32(1,4,512,512) cv_result uint8(512,512,4)",
        ),
        (
            "tha4",
            "fp16",
            "combiner",
            "image_prepared float16(1,4,512,512) eyebrow_background_layer float16(1,4,128,128) eyebrow_layer float16(1,4,128,128)"
            " eyebrow_pose float16(1,12) -> eyebrow_image float16(1,4,192,192)",
        ),
        (
            "tha4",
            "fp16",
            "body_morpher",
            "face_morphed_half float16(1,4,256,256) rotation_pose float16(1,6)"
            " -> half_res_posed_image float16(1,4,256,256) half_res_grid_change float16(1,2,256,256)",
        ),
        (
            "tha4",
            "fp32",
            "upscaler",
            "rest_image float32(1,4,512,512) half_res_posed_image float32(1,4,256,256) half_res_grid_change float32(1,2,256,256)"
            " rotation_pose float32(1,6) -> result float32(1,4,512,512) cv_result uint8(512,512,4)",
        ),
    ],
)
def test_stages_are_as_upstream_exports_them(name, precision, stage, expected):
    assert said(name, precision, stage) == expected


@pytest.mark.parametrize(("name", "cut"), [("tha3:seperable", CUT), ("tha3:standard", CUT_STANDARD), ("tha4", "")])
def test_merged_files_are_as_upstream_merges_them(name, cut):
    tail = MERGE_TAIL[name.partition(":")[0]]
    merge, bare = (stage_signatures(name, "fp32")[stage] for stage in ("merge", "merge_no_eyebrow"))
    assert " ".join(spec.name for spec in merge.inputs) == (
        "combiner_image_prepared combiner_eyebrow_background_layer combiner_eyebrow_layer combiner_eyebrow_pose"
        f" morpher_image_prepared morpher_face_pose {tail}"
    )
    extra = [f"morpher_{cut}"] if cut else []
    expected = ["morpher_image_prepared", "morpher_im_morpher_crop", "morpher_face_pose", *extra, *tail.split()]
    assert [spec.name for spec in bare.inputs] == expected
    last = "upscaler" if name == "tha4" else "editor"
    assert [str(spec) for spec in merge.outputs] == [f"{last}_cv_result uint8(512,512,4)"] == [str(spec) for spec in bare.outputs]


def test_students_have_one_precision():
    assert stage_signatures("tha4_student:me", "fp16") == stage_signatures("tha4_student", "fp32")


def test_only_the_picture_gets_a_batch_dimension():
    before = stage_signatures("tha4_student", "fp32")["body_morpher"]
    after = batched(before)
    assert str(after.inputs[0]) == "input_image uint8(1,512,512,4)"
    assert after.inputs[1:] == before.inputs[1:] and after.outputs == before.outputs
    assert IMAGE in before.inputs


@pytest.mark.parametrize(("name", "precision"), [("puppet", "fp32"), ("tha3", "fp32"), ("tha4:x", "fp32"), ("tha4", "int8")])
def test_other_names_are_an_error(name, precision):
    with pytest.raises(KeyError):
        stage_signatures(name, precision)
