from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ezvtb_core.backends import SessionError, SessionOptions, Signature, TensorSpec
from ezvtb_core.backends.fake import FakeSession
from ezvtb_core.models import ModelSpec
from ezvtb_core.models.planned import FRAME, IMAGE, Graph, PlannedModel, open_plan
from tests.ezvtb_core.models.plans import FlakySession

POSE = TensorSpec("pose", (1, 3), "float32")
PICTURE = TensorSpec("input_image", (512, 512, 4), "uint8")
DRAWN = Signature((PICTURE, POSE), (TensorSpec("cv_result", (512, 512, 4), "uint8"),))
WIRES = {"input_image": IMAGE, "pose": "turn"}
GRAPH = Graph("only", Path("only.onnx"), (DRAWN,), WIRES, {"cv_result": FRAME})
SPEC = ModelSpec("fake", "MIT")


def fake(path: Path, expected: Signature) -> FakeSession:
    return FakeSession(path, expected, SessionOptions())


def picture(shade: int) -> SimpleNamespace:
    return SimpleNamespace(pixels=np.full((512, 512, 4), shade, np.uint8), report=None)


def test_slices_of_the_pose_and_the_picture_reach_the_graph():
    poses = np.arange(45, dtype=np.float32)
    frames = []
    for shade, given in ((255, poses), (255, poses + 2 * np.eye(45, dtype=np.float32)[40]), (200, poses)):
        model = PlannedModel(SPEC, open_plan([GRAPH], fake), {"turn": slice(39, 42)}, picture(shade))
        assert model.size == (512, 512) and model.device == FakeSession.device
        frames.append(model.render(given).copy())
        expected = FakeSession(Path(), DRAWN, SessionOptions()).run(
            {"input_image": model.plan.get(IMAGE), "pose": given[None, 39:42]}
        )
        assert np.array_equal(frames[-1], expected["cv_result"])
    assert not np.array_equal(frames[0], frames[1]) and not np.array_equal(frames[0], frames[2])


def test_what_is_outside_the_slices_does_not_run_anything():
    model = PlannedModel(SPEC, open_plan([GRAPH], fake), {"turn": slice(39, 42)}, picture(255))
    for value in (0.0, 1.0):
        given = np.zeros(45, np.float32)
        given[0] = value
        model.render(given)
    assert model.plan.runs == {"only": 1}


class Mirror(FakeSession):
    """A network that changes nothing, and shows what it was given."""

    def run(self, inputs):
        return {"cv_result": np.ascontiguousarray(inputs["input_image"])}


def soft(colour: int, alpha: int) -> np.ndarray:
    frame = np.full((512, 512, 4), colour, np.uint8)
    frame[..., 3] = alpha
    return frame


def test_networks_that_want_multiplied_colours_get_them_and_frames_are_straight_all_the_same():
    mirror = lambda path, expected: Mirror(path, expected, SessionOptions())  # noqa: E731
    first = SimpleNamespace(pixels=soft(200, 128), report=None)
    model = PlannedModel(SPEC, open_plan([GRAPH], mirror), {"turn": slice(39, 42)}, first, multiplied=True)
    given = np.zeros(45, np.float32)
    for colour, alpha in ((200, 128), (90, 220)):
        model.set_picture(soft(colour, alpha))
        for _ in range(2):  # the second time nothing runs, and nothing is divided twice
            assert np.abs(model.render(given).astype(int) - soft(colour, alpha)).max() <= 1
        assert model.plan.get(IMAGE)[0, 0, 0] < colour


def refusing(*codes: str):
    """Opens nothing the first times, for these reasons; keeps what it was asked."""
    asked: list[Signature] = []

    def open_session(path: Path, expected: Signature) -> FakeSession:
        asked.append(expected)
        if len(asked) <= len(codes):
            raise SessionError(codes[len(asked) - 1], path=f"{len(asked)}.onnx", expected="a", got="b")
        return fake(path, expected)

    return open_session, asked


def test_another_signature_is_tried_when_the_inputs_are_others():
    second = Signature((replace(PICTURE, shape=(1, 512, 512, 4)), POSE), DRAWN.outputs)
    graph = replace(GRAPH, signatures=(DRAWN, second))
    open_session, asked = refusing("session_other_inputs")
    assert open_plan([graph], open_session).spec(IMAGE).shape == (1, 512, 512, 4)
    assert asked == [DRAWN, second]


def test_the_error_speaks_of_the_first_signature():
    graph = replace(GRAPH, signatures=(DRAWN, DRAWN))
    open_session, asked = refusing("session_other_inputs", "session_other_inputs")
    with pytest.raises(SessionError, match=r"1\.onnx"):
        open_plan([graph], open_session)
    assert len(asked) == 2
    open_session, asked = refusing("session_file_broken")
    with pytest.raises(SessionError):
        open_plan([graph], open_session)
    assert len(asked) == 1


def test_sessions_are_closed_when_a_later_file_cannot_be_opened():
    opened: list[FlakySession] = []

    def open_session(path: Path, expected: Signature) -> FlakySession:
        if opened:
            raise SessionError("session_file_missing", path=str(path))
        opened.append(FlakySession(expected.inputs, expected.outputs))
        return opened[0]

    with pytest.raises(SessionError, match=r"second\.onnx"):
        open_plan([GRAPH, replace(GRAPH, name="second", path=Path("second.onnx"))], open_session)
    assert opened[0].closed == 1
