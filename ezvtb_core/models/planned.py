"""Posing models that are a plan: slices of the pose go in, a frame comes out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ezvtb_core.backends import Session, SessionError, Signature
from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor import Picture
from ezvtb_core.models import ModelSpec, premultiplied
from ezvtb_core.models.plan import Plan, Stage
from ezvtb_core.pose import FloatArray

SIDE = 512
IMAGE = "image"
"""The source of plans that animate a picture: straight BGRA."""
FRAME = "frame"
"""The value that is drawn: uint8 (512, 512, 4), straight BGRA."""
Wires = Mapping[str, str]
"""Name in a graph → name in the plan."""


@dataclass(frozen=True)
class Graph:
    """A file that becomes a stage."""

    name: str
    path: Path
    signatures: tuple[Signature, ...]
    """What the file may look like; more than one where published files differ."""
    inputs: Wires
    outputs: Wires


class PlannedModel:
    """See `PosingModel`."""

    def __init__(
        self,
        spec: ModelSpec,
        plan: Plan,
        slices: Mapping[str, slice],
        picture: Picture | None = None,
        multiplied: bool = False,
    ) -> None:
        """`slices`: source of the plan → the part of the pose that it is. The plan is closed with the model.

        `multiplied`: the networks get and give colours multiplied by alpha, see `premultiplied`.
        """
        self.spec = spec
        self.size = (SIDE, SIDE)
        self.device = plan.device
        self.report = None if picture is None else picture.report
        self.plan = plan
        self._slices = tuple(slices.items())
        self._straight: Pixels | None = np.empty((SIDE, SIDE, 4), np.uint8) if multiplied else None
        if picture is not None:
            self.set_picture(picture.pixels)

    def set_picture(self, pixels: Pixels) -> None:
        """Animate another picture from now on: uint8 (512, 512, 4), straight BGRA, fitted already."""
        self.plan.set(IMAGE, pixels if self._straight is None else premultiplied.multiply(pixels))

    def render(self, pose: FloatArray) -> Pixels:
        """See `PosingModel.render`."""
        for source, part in self._slices:
            self.plan.set(source, pose[part])
        frame: Pixels = np.ascontiguousarray(self.plan.get(FRAME))
        return frame if self._straight is None else premultiplied.divide(frame, out=self._straight)

    def close(self) -> None:
        """See `PosingModel.close`."""
        self.plan.close()


def open_plan(graphs: Sequence[Graph], open_session: Callable[[Path, Signature], Session]) -> Plan:
    """A plan of files. Raises what `open_session` raises; nothing stays open then."""
    stages: list[Stage] = []
    with contextlib.ExitStack() as undo:
        for graph in graphs:
            session = _open(graph, open_session)
            undo.callback(session.close)
            stages.append(Stage(graph.name, session, graph.inputs, graph.outputs))
        plan = Plan(stages)
        undo.pop_all()
    return plan


def _open(graph: Graph, open_session: Callable[[Path, Signature], Session]) -> Session:
    """The session of a file, which must look like one of the graph's signatures; the first is what an error speaks of."""
    first, *others = (_wanted(signature, graph.outputs) for signature in graph.signatures)
    try:
        return open_session(graph.path, first)
    except SessionError as error:
        if error.notice.code != "session_other_inputs":
            raise
        for signature in others:
            with contextlib.suppress(SessionError):
                return open_session(graph.path, signature)
        raise


def _wanted(signature: Signature, outputs: Wires) -> Signature:
    """Without the outputs that nobody reads: then a backend need not compute them."""
    return Signature(signature.inputs, tuple(spec for spec in signature.outputs if spec.name in outputs))
