"""Talking-Head-Anime 4, the teacher: animates any picture, finer and slower than THA3. In fp32 and fp16."""

from __future__ import annotations

from typing import ClassVar

from ezvtb_core.models import ModelRequest
from ezvtb_core.models.planned import FRAME, PlannedModel
from ezvtb_core.models.teacher import COMBINER_INPUTS, DECOMPOSER, FACE_POSE, ROTATION_POSE, Wiring, build

WIRING: dict[str, Wiring] = {
    "decomposer": DECOMPOSER,
    "combiner": Wiring(COMBINER_INPUTS, {"eyebrow_image": "crop"}),
    "morpher": Wiring(
        {"image_prepared": "prepared", "im_morpher_crop": "crop", "face_pose": FACE_POSE},
        {"face_morphed_full": "full", "face_morphed_half": "half"},
    ),
    "body_morpher": Wiring(
        {"face_morphed_half": "half", "rotation_pose": ROTATION_POSE},
        {"half_res_posed_image": "posed", "half_res_grid_change": "grid"},
    ),
    "upscaler": Wiring(
        {
            "rest_image": "full",
            "half_res_posed_image": "posed",
            "half_res_grid_change": "grid",
            "rotation_pose": ROTATION_POSE,
        },
        {"cv_result": FRAME},
    ),
}
"""Stage → connections."""


class TalkingHead4:
    """Decomposer (picture) → combiner (+ eyebrows) → morpher (+ face) → body morpher, upscaler (+ rotation)."""

    needs_picture: ClassVar[bool] = True
    needs_folder: ClassVar[bool] = True

    @classmethod
    def build(cls, request: ModelRequest) -> PlannedModel:
        """See `Family.build`."""
        return build(request, WIRING, request.original_edges)
