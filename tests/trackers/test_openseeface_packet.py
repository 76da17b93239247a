"""trackers/openseeface_packet.py: layout and signs, what is refused, and fuzz."""

import math
import random
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.pose import HIGHEST, LOWEST
from tests.captures.openseeface_synthetic import face
from tests.peers import CAPTURES, capture, read_records
from trackers.openseeface_follow import FaceFollower
from trackers.openseeface_packet import RECORD, parse, wrap


def test_signs_and_fields_of_a_made_record() -> None:
    payload = face(up=10, right=20, tilt=5, position=(0.1, 0.2, 0.3), open_left=0.25, open_right=0.75, lips=0.2, face_id=7)
    (seen,) = parse(payload)
    assert seen.id == 7
    assert seen.fitted
    assert (seen.pitch, seen.yaw, seen.roll) == pytest.approx((10, 20, 5), abs=1e-4)
    assert (seen.right, seen.up, seen.depth) == pytest.approx((0.1, 0.2, -2.2), abs=1e-5)
    assert (seen.open_left, seen.open_right, seen.error) == (0.25, 0.75, 8.0)
    assert seen.lips == pytest.approx(0.2, abs=1e-5)
    assert seen.lift == pytest.approx(0.02, abs=1e-5)


def test_gaze_signs() -> None:
    (seen,) = parse(face(gaze_up=0.03, gaze_right=-0.02))
    assert (seen.gaze_up, seen.gaze_right) == pytest.approx((0.03, -0.02), abs=1e-6)


def test_several_faces_in_one_datagram() -> None:
    assert [seen.id for seen in parse(face(face_id=0) + face(face_id=1) + face(face_id=2))] == [0, 1, 2]


@pytest.mark.parametrize("length", [0, 1, 1784, 1786, 3569])
def test_other_lengths_are_not_openseeface(length: int) -> None:
    assert parse(bytes(length)) == []


def _with(offset: int, format: str, value: float) -> bytes:
    payload = bytearray(face())
    struct.pack_into(format, payload, offset, value)
    return bytes(payload)


@pytest.mark.parametrize(
    "payload",
    [
        bytes(RECORD),  # zeros: a picture without size
        b"\xff" * RECORD,
        b"A" * RECORD,
        _with(12, "<f", -640.0),
        _with(20, "<f", 7.0),
        _with(24, "<f", math.nan),
        _with(28, "<B", 2),
        _with(29, "<f", math.inf),
        _with(49, "<f", 1e30),
        _with(61, "<f", -math.inf),
        _with(889 + 12 * 36, "<f", math.nan),
        _with(889 + 12 * 66, "<f", 1e20),
        _with(1781, "<f", math.inf),
    ],
    ids=range(13),
)
def test_numbers_that_cannot_be_are_refused(payload: bytes) -> None:
    assert parse(payload) == []
    good = face(face_id=3)
    assert [seen.id for seen in parse(payload + good)] == [3]


def test_wrap() -> None:
    assert wrap(190) == -170
    assert wrap(-190) == 170
    assert wrap(360 * 9 + 5) == 5


@pytest.mark.parametrize("name", ["osf_capture.bin", "osf_capture_expr.bin", "osf_capture_gap.bin", "osf_capture_2faces.bin"])
def test_every_recorded_datagram_is_understood(name: str) -> None:
    faces = [parse(payload) for _, payload in capture(name)]
    assert {len(seen) for seen in faces} == {2 if "2faces" in name else 1}
    settled = [seen for several in faces[3:] for seen in several]  # a new face is nonsense for three frames
    assert all(seen.fitted and 1 < seen.error < 20 for seen in settled)
    assert all(abs(seen.yaw) < 45 and abs(seen.pitch) < 45 and seen.depth < -1 for seen in settled)


def _check(follower: FaceFollower, payload: bytes, now: float) -> bool:
    known, tracked = follower.read(payload, now)
    if tracked is not None:
        assert known
        assert tracked.pose.dtype == np.float32
        assert (tracked.pose >= LOWEST).all(), "NaN or below the range"
        assert (tracked.pose <= HIGHEST).all(), "NaN or above the range"
        assert all(abs(value) <= 1.0 for value in tracked.position)
    return tracked is not None


@given(st.lists(st.binary(max_size=40) | st.binary(min_size=RECORD, max_size=RECORD), max_size=3))
@settings(max_examples=200)
def test_fuzz_arbitrary_bytes(parts: list[bytes]) -> None:
    follower = FaceFollower(0)
    for index, payload in enumerate([*parts, b"".join(parts)]):
        _check(follower, payload, float(index))


_numbers = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(st.integers(0, 445), _numbers), max_size=12))
@settings(max_examples=300)
def test_fuzz_any_float_anywhere(changes: list[tuple[int, float]]) -> None:
    follower, payload = FaceFollower(0), bytearray(face() * 2)
    for index, value in changes:
        struct.pack_into("<f", payload, 12 + 4 * index + (1 if index > 3 else 0), value)
    for moment in range(8):
        _check(follower, bytes(payload), moment * 0.1)


def test_fuzz_a_hundred_thousand_mutated_datagrams() -> None:
    """Bytes changed, cut, repeated and mixed; through parser and mapping as in life. Warnings are errors here."""
    chance = random.Random(20)
    seeds = [face(), face(up=30, right=-60, tilt=20, lips=0.4, open_left=0.1), face(face_id=0) + face(face_id=1)]
    file = CAPTURES / "osf_capture_expr.bin"
    if file.exists():
        seeds += [payload for _, payload in read_records(file)[::50]]
    follower, poses, began = FaceFollower(0), 0, time.perf_counter()
    for count in range(100_000):
        payload = bytearray(chance.choice(seeds))
        kind = chance.random()
        if kind < 0.8:
            for _ in range(chance.choice((1, 2, 8))):
                payload[chance.randrange(len(payload))] = chance.randrange(256)
        elif kind < 0.85:
            del payload[chance.randrange(len(payload)) :]
        elif kind < 0.9:
            start = chance.randrange(0, 1700)
            payload[start : start + 64] = chance.randbytes(64)
        elif kind < 0.95:
            payload[73:1785] = chance.randbytes(1712)
        else:
            struct.pack_into("<f", payload, chance.choice((20, 49, 53, 57, 61, 65, 69)), chance.choice((1e6, -719.0, 1e-40, 0.5)))
        poses += _check(follower, bytes(payload), count / 30)
    seconds = time.perf_counter() - began
    print(f"100000 datagrams in {seconds:.1f} s, {poses} gave a pose")
    assert poses > 30_000, "the mutations must not all be refused, or the mapping was not tested"
