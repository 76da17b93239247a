"""Signs and values against recordings of MediaPipe, upstream's executed converter, and OpenSeeFace on the same video."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.peers import CAPTURES, capture
from trackers.face import ARKIT, SHAPE
from trackers.webcam_map import face_frame, head_degrees


@dataclass
class Category:
    category_name: str | None
    score: float | None


@dataclass
class Result:
    face_blendshapes: list[list[Category]] = field(default_factory=list)
    facial_transformation_matrixes: list[Any] = field(default_factory=list)


def recorded(name: str) -> Any:
    file = CAPTURES / name
    if not file.exists():
        pytest.skip(f"MISSING CAPTURE: {file} is not here, so nothing was compared with the real program's data")
    return np.load(file, allow_pickle=False)


def result(scores: Any, names: Any, matrix: Any) -> Result:
    return Result([[Category(str(name), float(score)) for name, score in zip(names, scores, strict=True)]], [matrix])


@pytest.mark.parametrize(("recording", "golden", "every"), [("khill", "khill", 1), ("expr", "expr", 3)])
def test_head_and_shapes_equal_what_upstream_was_given(recording: str, golden: str, every: int) -> None:
    seen, expected = recorded(f"mediapipe_{recording}.npz"), recorded(f"golden/conv_{golden}.npz")
    frames = [
        face_frame(result(scores, seen["names"], matrix), 0.0)
        for scores, matrix in zip(seen["blendshapes"][::every], seen["matrix"][::every], strict=True)
    ]
    assert len(frames) == len(expected["head_deg"])
    heads = np.array([frame.head for frame in frames])
    # head_x = -X, head_y = -Y, neck_z = +Z in the converter whose output the goldens are.
    assert np.abs(heads - expected["head_deg"] * (-1, -1, 1)).max() < 1e-3
    order = [SHAPE[str(name)] for name in expected["blendshape_names"]]
    shapes = np.stack([frame.shapes for frame in frames])[:, order]
    assert np.abs(shapes - expected["blendshapes"]).max() < 1e-6


@pytest.mark.parametrize(
    ("recording", "datagrams", "skipped", "least"),
    [
        # Pitch, yaw, roll, then right, up, nearer; where the head hardly moves the two programs' noise is compared (0).
        ("khill", "osf_capture.bin", 0, (0.95, 0.95, 0.9, 0.0, 0.9, 0.0)),
        ("expr", "osf_capture_expr.bin", 15, (0.65, 0.65, 0.95, 0.75, 0.9, 0.8)),
    ],
)
def test_signs_agree_with_openseeface_on_the_same_video(
    recording: str, datagrams: str, skipped: int, least: tuple[float, ...]
) -> None:
    seen = recorded(f"mediapipe_{recording}.npz")
    payloads = [payload for _, payload in capture(datagrams)]
    matrices = seen["matrix"][skipped:][: len(payloads)]
    euler = np.array([struct.unpack_from("<3f", payload, 49) for payload in payloads[: len(matrices)]])
    place = np.array([struct.unpack_from("<3f", payload, 61) for payload in payloads[: len(matrices)]])
    frames = [face_frame(result(np.zeros(52), seen["names"], matrix), 0.0) for matrix in matrices]
    ours = np.array([(*frame.head, *(frame.position or ())) for frame in frames])
    # Its pitch is up, its yaw to the subject's left, its roll to the right; t0 is up, t1 to the picture's left = subject's right.
    pitch = (180.0 - euler[:, 0] + 180.0) % 360.0 - 180.0
    theirs = np.stack([pitch, -euler[:, 1], euler[:, 2] - 90.0, place[:, 1], place[:, 0], place[:, 2]], axis=1)
    correlations = [float(np.corrcoef(ours[:, index], theirs[:, index])[0, 1]) for index in range(6)]
    assert all(found >= lowest for found, lowest in zip(correlations, least, strict=True)), correlations


def test_no_face() -> None:
    assert not face_frame(Result(), 3.0).present
    assert face_frame(Result(), 3.0).time == 3.0


def test_names_decide_not_the_order_and_strangers_are_ignored() -> None:
    categories = [Category("jawOpen", 0.5), Category("_neutral", 0.9), Category(None, 0.9), Category("eyeBlinkLeft", None)]
    frame = face_frame(Result([categories], [np.eye(4)]), 1.0)
    assert frame.shapes[SHAPE["jawOpen"]] == pytest.approx(0.5)
    assert np.count_nonzero(frame.shapes) == 1
    assert frame.head == (0.0, 0.0, 0.0)
    assert frame.position == (0.0, 0.0, 0.0)


@given(
    st.lists(st.floats(width=32), min_size=52, max_size=52),
    st.lists(st.floats(width=32), min_size=16, max_size=16),
)
def test_whatever_comes_a_frame_is_finite_and_in_range(scores: list[float], matrix: list[float]) -> None:
    frame = face_frame(result(scores, ARKIT, np.array(matrix).reshape(4, 4)), 0.0)
    assert np.isfinite(frame.shapes).all()
    assert frame.shapes.min() >= 0.0
    assert frame.shapes.max() <= 1.0
    assert np.isfinite(frame.head).all()
    assert np.isfinite(frame.position or (0.0,)).all()


@pytest.mark.parametrize("matrix", [np.eye(3), np.full((4, 4), np.nan), np.zeros((0,))])
def test_a_matrix_that_is_none_is_no_face(matrix: Any) -> None:
    assert not face_frame(Result([[]], [matrix]), 0.0).present


def test_each_angle_alone() -> None:
    def turn(axis: int, degrees: float) -> Any:
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        first, second = [(1, 2), (2, 0), (0, 1)][axis]
        matrix = np.eye(4)
        matrix[[first, second], [first, second]] = cosine
        matrix[first, second], matrix[second, first] = -sine, sine
        return matrix

    # Right-handed, y up, z to the camera: +x nods down, +y turns the nose to the picture's right, +z tilts to its left.
    assert head_degrees(turn(0, 20.0)) == pytest.approx((-20.0, 0.0, 0.0))
    assert head_degrees(turn(1, 20.0)) == pytest.approx((0.0, -20.0, 0.0))
    assert head_degrees(turn(2, 20.0)) == pytest.approx((0.0, 0.0, 20.0))
