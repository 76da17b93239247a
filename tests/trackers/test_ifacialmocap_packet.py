"""trackers/ifacialmocap_packet.py: every dialect, every tolerance, and nothing that gets past it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captures.arkit_recording import recording
from tests.captures.phone_streams import ifacialmocap
from tests.trackers.mutation import mutate
from trackers.face import ARKIT, SHAPE
from trackers.ifacialmocap_packet import LARGEST_FRAME, parse

DIALECTS = [
    {"version": 1},
    {"version": 2},
    {"app": "Facemotion3d"},
    {"app": "MeowFace", "without": ("cheekSquintLeft", "cheekSquintRight")},
]
VENDOR = (
    b"mouthSmile_R-0|eyeLookOut_L-23|mouthUpperUp_L-11|eyeWide_R-0|mouthClose-8|mouthPucker-4|mouthRollLower-9|eyeBlink_R-7|"
    b"eyeLookDown_L-17|cheekSquint_R-11|eyeBlink_L-7|tongueOut-0|jawRight-0|eyeLookIn_R-6|cheekSquint_L-11|mouthDimple_L-10|"
    b"=head#-21.488958,-6.038993,-6.6019735,-0.030653415,-0.10287084,-0.6584072|rightEye#6.0297494,2.4403017,0.25649446|"
    b"leftEye#6.034903,-1.6660284,-0.17520553|"
)
"""In the manner of the sample on the vendor's page."""


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("shuffle", [0, 7])
def test_every_dialect_gives_the_recorded_face(dialect: dict[str, object], shuffle: int) -> None:
    faces = recording("mediapipe_expr").part(100, 400)
    for shapes, head, position in zip(faces.shapes, faces.head, faces.position, strict=True):
        frame = parse(ifacialmocap(shapes, head, position, shuffle=shuffle, **dialect), 5.0)  # type: ignore[arg-type]
        assert frame is not None
        assert frame.present
        assert frame.time == 5.0
        assert np.abs(frame.shapes - shapes).max() <= 0.0051  # the protocol has whole percents
        assert frame.head == pytest.approx((-head[0], -head[1], head[2]), abs=1e-4)
        assert frame.position == pytest.approx((-position[0], position[1], position[2]), abs=1e-6)


def test_the_vendors_sample() -> None:
    frame = parse(VENDOR, 0.0)
    assert frame is not None
    assert frame.head == pytest.approx((21.488958, 6.038993, -6.6019735))
    assert frame.position == pytest.approx((0.030653415, -0.10287084, -0.6584072))
    assert frame.shapes[SHAPE["eyeLookOutLeft"]] == pytest.approx(0.23)
    assert frame.shapes[SHAPE["jawRight"]] == 0.0


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (b"jawOpen-50|=head#1,2,3|", "jawOpen", 0.5),
        (b"jawOpen & 50|=head#1,2,3", "jawOpen", 0.5),
        (b"jawOpen--3|=head#1,2,3|", "jawOpen", 0.0),
        (b"jawOpen&-3|=head#1,2,3|", "jawOpen", 0.0),
        (b"JAWOPEN-50|=|head#1,2,3|", "jawOpen", 0.5),
        (b"jawOpen-50|head#1,2,3,0,0,0|", "jawOpen", 0.5),
        (b"jawOpen-300|=head#1,2,3|", "jawOpen", 1.0),
        (b"jawOpen-NaN|=head#1,2,3|", "jawOpen", 0.0),
        (b"jawOpen-|jawOpen|-|&|jawOpen-5-5|=head#1,2,3|", "jawOpen", 0.0),
        (b"jawOpen-inf|=head#1,2,3|", "jawOpen", 0.0),
        (b"mouthLeft-40|mouthSmile_L-10|=head#1,2,3|", "mouthLeft", 0.4),
        (b"browInnerUpLeft-40|browInnerUpRight-20|=head#1,2,3|", "browInnerUp", 0.3),
        (b"browInnerUp-10|browInnerUpLeft-40|=head#1,2,3|", "browInnerUp", 0.1),
        (b"nobodyKnowsThis-40|jawOpen-40|=head#1,2,3|", "jawOpen", 0.4),
    ],
)
def test_tolerated(text: bytes, name: str, value: float) -> None:
    frame = parse(text, 0.0)
    assert frame is not None
    assert frame.shapes[SHAPE[name]] == pytest.approx(value)
    assert frame.head == (-1.0, -2.0, 3.0)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"|",
        b"hello",
        b"jawOpen-50|mouthClose-3|",
        b"jawOpen-50|=head#1,2|",
        b"jawOpen-50|=head#1,NaN,3|",
        b"jawOpen-50|=head#1,inf,3|",
        b"jawOpen-50|=head#a,b,c|",
        b"jawOpen-50|=head#|",
        b'{"BlendShapes": []}',
        b"/VMC/Ext/OK\0,i\0\0\0\0\0\1",
        bytes(1785),
        b"jawOpen-50|" * 2000 + b"=head#1,2,3|",
    ],
)
def test_refused(text: bytes) -> None:
    assert parse(text, 0.0) is None


def test_face_lost_is_told_by_the_tracking_status() -> None:
    for text in (b"trackingStatus-0|jawOpen-50|=head#1,2,3|", b"trackingStatus & 0|"):
        frame = parse(text, 1.0)
        assert frame is not None
        assert not frame.present
    frame = parse(b"trackingStatus-1|=head#1,2,3|", 1.0)
    assert frame is not None
    assert frame.present


def test_eyes_angles_are_used_when_no_look_is_sent() -> None:
    frame = parse(b"jawOpen-0|=head#0,0,0|rightEye#-15,-6,0|leftEye#-15,-6,0|", 0.0)
    assert frame is not None
    looks = {name: frame.shapes[SHAPE[name]] for name in ARKIT if name.startswith("eyeLook") and frame.shapes[SHAPE[name]]}
    # X below 0 is up; Y below 0 is to the subject's own right: outwards for the right eye, inwards for the left.
    assert looks == pytest.approx({"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5, "eyeLookOutRight": 0.2, "eyeLookInLeft": 0.2})
    frame = parse(b"eyeLookUp_L-0|=head#0,0,0|rightEye#-15,-6,0|leftEye#-15,-6,0|", 0.0)
    assert frame is not None
    assert not frame.shapes.any()


def test_angles_are_wrapped_and_absurd_positions_are_unknown() -> None:
    frame = parse(b"=head#-350,1e9,0,1e30,0,0|", 0.0)
    assert frame is not None
    assert frame.head[0] == pytest.approx(-10.0)
    assert abs(frame.head[1]) <= 180
    assert frame.position is None


def _is_sound(payload: bytes) -> None:
    frame = parse(payload, 1.0)
    if frame is not None:
        assert frame.shapes.shape == (52,)
        assert frame.shapes.dtype == np.float32
        assert ((frame.shapes >= 0) & (frame.shapes <= 1)).all()
        assert all(abs(angle) <= 180 for angle in frame.head)
        assert frame.position is None or np.isfinite(frame.position).all()


@given(st.binary(max_size=2000))
def test_any_bytes(payload: bytes) -> None:
    _is_sound(payload)


@given(
    st.lists(
        st.sampled_from(["jawOpen", "=head", "rightEye", "-", "&", "#", "|", ",", "nan", "1e999", "-0", "5", " "]), max_size=60
    )
)
def test_any_mixture_of_its_own_parts(parts: list[str]) -> None:
    _is_sound("".join(parts).encode())


def test_damaged_frames() -> None:
    random = np.random.default_rng(4)
    good = ifacialmocap(random.random(52), (1.0, 2.0, 3.0))
    for _ in range(3000):
        _is_sound(mutate(good, random))
    _is_sound(b"jawOpen-1|" * (LARGEST_FRAME // 10) + b"=head#1,2,3")
