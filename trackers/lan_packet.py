"""Poses as datagrams between two computers: the bytes, the key, and which datagrams of whom are taken.

A datagram is 114 bytes, 130 with a key; little endian: magic `EZVP`, version, flags (1: a face is seen, 2: signed), session
(random, new at every start of a sender), number within the session (from 1, wraps), the sender's clock in ms (wraps), 45 values
of the pose as int16 / 32767, head position as 3 int16 / 16384. A signature is the first 16 bytes of HMAC-SHA256 over all before
it; see `lan_key` for its key.
"""

from __future__ import annotations

import hmac
import struct
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from ezvtb_core.pose import HIGHEST, LOWEST, SIZE, FloatArray

MAGIC = b"EZVP"
VERSION = 1
PRESENT, SIGNED = 1, 2
BODY = 114
TAG = 16
"""RFC 2104 §5 allows half of the hash."""
POSE_SCALE = 32767
POSITION_SCALE = 16384
"""Positions reach ±2."""
TAKEOVER_SECONDS = 1.0
"""Another sender is followed when the one that is followed has been silent for this long."""
SESSIONS = 256
"""Senders whose last number is remembered."""
_HEAD = struct.Struct("<4sBBIII")
_WRAP = 1 << 32


@dataclass(frozen=True)
class Packet:
    """One datagram, unpacked."""

    version: int
    """Where it is not `VERSION`, the rest is not known."""
    present: bool = False
    """False: the sender is there, its tracker sees nobody."""
    signed: bool = False
    session: int = 0
    number: int = 0
    milliseconds: int = 0
    pose: FloatArray | None = None
    """float32 (45,), inside the ranges."""
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)


def pack(packet: Packet, key: bytes | None = None) -> bytes:
    """The datagram of `packet`, signed when there is a key. The pose is limited to its ranges by the scale only."""
    assert packet.pose is not None
    flags = (PRESENT if packet.present else 0) | (SIGNED if key is not None else 0)
    head = _HEAD.pack(MAGIC, VERSION, flags, packet.session, packet.number % _WRAP, packet.milliseconds % _WRAP)
    pose = np.rint(np.clip(packet.pose, -1.0, 1.0) * POSE_SCALE).astype("<i2")
    position = np.rint(np.clip(packet.position, -1.99, 1.99) * np.float64(POSITION_SCALE)).astype("<i2")
    body: bytes = head + pose.tobytes() + position.tobytes()
    return body if key is None else body + _sign(body, key)


def parse(payload: bytes) -> Packet | None:
    """Unpack a datagram; None when it is not of this protocol. Says nothing about its signature: see `is_signed_with`."""
    if len(payload) < _HEAD.size or payload[:4] != MAGIC:
        return None
    _, version, flags, session, number, milliseconds = _HEAD.unpack_from(payload)
    if version != VERSION:
        return Packet(version)
    signed = bool(flags & SIGNED)
    if len(payload) != BODY + (TAG if signed else 0) or flags & ~(PRESENT | SIGNED):
        return None
    numbers = np.frombuffer(payload, "<i2", SIZE + 3, _HEAD.size)
    pose = np.clip(numbers[:SIZE].astype(np.float32) / np.float32(POSE_SCALE), LOWEST, HIGHEST)
    x, y, z = (numbers[SIZE:] / POSITION_SCALE).tolist()
    return Packet(version, bool(flags & PRESENT), signed, session, number, milliseconds, pose, (x, y, z))


def is_signed_with(payload: bytes, key: bytes) -> bool:
    """Whether the last 16 bytes of `payload` are the signature of the rest; takes the same time for every wrong one."""
    return len(payload) == BODY + TAG and hmac.compare_digest(payload[BODY:], _sign(payload[:BODY], key))


def _sign(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:TAG]


class Gate:
    """Chooses whose datagrams are taken: one sender at a time, in order, none twice.

    A session that was heard before is never heard again with a number that is not newer, so that datagrams which somebody
    recorded do nothing while this gate remembers their session.
    """

    def __init__(self) -> None:
        self._session: int | None = None
        self._taken_at = float("-inf")
        self._numbers: OrderedDict[int, int] = OrderedDict()

    def admit(self, packet: Packet, now: float) -> str:
        """`taken`, `old` (late, twice, replayed) or `other` (not the sender that is followed). `now` in seconds."""
        last = self._numbers.get(packet.session)
        if last is not None and not 0 < (packet.number - last) % _WRAP < _WRAP // 2:
            return "old"
        self._numbers[packet.session] = packet.number
        self._numbers.move_to_end(packet.session)
        if len(self._numbers) > SESSIONS:
            self._numbers.popitem(last=False)
        if packet.session != self._session and now - self._taken_at < TAKEOVER_SECONDS:
            return "other"
        self._session, self._taken_at = packet.session, now
        return "taken"
