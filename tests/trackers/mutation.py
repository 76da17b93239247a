"""Damage to packets, as networks, bugs and ill will do it."""

from __future__ import annotations

import re
import struct

import numpy as np

_SPICE = (b"nan", b"inf", b"-", b"1e999", b"\0", b"|", b"[", b"{", b",", b"\xff\xff\xff\xff", b"#bundle\0", b"\xe4\xb8")
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_EXTREMES = (
    b"NaN",
    b"Infinity",
    b"-1e308",
    b"1e308",
    b"1e-320",
    b"null",
    b"true",
    b'""',
    b"[]",
    b"-0",
    b"9" * 400,
    b"360",
    b"-100000",
)
_FLOATS = (float("nan"), float("inf"), -float("inf"), 3e38, -3e38, 1e-42, -1.0, 1e6, 720.0)


def mutate(packet: bytes, random: np.random.Generator) -> bytes:
    """A copy with one to four changes: bytes replaced, cut out, doubled, put in, numbers made extreme, or the end cut off."""
    damaged = bytearray(packet)
    for _ in range(int(random.integers(1, 5))):
        if not damaged:
            break
        _change(damaged, random)
    return bytes(damaged)


def _change(damaged: bytearray, random: np.random.Generator) -> None:
    place, length, kind = int(random.integers(len(damaged))), int(random.integers(1, 17)), int(random.integers(12))
    if kind == 0:
        damaged[place] = int(random.integers(256))
    elif kind == 1:
        damaged[place] ^= 1 << int(random.integers(8))
    elif kind == 2:
        del damaged[place : place + length]
    elif kind == 3:
        damaged[place:place] = damaged[place : place + length]
    elif kind == 4:
        damaged[place : place + length] = _SPICE[int(random.integers(len(_SPICE)))]
    elif kind == 5:
        del damaged[place:]
    elif kind < 9:  # a number as text, as in the phones' protocols
        found = _NUMBER.search(damaged, place)
        if found:
            damaged[found.start() : found.end()] = _EXTREMES[int(random.integers(len(_EXTREMES)))]
    elif place + 4 <= len(damaged):  # a number as four bytes, as in OpenSeeFace's and OSC, whose order differs
        number = _FLOATS[int(random.integers(len(_FLOATS)))]
        damaged[place : place + 4] = struct.pack("<>"[kind % 2] + "f", number)
