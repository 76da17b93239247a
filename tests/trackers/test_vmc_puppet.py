"""trackers/vmc_puppet.py: when a moment is complete, what is held and fades, and which kind of face it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captures.arkit_recording import recording
from tests.captures.phone_streams import about, bundle, message, perfect_sync, vmc
from tests.trackers.mutation import mutate
from trackers.face import SHAPE
from trackers.vmc_puppet import FADE_SECONDS, HOLD_SECONDS, Moment, Puppet


def bone(name: str, turn: np.ndarray) -> bytes:
    return message("/VMC/Ext/Bone/Pos", name, 0.0, 0.0, 0.0, *map(float, turn)).dgram


def said(puppet: Puppet, time: float, *values: tuple[str, float]) -> Moment:
    found = puppet.read(
        bundle([*(message("/VMC/Ext/Blend/Val", name, value) for name, value in values), message("/VMC/Ext/Blend/Apply")]), time
    )[1]
    assert found is not None
    return found


@pytest.mark.parametrize("per_datagram", [1, 24, 1000])
def test_recorded_faces_come_back(per_datagram: int) -> None:
    faces, puppet = recording("mediapipe_expr").part(100, 200), Puppet()
    for number, (shapes, head) in enumerate(zip(faces.shapes, faces.head, strict=True)):
        datagrams = vmc(perfect_sync(shapes), head, per_datagram=per_datagram)
        found = [puppet.read(datagram, number / 30) for datagram in datagrams]
        assert all(known for known, _ in found)
        assert [moment is not None for _, moment in found] == [False] * (len(datagrams) - 1) + [True]
        moment = found[-1][1]
        assert moment is not None
        assert moment.weights is None
        assert np.abs(moment.frame.shapes - shapes).max() < 1e-6
        assert moment.frame.head == pytest.approx((-head[0], -head[1], head[2]), abs=1e-3)


def test_values_wait_for_apply() -> None:
    puppet = Puppet()
    assert puppet.read(message("/VMC/Ext/Blend/Val", "JawOpen", 1.0).dgram, 0.0) == (True, None)
    assert said(puppet, 0.1, ("mouthClose", 0.5)).frame.shapes[SHAPE["jawOpen"]] == 1.0


def test_what_is_not_repeated_is_held_and_fades() -> None:
    puppet = Puppet()
    said(puppet, 0.0, ("JawOpen", 1.0))
    puppet.read(bone("Head", about(1, 20)), 0.0)

    def at(time: float) -> tuple[float, float]:
        moment = said(puppet, time, ("MouthClose", 0.5))
        return float(moment.frame.shapes[SHAPE["jawOpen"]]), moment.frame.head[1]

    assert at(HOLD_SECONDS - 0.01) == pytest.approx((1.0, 20.0))
    jaw, turn = at(HOLD_SECONDS + FADE_SECONDS / 2)
    assert jaw == pytest.approx(0.5)
    assert 5 < turn < 15
    assert at(HOLD_SECONDS + FADE_SECONDS) == (0.0, 0.0)


def test_head_is_the_whole_spine_above_the_hips() -> None:
    puppet = Puppet()
    for name in ("Chest", "UpperChest", "neck", "HEAD", "Hips", "Spine"):
        puppet.read(bone(name, about(0, 5)), 0.0)
    assert said(puppet, 0.0).frame.head == pytest.approx((-20.0, 0.0, 0.0))


def test_a_sender_without_shapes_gives_a_moment_for_each_head() -> None:
    puppet = Puppet()
    assert puppet.read(bone("Head", about(1, 5)), 0.0) == (True, None)  # shapes may still come
    for time in (0.3, 0.5):
        assert puppet.read(bone("Neck", about(1, 5)), time) == (True, None)
    moment = puppet.read(bone("Head", about(1, 5)), 0.6)[1]
    assert moment is not None
    assert moment.frame.head[1] == pytest.approx(10.0)
    said(puppet, 2.0)
    assert puppet.read(bone("Head", about(1, 5)), 2.1)[1] is None


def test_presets_unless_the_face_is_tracked_in_shapes() -> None:
    puppet = Puppet()
    moment = said(puppet, 0.0, ("A", 0.7), ("Blink_L", 0.9), ("JawOpen", 0.0))
    assert moment.weights is not None
    assert moment.weights["a"] == pytest.approx(0.7)
    assert moment.frame.shapes[SHAPE["eyeBlinkLeft"]] == pytest.approx(0.9)
    assert moment.frame.shapes[SHAPE["eyeBlinkRight"]] == 0.0
    assert said(puppet, 0.1, ("JawOpen", 0.4)).weights is None


@pytest.mark.parametrize("names", [("Blink", "blink"), ("aa", "a"), ("HAPPY", "joy"), ("relaxed", "fun"), ("sad", "sorrow")])
def test_names_of_vrm_0_and_1(names: tuple[str, str]) -> None:
    moment = said(Puppet(), 0.0, (names[0], 0.5))
    assert moment.weights is not None
    assert moment.weights[names[1]] == 0.5


def test_eyes_from_looks_or_from_bones() -> None:
    puppet = Puppet()
    puppet.read(
        bundle(
            [message("/VMC/Ext/Bone/Pos", side, 0.0, 0.0, 0.0, *map(float, about(1, 15))) for side in ("LeftEye", "RightEye")]
        ),
        0.0,
    )
    shapes = said(puppet, 0.0, ("A", 0.0)).frame.shapes
    assert shapes[SHAPE["eyeLookInLeft"]] == pytest.approx(0.5)  # +y is to the own right: inwards for the left eye
    assert shapes[SHAPE["eyeLookOutRight"]] == pytest.approx(0.5)
    shapes = said(puppet, 0.0, ("LookLeft", 1.0)).frame.shapes
    assert shapes[SHAPE["eyeLookOutLeft"]] == shapes[SHAPE["eyeLookInRight"]] == 1.0


@pytest.mark.parametrize(("state", "present"), [((0,), False), ((1, 3, 0, 0), False), ((1, 3, 0, 1), True), ((1,), True)])
def test_senders_that_track_nobody_say_so(state: tuple[int, ...], present: bool) -> None:
    puppet = Puppet()
    puppet.read(message("/VMC/Ext/OK", *state).dgram, 0.0)
    assert said(puppet, 0.1, ("A", 1.0)).frame.present is present


@pytest.mark.parametrize(
    ("payload", "known"),
    [
        (message("/VMC/Ext/T", 1.0).dgram, True),
        (message("/VMC/Ext/Cam", "x").dgram, True),
        (message("/VMC/Ext/Bone/Pos", "Head", 1.0).dgram, True),
        (message("/VMC/Ext/Bone/Pos", "Head", *["x"] * 7).dgram, True),
        (message("/VMC/Ext/Bone/Pos", "Head", *[0.0] * 7).dgram, True),
        (message("/VMC/Ext/Bone/Pos", "Head", *[float("nan")] * 7).dgram, True),
        (message("/VMC/Ext/Blend/Val", "A").dgram, True),
        (message("/VMC/Ext/Blend/Val", 1, 2.0).dgram, True),
        (message("/VMC/Ext/Blend/Val", "A", float("nan")).dgram, True),
        (message("/avatar/parameters/x", 1.0).dgram, False),
        (b"=head#1,2,3", False),
        (b"", False),
    ],
)
def test_what_gives_no_moment(payload: bytes, known: bool) -> None:
    puppet = Puppet()
    assert puppet.read(payload, 0.0) == (known, None)
    assert said(puppet, 0.0).frame.head == (0.0, 0.0, 0.0)


def test_what_is_remembered_is_bounded() -> None:
    puppet = Puppet()
    for number in range(3000):
        said(puppet, 0.0, (f"clip {number}", 1.0))
        puppet.read(bone(f"bone {number}", about(1, 5)), 0.0)
    assert not puppet._values
    assert not puppet._bones


def _is_sound(found: Moment | None) -> None:
    if found is not None:
        frame = found.frame
        assert ((frame.shapes >= 0) & (frame.shapes <= 1)).all()
        assert np.isfinite(frame.head).all()
        assert all(0 <= weight <= 1 for weight in (found.weights or {}).values())


@given(st.binary(max_size=300))
def test_any_bytes(payload: bytes) -> None:
    for prefix in (b"", b"/VMC/Ext/Bone/Pos\0\0\0,", b"/VMC/Ext/Blend/Val\0\0,sf\0"):
        _is_sound(Puppet().read(prefix + payload, 0.0)[1])


def test_damaged_datagrams() -> None:
    random, puppet = np.random.default_rng(7), Puppet()
    good = vmc([*perfect_sync(random.random(52)), ("A", 0.5)], (5.0, 6.0, 7.0), per_datagram=200)[0]
    for number in range(1500):
        _is_sound(puppet.read(mutate(good, random), number / 60)[1])
