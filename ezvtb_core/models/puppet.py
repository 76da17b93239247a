"""The bundled character: a layered puppet compiled to an ONNX graph, drawn by any runtime. Needs no download."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from ezvtb_core.backends import Session, Signature, TensorSpec
from ezvtb_core.frames import Pixels
from ezvtb_core.link import paths
from ezvtb_core.models import ModelRequest, ModelSpec
from ezvtb_core.pose import SIZE, FloatArray

SIDE = 512


class Puppet:
    """Draws a puppet graph: `pose` float32 (1, 45) → `frame` uint8 (512, 512, 4), straight BGRA."""

    spec: ClassVar[ModelSpec] = ModelSpec(name="puppet", licence="CC0-1.0", needs_picture=False)
    signature: ClassVar[Signature] = Signature(
        inputs=(TensorSpec("pose", (1, SIZE), "float32"),),
        outputs=(TensorSpec("frame", (SIDE, SIDE, 4), "uint8"),),
    )

    def __init__(self, session: Session) -> None:
        """`session` has this class's signature and is closed with the model."""
        self.size = (SIDE, SIDE)
        self._session = session

    @classmethod
    def build(cls, request: ModelRequest, graph: Path = paths.PUPPET_GRAPH) -> Puppet:
        """See `Family.build`. A picture in the request is not looked at."""
        return cls(request.open_session(graph, cls.signature))

    def render(self, pose: FloatArray) -> Pixels:
        """See `PosingModel.render`."""
        frame: Pixels = np.ascontiguousarray(self._session.run({"pose": pose.reshape(1, SIZE)})["frame"])
        return frame

    def close(self) -> None:
        """See `PosingModel.close`."""
        self._session.close()
