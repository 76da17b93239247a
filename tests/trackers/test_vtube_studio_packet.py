"""trackers/vtube_studio_packet.py: VTube Studio's and MeowFace's JSON, and nothing that gets past it."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captures.arkit_recording import recording
from tests.captures.phone_streams import vtube_studio
from tests.trackers.mutation import mutate
from trackers.face import SHAPE
from trackers.vtube_studio_packet import LARGEST, parse

REST = {"Rotation": {"x": 1, "y": 2, "z": 3}, "BlendShapes": [{"k": "JawOpen", "v": 0.5}]}


def _parse(data: object) -> object:
    return parse(json.dumps(data).encode(), 0.0)


@pytest.mark.parametrize("app", ["VTube Studio", "MeowFace"])
def test_both_apps_give_the_recorded_face(app: str) -> None:
    faces = recording("mediapipe_expr").part(100, 400)
    for number, (shapes, head) in enumerate(zip(faces.shapes, faces.head, strict=True)):
        found = parse(vtube_studio(shapes, head, milliseconds=number, app=app), 5.0)
        assert found is not None
        frame, clock = found
        assert clock == number
        assert np.abs(frame.shapes - shapes).max() < 1e-5
        assert frame.head == pytest.approx((-head[0], -head[1], head[2]), abs=1e-6)
        assert frame.position is None


def test_face_lost() -> None:
    found = parse(vtube_studio([0.0] * 52, (0, 0, 0), found=False), 1.0)
    assert found is not None
    assert not found[0].present


def test_meowfaces_missing_and_extra_keys() -> None:
    missing = ("cheekSquintLeft", "mouthClose", "jawForward")
    found = parse(vtube_studio([0.5] * 52, (0, 0, 0), app="MeowFace", without=missing), 1.0)
    assert found is not None
    shapes = found[0].shapes
    assert [shapes[SHAPE[name]] for name in missing] == [0.0] * 3
    assert shapes.sum() == pytest.approx(0.5 * 49)


def test_position_and_capitals() -> None:
    data = {
        "rotation": {"X": 1, "Y": 2, "Z": 3},
        "POSITION": {"x": 5, "y": -3, "z": 20},
        "blendshapes": [{"k": "jawopen", "v": 1}],
    }
    found = parse(json.dumps(data).encode(), 0.0)
    assert found is not None
    assert found[0].head == (-2.0, -1.0, 3.0)
    assert found[0].position == pytest.approx((0.05, -0.03, 0.2))
    assert found[0].shapes[SHAPE["jawOpen"]] == 1.0


@pytest.mark.parametrize(
    "entries", [[], [1, None, "x", []], [{"k": 5, "v": 1}], [{"k": "JawOpen"}], [{"k": "JawOpen", "v": "1"}], [{"v": 1}]]
)
def test_entries_that_are_none_are_left_out(entries: list[object]) -> None:
    found = parse(json.dumps({**REST, "BlendShapes": entries}).encode(), 0.0)
    assert found is not None
    assert not found[0].shapes.any()


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        5,
        None,
        {"BlendShapes": {}},
        {**REST, "BlendShapes": [{"k": "JawOpen", "v": 0}] * 300},
        {**REST, "Rotation": None},
        {**REST, "Rotation": {"x": 1, "y": 2}},
        {**REST, "Rotation": {"x": "1", "y": 2, "z": 3}},
        {"messageType": "iOSTrackingDataRequest", "time": 1, "sentBy": "x", "ports": [1]},
    ],
)
def test_refused(data: object) -> None:
    assert _parse(data) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[" * 30000,
        b'{"a":' * 30000,
        b"9" * 30000,
        b"\xff\xfe",
        b'{"Rotation":{"x":NaN,"y":0,"z":0},"BlendShapes":[]}',
        b'{"Rotation":{"x":Infinity,"y":0,"z":0},"BlendShapes":[]}',
        b'{"Rotation":{"x":1e999,"y":0,"z":0},"BlendShapes":[]}',
        b'{"Rotation":{"x":' + b"9" * 20000 + b',"y":0,"z":0},"BlendShapes":[]}',
        b" " * (LARGEST + 1),
    ],
)
def test_refused_bytes(text: bytes) -> None:
    assert parse(text, 0.0) is None


def _is_sound(payload: bytes) -> None:
    found = parse(payload, 1.0)
    if found is not None:
        frame, clock = found
        assert np.isfinite(clock)
        assert frame.shapes.shape == (52,)
        assert ((frame.shapes >= 0) & (frame.shapes <= 1)).all()
        assert all(abs(angle) <= 180 for angle in frame.head)
        assert frame.position is None or np.isfinite(frame.position).all()


@given(st.binary(max_size=500))
def test_any_bytes(payload: bytes) -> None:
    _is_sound(payload)


_LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
_ANY = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "Timestamp": _ANY,
            "FaceFound": _ANY,
            "Rotation": _ANY | st.fixed_dictionaries({"x": _LEAVES, "y": _LEAVES, "z": _LEAVES}),
            "Position": _ANY | st.fixed_dictionaries({"x": _LEAVES, "y": _LEAVES, "z": _LEAVES}),
            "BlendShapes": _ANY | st.lists(st.fixed_dictionaries({"k": _LEAVES | st.just("jawOpen"), "v": _LEAVES}), max_size=5),
        },
    )
)
def test_any_values(data: dict[str, object]) -> None:
    _is_sound(json.dumps(data).encode())


def test_damaged_datagrams() -> None:
    random = np.random.default_rng(5)
    good = vtube_studio(random.random(52), (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    for _ in range(3000):
        _is_sound(mutate(good, random))
