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
_MOST_LAYOUTS, _LONGEST_LAYOUT, _MOST_TIMES = 16, 8192, 8
"""Layouts of datagrams that are remembered, the bytes of the longest, and how often one of a length is learned anew."""
_TYPES = re.compile(rb",[\x21-\x7e]{0,64}\0")
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


class _Layout:
    """A bundle as a sender repeats it for every frame: all but some numbers stays as it is, byte by byte."""

    def __init__(self, payload: bytes, parts: list[tuple[int, int, Message | None]]) -> None:
        """`parts`: of each message in `payload` where its numbers begin, their bytes, and what it says; None: not wanted."""
        fixed = bytearray(b"\xff" * len(payload))
        pattern, place, count = ">", 0, 0
        self._parts: list[tuple[bytes, list[Any], slice]] = []
        for start, size, message in parts:
            fixed[start : start + size] = bytes(size)
            if message is None:
                continue
            pattern += f"{start - place}x{size // 4}f"
            place = start + size
            same = message[1][: len(message[1]) - size // 4]
            self._parts.append((message[0], same, slice(count, count + size // 4)))
            count += size // 4
        self._floats = struct.Struct(f"{pattern}{len(payload) - place}x")
        self._mask = int.from_bytes(fixed, "little")
        self._fixed = int.from_bytes(payload, "little") & self._mask

    def messages(self, payload: bytes) -> list[Message] | None:
        """The messages of a datagram of the same length; None where more differs than the numbers."""
        if int.from_bytes(payload, "little") & self._mask != self._fixed:
            return None
        floats = self._floats.unpack(payload)
        return [(address, [*same, *floats[place]]) for address, same, place in self._parts]


class Decoder:
    """Decodes what one sender sends. For one thread."""

    def __init__(self, wanted: Callable[[bytes, bytes], bool]) -> None:
        """`wanted` is asked with the address and the whole message before one is decoded for the first time."""
        self._wanted = wanted
        self._heads: dict[bytes, tuple[bytes, str]] = {}
        self._layouts: dict[int, _Layout] = {}
        """By the length of the datagram: the newest of that length."""
        self._learned: dict[int, int] = {}
        """Length → how often a layout of it was learned, or would have been."""

    def messages(self, payload: bytes) -> list[Message]:
        """The messages of a datagram that are wanted and whole, in order. Never raises.

        What is cut off or malformed is left out.
        """
        layout = self._layouts.get(len(payload))
        known = None if layout is None else layout.messages(payload)
        if known is not None:
            return known
        self._learn(payload)
        return [message for element in islice(_elements(payload, 0), _MOST_MESSAGES) if (message := self._message(element))]

    def _message(self, element: bytes) -> Message | None:
        """What one message says; None when it is not wanted or malformed."""
        # Of most messages only the number at the end changes from one frame to the next.
        head = self._heads.get(element[:-4])
        if head is not None:
            return head[0], [head[1], *_FLOATS[4].unpack_from(element, len(element) - 4)]
        address = _ADDRESS.match(element)
        if address is None or not self._wanted(address[1], element):
            return None
        start = -(-address.end() // 4) * 4
        arguments = _arguments(element, start)
        if arguments is None:
            return None
        if len(self._heads) < _MOST_HEADS and len(element) < _LONGEST_HEAD and _is_named_float(element, start):
            self._heads[element[:-4]] = (address[1], arguments[0])
        return address[1], arguments

    def _learn(self, payload: bytes) -> None:
        """Remember the layout of a flat bundle, from the second of its length on, as long as that seems worth it."""
        length = len(payload)
        times = self._learned.get(length, -1) + 1
        if not payload.startswith(_BUNDLE) or length > _LONGEST_LAYOUT or times > _MOST_TIMES:
            return
        if len(self._learned) >= _MOST_LAYOUTS and length not in self._learned:
            return
        self._learned[length] = times
        parts = self._parts(payload) if times else None
        if parts is not None and any(message is not None for _, _, message in parts):
            self._layouts[length] = _Layout(payload, parts)

    def _parts(self, payload: bytes) -> list[tuple[int, int, Message | None]] | None:
        """See `_Layout`; None for a bundle with anything in it but whole messages."""
        parts, start = [], _HEADER
        while start + 4 <= len(payload):
            element = payload[start + 4 : start + 4 + int.from_bytes(payload[start : start + 4], "big")]
            start += 4 + len(element)
            message = self._message(element) if element[:1] == b"/" else None
            size = _changing(element, message)
            if size is None:
                return None
            parts.append((start - size, size, message))
        return parts if start == len(payload) else None


def _changing(element: bytes, message: Message | None) -> int | None:
    """The bytes at the end of a message that may change without a second look; None where that cannot be said.

    Of a named float or several these are the floats, of anything else that nobody wants all arguments, of the rest nothing.
    """
    address = _ADDRESS.match(element)
    if address is None or len(element) % 4:
        return None
    start = -(-address.end() // 4) * 4
    named = _NAMED_FLOATS.match(element, start)
    if named is not None:
        size = 4 * (len(named[0]) - 3)
        end = element.find(0, -(-named.end() // 4) * 4)
        return size if end >= 0 and end + 4 - end % 4 + size == len(element) else None
    types = _TYPES.match(element, start) if message is None else None
    if types is None:
        return None if message is None else 0
    return max(len(element) - -(-types.end() // 4) * 4, 0)


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
