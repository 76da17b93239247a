"""The bundled character: a layered puppet compiled to an ONNX graph, drawn by any runtime. Needs no download."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ezvtb_core.backends import Signature, TensorSpec
from ezvtb_core.link import paths
from ezvtb_core.models import ModelRequest, ModelSpec
from ezvtb_core.models.planned import FRAME, SIDE, Graph, PlannedModel, open_plan
from ezvtb_core.pose import SIZE


class Puppet:
    """Draws a puppet graph: `pose` float32 (1, 45) → `frame` uint8 (512, 512, 4), straight BGRA."""

    needs_picture: ClassVar[bool] = False
    needs_folder: ClassVar[bool] = False
    spec: ClassVar[ModelSpec] = ModelSpec(name="puppet", licence="CC0-1.0")
    signature: ClassVar[Signature] = Signature(
        inputs=(TensorSpec("pose", (1, SIZE), "float32"),),
        outputs=(TensorSpec("frame", (SIDE, SIDE, 4), "uint8"),),
    )

    @classmethod
    def build(cls, request: ModelRequest, graph: Path = paths.PUPPET_GRAPH) -> PlannedModel:
        """See `Family.build`. A picture in the request is not looked at."""
        only = Graph("puppet", graph, (cls.signature,), {"pose": "pose"}, {"frame": FRAME})
        return PlannedModel(cls.spec, open_plan([only], request.open_session), {"pose": slice(0, SIZE)})
