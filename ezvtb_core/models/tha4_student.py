"""THA4 students: two small networks that were trained for one character. Names: `tha4_student`, `tha4_student:NAME`."""

from __future__ import annotations

from typing import ClassVar

from ezvtb_core.link import paths
from ezvtb_core.models import ModelError, ModelRequest, ModelSpec, originals
from ezvtb_core.models.planned import FRAME, IMAGE, Graph, PlannedModel, open_plan
from ezvtb_core.models.signatures import batched, stage_signatures
from ezvtb_core.pose import SIZE

SLICES = {"face_pose": slice(0, 39), "pose": slice(0, SIZE)}
"""Source of the plan → the part of the pose that it is. The body reads all of it."""


class Student:
    """Face morpher (pose without rotation) → body morpher (whole pose, picture)."""

    needs_picture: ClassVar[bool] = True
    needs_folder: ClassVar[bool] = True

    @classmethod
    def build(cls, request: ModelRequest) -> PlannedModel:
        """See `Family.build`. The eyebrows always move: that they do costs nothing."""
        folder = request.folder
        assert folder is not None
        if request.picture is None:
            raise ModelError("model_needs_character", name=request.name)
        files = originals.graphs(folder, paths.GRAPHS)
        expected = stage_signatures(folder.name, folder.precision)
        face, body = expected["face_morpher"], expected["body_morpher"]
        graphs = [
            Graph("face_morpher", files["face_morpher"], (face,), {"pose": "face_pose"}, {"face_morphed": "face"}),
            Graph(
                "body_morpher",
                files["body_morpher"],
                (body, batched(body)),
                {"input_image": IMAGE, "face_morphed": "face", "pose": "pose"},
                {"cv_result": FRAME},
            ),
        ]
        spec = ModelSpec(name=folder.name, licence=folder.licence)
        return PlannedModel(spec, open_plan(graphs, request.open_session), SLICES, request.picture, request.original_edges)
