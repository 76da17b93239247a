"""trackers/lan_packet.py: the bytes, the signature, whose datagrams are taken, and fuzz."""

import hashlib
import hmac
import random
import struct
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.pose import HIGHEST, LOWEST, SIZE
from tests.trackers.movements import random_poses
from trackers.lan_packet import BODY, TAG, TAKEOVER_SECONDS, Gate, Packet, is_signed_with, pack, parse

KEY = bytes(range(32))


def packet(number: int = 1, session: int = 7, present: bool = True, seed: int = 0) -> Packet:
    return Packet(1, present, False, session, number, 123456, random_poses(1, seed)[0], (0.25, -1.5, 1.0))


def test_layout() -> None:
    """The datagram put together by hand, as the module describes it."""
    sent = packet()
    assert sent.pose is not None
    by_hand = struct.pack("<4sBBIII", b"EZVP", 1, 1, 7, 1, 123456)
    by_hand += struct.pack("<45h", *(round(float(value) * 32767) for value in sent.pose))
    by_hand += struct.pack("<3h", 4096, -24576, 16384)
    assert pack(sent) == by_hand
    signed = pack(sent, KEY)
    assert signed[5] == 3
    assert signed[114:] == hmac.new(KEY, signed[:114], hashlib.sha256).digest()[:16]
    print(f"{len(by_hand)} bytes, {len(signed)} with a key")
    assert (len(by_hand), len(signed)) == (114, 130)


def test_poses_arrive_to_a_32767th() -> None:
    for seed in range(200):
        sent = packet(seed=seed)
        assert sent.pose is not None
        got = parse(pack(sent))
        assert got is not None
        assert got.pose is not None
        assert np.abs(got.pose - sent.pose).max() <= 1 / 32767
        assert got.position == pytest.approx(sent.position, abs=1 / 16384)
        assert (got.present, got.signed, got.session, got.number, got.milliseconds) == (True, False, 7, 1, 123456)


def test_ends_of_the_ranges_and_beyond() -> None:
    for pose in (LOWEST, HIGHEST):
        got = parse(pack(Packet(1, True, False, 1, 1, 0, pose, (9.0, -9.0, 0.0))))
        assert got is not None
        assert got.pose is not None
        assert np.array_equal(got.pose, pose)
        assert got.position == pytest.approx((1.99, -1.99, 0.0), abs=1e-4)


def test_numbers_wrap() -> None:
    got = parse(pack(Packet(1, True, False, 1, 2**32 + 5, 2**33 + 6, LOWEST)))
    assert got is not None
    assert (got.number, got.milliseconds) == (5, 6)


def test_the_signature_covers_every_bit() -> None:
    signed = pack(packet(), KEY)
    assert is_signed_with(signed, KEY)
    assert not is_signed_with(signed, KEY[::-1])
    assert not is_signed_with(pack(packet()), KEY)
    for bit in range(len(signed) * 8):
        changed = bytearray(signed)
        changed[bit // 8] ^= 1 << bit % 8
        assert not is_signed_with(bytes(changed), KEY)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"EZVP",
        b"EZVP\x01\x01",
        pack(packet())[:-1],
        pack(packet()) + b"\0",
        pack(packet(), KEY)[:-1],
        pack(packet(), KEY)[:BODY],  # says it is signed, and is not
        pack(packet()) + bytes(TAG),  # signed, and does not say so
        b"EZVX" + pack(packet())[4:],
        b"EZVP\x01\xff" + pack(packet())[6:],
        bytes(BODY),
        b"\xff" * BODY,
    ],
    ids=range(12),
)
def test_anything_else_is_not_a_pose(payload: bytes) -> None:
    assert parse(payload) is None


def test_another_version_is_told_from_garbage() -> None:
    got = parse(b"EZVP\x02" + bytes(60))
    assert got is not None
    assert (got.version, got.pose) == (2, None)


@given(st.binary(max_size=200), st.booleans())
def test_fuzz_arbitrary_bytes(payload: bytes, ours: bool) -> None:
    _check(b"EZVP\x01" + payload if ours else payload)


def _check(payload: bytes) -> bool:
    is_signed_with(payload, KEY)
    got = parse(payload)
    if got is None or got.pose is None:
        return False
    assert got.pose.shape == (SIZE,)
    assert got.pose.dtype == np.float32
    assert (got.pose >= LOWEST).all(), "NaN or below the range"
    assert (got.pose <= HIGHEST).all(), "NaN or above the range"
    assert all(abs(value) <= 2.0 for value in got.position)
    return True


def test_fuzz_a_hundred_thousand_mutated_datagrams() -> None:
    chance, seeds, poses, began = random.Random(5), [pack(packet()), pack(packet(), KEY)], 0, time.perf_counter()
    for _ in range(100_000):
        payload = bytearray(chance.choice(seeds))
        kind = chance.random()
        if kind < 0.7:
            for _ in range(chance.choice((1, 2, 8))):
                payload[chance.randrange(len(payload))] = chance.randrange(256)
        elif kind < 0.8:
            del payload[chance.randrange(len(payload)) :]
        else:
            payload[18:BODY] = chance.randbytes(BODY - 18)
        poses += _check(bytes(payload))
    print(f"100000 datagrams in {time.perf_counter() - began:.1f} s, {poses} gave a pose")
    assert poses > 40_000


def test_order_and_duplicates() -> None:
    gate = Gate()
    verdicts = [gate.admit(packet(number), 0.0) for number in (1, 2, 2, 1, 5, 3, 4, 6)]
    assert verdicts == ["taken", "taken", "old", "old", "taken", "old", "old", "taken"]


def test_numbers_go_on_after_the_largest() -> None:
    gate = Gate()
    assert [gate.admit(packet(number), 0.0) for number in (2**32 - 1, 0, 1, 2**32 - 1)] == ["taken", "taken", "taken", "old"]


def test_the_second_sender_waits_until_the_first_is_silent() -> None:
    gate = Gate()
    assert gate.admit(packet(1, session=1), 0.0) == "taken"
    for number in range(1, 100):
        now = number / 60
        assert gate.admit(packet(number, session=2), now) == "other"
        assert gate.admit(packet(number + 1, session=1), now) == "taken"
    last = 99 / 60
    assert gate.admit(packet(100, session=2), last + TAKEOVER_SECONDS - 0.01) == "other"
    assert gate.admit(packet(101, session=2), last + TAKEOVER_SECONDS + 0.01) == "taken"
    assert gate.admit(packet(101, session=1), last + TAKEOVER_SECONDS + 0.02) == "other"
    assert gate.admit(packet(102, session=1), last + 2 * TAKEOVER_SECONDS + 0.02) == "taken"  # back when the second is silent


def test_a_recorded_session_does_nothing() -> None:
    gate = Gate()
    for number in range(1, 50):
        assert gate.admit(packet(number, session=1), number / 60) == "taken"
    assert gate.admit(packet(1, session=2), 10.0) == "taken"
    assert [gate.admit(packet(number, session=1), 60.0) for number in range(1, 50)] == ["old"] * 49


def test_memory_is_bounded() -> None:
    gate = Gate()
    for session in range(10_000):
        gate.admit(packet(1, session=session), session * 2.0)
    assert len(gate._numbers) <= 256
