"""Graphs for tests of plans: sessions that compute something, count, and fail when told to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ezvtb_core.backends import Bound, SessionError, SessionOptions, Signature, Tensor, TensorSpec
from ezvtb_core.backends.fake import FakeSession
from ezvtb_core.models.plan import Plan, Stage

SIDE = 4


def spec(name: str, *shape: int) -> TensorSpec:
    return TensorSpec(name, shape or (1, SIDE), "float32")


class FlakySession(FakeSession):
    """A fake that fails while `broken`, and leaves rubbish in its outputs then, as a device does."""

    def __init__(self, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> None:
        super().__init__(Path("flaky.onnx"), Signature(inputs, outputs), SessionOptions())
        self.broken = False
        self.closed = 0

    def bind(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Bound:
        return _Flaky(self, super().bind(inputs, outputs), outputs)

    def close(self) -> None:
        self.closed += 1
        super().close()


class _Flaky:
    def __init__(self, session: FlakySession, bound: Bound, outputs: Mapping[str, Tensor]) -> None:
        self.session, self.bound, self.outputs = session, bound, outputs

    def run(self) -> None:
        if self.session.broken:
            for tensor in self.outputs.values():
                tensor.write(np.full(tensor.spec.shape, -7.0, tensor.spec.dtype))
            raise SessionError("session_run_failed", path="flaky.onnx", detail="told to")
        self.bound.run()


class Chain:
    """image → prepare → (flat, round); flat, brows → brow; brow, round, face → face; face, turn → frame."""

    SOURCES = ("image", "brows", "face", "turn")
    VALUES = ("flat", "round", "browed", "faced", "frame")
    STAGES = ("prepare", "brow", "morph", "move")

    def __init__(self) -> None:
        self.sessions = {
            "prepare": FlakySession((spec("image", 8, 8),), (spec("a"), spec("b"))),
            "brow": FlakySession((spec("in"), spec("pose")), (spec("out"), spec("unused"))),
            "morph": FlakySession((spec("in"), spec("same"), spec("pose")), (spec("out"),)),
            "move": FlakySession((spec("in"), spec("pose")), (spec("out"),)),
        }
        wires = {
            "prepare": ({"image": "image"}, {"a": "flat", "b": "round"}),
            "brow": ({"in": "flat", "pose": "brows"}, {"out": "browed"}),
            "morph": ({"in": "browed", "same": "round", "pose": "face"}, {"out": "faced"}),
            "move": ({"in": "faced", "pose": "turn"}, {"out": "frame"}),
        }
        self.stages = [Stage(name, self.sessions[name], *wires[name]) for name in wires]
        self.plan = Plan(self.stages)
        self.given = {name: np.zeros((8, 8) if name == "image" else (1, SIDE), np.float32) for name in self.SOURCES}

    def set(self, name: str, value: float) -> None:
        self.given[name] = np.full_like(self.given[name], value)
        self.plan.set(name, self.given[name])

    def anew(self, wanted: str) -> np.ndarray:
        """What `wanted` is, every stage run on what was given, nothing remembered."""
        values = dict(self.given)
        for stage in self.stages:
            results = FakeSession.run(stage.session, {graph: values[name] for graph, name in stage.inputs.items()})
            values.update({name: results[graph] for graph, name in stage.outputs.items()})
        return values[wanted]
