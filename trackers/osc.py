"""Datagrams of Open Sound Control → messages, decoded by python-osc. No clock, no network.

Bundles are taken apart here: the library gives up a whole bundle for one bad message, sorts by time tags that senders get wrong,
and would decode the messages that nobody asked for, too.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from pythonosc.osc_message import OscMessage, ParseError

Message = tuple[bytes, list[Any]]
"""Address and arguments."""

_BUNDLE = b"#bundle\0"
_SLASH = ord("/")
_HEADER = 16
"""Bytes of a bundle before its first element: name and time tag."""
_DEEPEST = 8
_MOST_MESSAGES = 2048
_MOST_HEADS, _LONGEST_HEAD = 512, 256
"""Beginnings of messages that are remembered, and their bytes."""
_ADDRESS = re.compile(rb"(/[^\0]{0,255})\0")
_KNOWN_TYPES = re.compile(rb",[sifhdTFN]{0,64}\0")
"""The library writes a line into the log for every other type."""
_NAMED_FLOATS = re.compile(rb",sf{1,16}\0")
_FLOATS = {3 + count: struct.Struct(f">{count}f") for count in range(1, 17)}
"""By the length of what `_NAMED_FLOATS` finds."""
_LEAST_SIZE = {ord(kind): size for kind, size in zip("sifhdTFN", (4, 4, 4, 8, 8, 0, 0, 0), strict=True)}
"""Bytes of an argument."""


class Decoder:
    """Decodes what one sender sends. For one thread."""

    def __init__(self, wanted: Callable[[bytes, bytes], bool]) -> None:
        """`wanted` is asked with the address and the whole message before one is decoded for the first time."""
        self._wanted = wanted
        self._heads: dict[bytes, tuple[bytes, str]] = {}

    def messages(self, payload: bytes) -> list[Message]:
        """The messages of a datagram that are wanted and whole, in order. Never raises.

        What is cut off or malformed is left out.
        """
        found: list[Message] = []
        for element in islice(_elements(payload, 0), _MOST_MESSAGES):
            # Of most messages only the number at the end changes from one frame to the next.
            head = self._heads.get(element[:-4])
            if head is not None:
                found.append((head[0], [head[1], *_FLOATS[4].unpack_from(element, len(element) - 4)]))
                continue
            address = _ADDRESS.match(element)
            if address is not None and self._wanted(address[1], element):
                start = -(-address.end() // 4) * 4
                arguments = _arguments(element, start)
                if arguments is not None:
                    found.append((address[1], arguments))
                    if len(self._heads) < _MOST_HEADS and len(element) < _LONGEST_HEAD and _is_named_float(element, start):
                        self._heads[element[:-4]] = (address[1], arguments[0])
        return found


def _elements(payload: bytes, depth: int) -> Iterator[bytes]:
    """The messages in a message or bundle."""
    if payload.startswith(b"/"):
        yield payload
    elif payload.startswith(_BUNDLE) and depth < _DEEPEST:
        start = _HEADER
        while start + 4 <= len(payload):
            end = start + 4 + int.from_bytes(payload[start : start + 4], "big")
            element = payload[start + 4 : end]
            if not element or end > len(payload):
                return
            if element[0] == _SLASH:
                yield element
            else:
                yield from _elements(element, depth + 1)
            start = end


def _arguments(element: bytes, start: int) -> list[Any] | None:
    """The arguments, whose types are told from `start` on; None when something is missing or of another type."""
    if len(element) % 4:
        return None
    try:
        quick = _NAMED_FLOATS.match(element, start)
        if quick is not None:
            return _named_floats(element, -(-quick.end() // 4) * 4, _FLOATS[len(quick[0])])
        types = _KNOWN_TYPES.match(element, start)
        # The library fills numbers that are cut off with zeros.
        if types is None or len(element) < types.end() + sum(map(_LEAST_SIZE.__getitem__, types[0][1:-1])):
            return None
        return OscMessage(element).params
    except (ParseError, ValueError, IndexError, TypeError, struct.error):
        return None


def _is_named_float(element: bytes, start: int) -> bool:
    """Whether a whole message, whose types are told from `start` on, is a string and one float and ends with it."""
    if not element.startswith(b",sf\0", start):
        return False
    end = element.index(0, start + 4)
    return end + 4 - end % 4 == len(element) - 4


def _named_floats(element: bytes, start: int, floats: struct.Struct) -> list[Any]:
    """The arguments of a message of a string and floats: what VMC sends 60 of for every face.

    The library takes 8 µs for one, this 1 µs. Raises ValueError or struct.error when something is missing.
    """
    end = element.index(0, start)
    return [element[start:end].decode(), *floats.unpack_from(element, end + 4 - end % 4)]
