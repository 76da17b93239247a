"""Talking-Head-Anime 3: animates any picture. Variants `seperable` (fast) and `standard`, each in fp32 and fp16."""

from __future__ import annotations

from typing import ClassVar

from ezvtb_core.models import ModelError, ModelRequest
from ezvtb_core.models.planned import FRAME, PlannedModel
from ezvtb_core.models.signatures import ENCODED
from ezvtb_core.models.teacher import COMBINER_INPUTS, DECOMPOSER, FACE_POSE, ROTATION_POSE, Wiring, build


class TalkingHead3:
    """Decomposer (picture) → combiner (+ eyebrows) → morpher (+ face) → rotator, editor (+ rotation)."""

    needs_picture: ClassVar[bool] = True
    needs_folder: ClassVar[bool] = True

    @classmethod
    def build(cls, request: ModelRequest) -> PlannedModel:
        """See `Family.build`."""
        if request.name not in ENCODED:
            raise ModelError("model_unknown", got=request.name, known=", ".join(ENCODED))
        return build(request, wiring(ENCODED[request.name]))


def wiring(encoded: str) -> dict[str, Wiring]:
    """Stage → connections. `encoded`: name of the tensor at which upstream moved the morpher's encoder into the combiner."""
    return {
        "decomposer": DECOMPOSER,
        "combiner": Wiring(COMBINER_INPUTS, {"eyebrow_image": "crop", encoded: "encoded"}),
        "morpher": Wiring(
            {"image_prepared": "prepared", "im_morpher_crop": "crop", "face_pose": FACE_POSE, encoded: "encoded"},
            {"face_morphed_full": "full", "face_morphed_half": "half"},
        ),
        "rotator": Wiring(
            {"face_morphed_half": "half", "rotation_pose": ROTATION_POSE},
            {"full_warped_image": "warped", "full_grid_change": "grid"},
        ),
        "editor": Wiring(
            {
                "morphed_image": "full",
                "rotated_warped_image": "warped",
                "rotated_grid_change": "grid",
                "rotation_pose": ROTATION_POSE,
            },
            {"cv_result": FRAME},
        ),
    }
