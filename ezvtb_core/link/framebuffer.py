"""Frames across processes: three slots in shared memory, one writer, one reader, the newest frame wins.

Standard library only, Python 3.8+: the reader runs inside OBS.

Layout, little endian, all offsets in bytes::

    0     magic "EZVF", u32 version, u32 capacity (bytes per slot), u32 slots
    64    u64 newest: sequence number of the newest complete frame, 0 before the first
    128   u32 reading: slot number + 1 that the reader is using, 0 for none
    192   per slot, 64 apart: u64 sequence (0 while it is written), u32 width, u32 height, u32 stride
    448   i16 × 4: where the picture is to be drawn (see `place`)
    4096  slot 0 pixels, then slot 1, slot 2, each at a multiple of 4096: premultiplied BGRA8, rows `stride` apart

Why a frame is never torn: the writer picks a slot that is neither the newest nor the one being read, and zeroes its
sequence before it writes pixels. The reader announces the slot, then looks at its sequence again; should it have
changed, or should it have changed once the pixels were used, the read is repeated. Publishing never waits.

The reading side (OBS) creates and removes a buffer, so that the last good frame outlives the worker. It is a named
mapping on Windows and an ordinary file in memory-backed storage elsewhere; not `multiprocessing.shared_memory`, whose
resource tracker would start a process of its own inside OBS and remove buffers that are still in use.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import struct
import sys
import tempfile
import threading
import uuid
from dataclasses import dataclass
from typing import Callable, List, Optional, Tuple

from ezvtb_core.link.messages import NoticeError

MAGIC = b"EZVF"
VERSION = 2
SLOTS = 3
HEADER = 4096
_NEWEST = 64
_READING = 128
_SLOT = 192
_SLOT_STEP = 64
_PLACE = 448
_PLACE_STEPS = (8192.0, 8192.0, 256.0, 8192.0)
"""Steps per side, side, degree and unit of scale: finer than a pixel of a 4K picture half that large."""
_PREFIX = "ezvtuber-frames-"
SOUND_PREFIX = "ezvtuber-sound-"
_PREFIXES = (_PREFIX, SOUND_PREFIX)
_MEMORY_BACKED = "/dev/shm"  # noqa: S108 - names in it are unguessable and opened exclusively
_FENCE = threading.Lock()
_HEAD = struct.Struct("<4sIII")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_SIZE = struct.Struct("<III")
_FOUR = struct.Struct("<hhhh")

Placement = Tuple[float, float, float, float]
"""Shift right and down in parts of the picture's side, lean in degrees clockwise and scale, both about the middle of its lower
edge; (0, 0, 0, 1) is the picture as it is."""
UNMOVED: Placement = (0.0, 0.0, 0.0, 1.0)


class FrameBufferError(NoticeError):
    """The memory is not a frame buffer of this version, or a frame does not fit."""


@dataclass(frozen=True)
class Frame:
    """A frame in the buffer; `address` is valid until the next read and while the buffer is open."""

    sequence: int
    width: int
    height: int
    stride: int
    slot: int
    address: int


def _fence() -> None:
    """Keep the memory accesses before and after in order, as other processors see them (matters on ARM).

    Taking and giving a lock is an acquire and a release; only two in a row order everything on both sides.
    """
    with _FENCE:
        pass
    with _FENCE:
        pass


def _directory() -> str:
    return _MEMORY_BACKED if os.access(_MEMORY_BACKED, os.W_OK) else tempfile.gettempdir()


def _round_up(size: int) -> int:
    return (size + 4095) // 4096 * 4096


class FrameBuffer:
    """One mapping, opened by its creator (`create`) or by name (`attach`). Not thread-safe: one thread reads, one writes."""

    def __init__(self, name: str, memory: mmap.mmap, capacity: int, owner: bool) -> None:
        self.name = name
        self.capacity = capacity
        """Largest frame in bytes (stride × height)."""
        self._memory: Optional[mmap.mmap] = memory
        self._owner = owner
        self._slot_size = _round_up(capacity)
        anchor = ctypes.c_char.from_buffer(memory)
        self._address = ctypes.addressof(anchor)
        del anchor

    @classmethod
    def create(cls, capacity: int) -> FrameBuffer:
        """Make a new, empty buffer for frames of at most `capacity` bytes. Raises OSError when there is no memory for it."""
        if not 4 <= capacity <= 1 << 30:
            raise FrameBufferError("framebuffer_capacity", got=capacity)
        name = "%s%d-%s" % (_PREFIX, os.getpid(), uuid.uuid4().hex)
        memory = map_shared(name, HEADER + SLOTS * _round_up(capacity), create=True)
        buffer = cls(name, memory, capacity, owner=True)
        _U32.pack_into(memory, _READING, 0)
        _HEAD.pack_into(memory, 0, MAGIC, VERSION, capacity, SLOTS)
        return buffer

    @classmethod
    def attach(cls, name: str, capacity: int) -> FrameBuffer:
        """Open an existing buffer. Raises FrameBufferError when name, format or capacity are not as announced."""
        if not name.startswith(_PREFIX) or os.sep in name or "/" in name:
            raise FrameBufferError("framebuffer_name", got=name[:80])
        try:
            memory = map_shared(name, HEADER + SLOTS * _round_up(capacity), create=False)
        except (OSError, ValueError) as error:
            raise FrameBufferError("framebuffer_gone", name=name, detail=str(error)) from error
        found = _HEAD.unpack_from(memory, 0)
        if found != (MAGIC, VERSION, capacity, SLOTS):
            memory.close()
            raise FrameBufferError("framebuffer_format", expected=str((MAGIC, VERSION, capacity, SLOTS)), got=str(found))
        return cls(name, memory, capacity, owner=False)

    def publish(self, pixels: memoryview, width: int, height: int) -> int:
        """Copy a frame in and make it the newest; returns its sequence number. Never waits.

        `pixels`: contiguous premultiplied BGRA8, `width` × `height` × 4 bytes. Raises FrameBufferError when they do not fit.
        """
        memory = self._open()
        size = width * height * 4
        if width < 1 or height < 1 or size > self.capacity or pixels.nbytes != size:
            raise FrameBufferError(
                "framebuffer_frame", width=width, height=height, got=pixels.nbytes, expected=size, capacity=self.capacity
            )
        newest: int = _U64.unpack_from(memory, _NEWEST)[0]
        reading: int = _U32.unpack_from(memory, _READING)[0]
        taken = (newest % SLOTS if newest else -1, reading - 1)
        sequence = newest + 1
        while sequence % SLOTS in taken:
            sequence += 1
        slot = sequence % SLOTS
        header = _SLOT + slot * _SLOT_STEP
        _U64.pack_into(memory, header, 0)
        _fence()
        if _U32.unpack_from(memory, _READING)[0] == slot + 1:
            # The reader chose this slot between our two looks: it will notice the zeroed sequence and read again.
            taken = (taken[0], slot)
            while sequence % SLOTS in taken:
                sequence += 1
            slot = sequence % SLOTS
            header = _SLOT + slot * _SLOT_STEP
            _U64.pack_into(memory, header, 0)
            _fence()
        start = HEADER + slot * self._slot_size
        memory[start : start + size] = pixels.cast("B") if pixels.format != "B" or pixels.ndim != 1 else pixels
        _SIZE.pack_into(memory, header + 8, width, height, width * 4)
        _fence()
        _U64.pack_into(memory, header, sequence)
        _U64.pack_into(memory, _NEWEST, sequence)
        return sequence

    def place(self, placement: Placement) -> None:
        """Say where the picture is to be drawn from now on, a new frame or not. Limited to ±4 sides, ±128°, scale -3..5.

        All four go in one store of eight bytes, so that a reader never sees two of one and two of another.
        """
        values = zip((placement[0], placement[1], placement[2], placement[3] - 1.0), _PLACE_STEPS)
        steps = (max(-32768, min(32767, round(value * scale))) for value, scale in values)
        _U64.pack_into(self._open(), _PLACE, int.from_bytes(_FOUR.pack(*steps), "little"))

    def placement(self) -> Placement:
        """Where the picture is to be drawn. Cheap: asked for every drawing."""
        packed: int = _U64.unpack_from(self._open(), _PLACE)[0]
        if not packed:
            return UNMOVED
        right, down, lean, scale = _FOUR.unpack(packed.to_bytes(8, "little"))
        return (right / _PLACE_STEPS[0], down / _PLACE_STEPS[1], lean / _PLACE_STEPS[2], 1.0 + scale / _PLACE_STEPS[3])

    def newest(self) -> int:
        """Sequence number of the newest frame, 0 before the first. Cheap: ask this before `read`."""
        return int(_U64.unpack_from(self._open(), _NEWEST)[0])

    def read(self, use: Callable[[Frame], None], attempts: int = 4) -> Optional[Frame]:
        """Hand the newest frame to `use` in place, without a copy, and return it; None when there is none yet.

        `use` runs again when the writer lapped it, so it must be repeatable (a texture upload is). After `attempts`
        laps None is returned: the picture shown so far stays.
        """
        memory = self._open()
        try:
            for _ in range(attempts):
                sequence = int(_U64.unpack_from(memory, _NEWEST)[0])
                if not sequence:
                    return None
                slot = sequence % SLOTS
                header = _SLOT + slot * _SLOT_STEP
                _U32.pack_into(memory, _READING, slot + 1)
                _fence()
                if _U64.unpack_from(memory, header)[0] != sequence:
                    continue
                width, height, stride = _SIZE.unpack_from(memory, header + 8)
                if not self._plausible(width, height, stride):
                    continue
                frame = Frame(sequence, width, height, stride, slot, self._address + HEADER + slot * self._slot_size)
                use(frame)
                _fence()
                if _U64.unpack_from(memory, header)[0] == sequence:
                    return frame
            return None
        finally:
            _U32.pack_into(memory, _READING, 0)

    def copy(self, frame: Frame) -> bytes:
        """The pixels of a frame, for use inside `read`."""
        start = HEADER + frame.slot * self._slot_size
        return self._open()[start : start + frame.stride * frame.height]

    def retire(self) -> None:
        """Remove the name at once; the memory goes with the last reference to this object.

        For a reader whose last `read` may still run on another thread: nothing is taken from under it.
        """
        if self._owner:
            remove(self.name)

    def close(self) -> None:
        """Release the mapping; the creator also removes the name. May be called again."""
        memory, self._memory = self._memory, None
        if memory is None:
            return
        memory.close()
        self.retire()

    def _open(self) -> mmap.mmap:
        if self._memory is None:
            raise FrameBufferError("framebuffer_closed", name=self.name)
        return self._memory

    def _plausible(self, width: int, height: int, stride: int) -> bool:
        return width > 0 and height > 0 and stride >= width * 4 and stride * height <= self.capacity


def map_shared(name: str, size: int, create: bool) -> mmap.mmap:
    """Memory of `size` bytes that other processes open by `name`. Raises OSError, or ValueError where the size is another."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size, tagname="Local\\" + name)
    path = os.path.join(_directory(), name)
    flags = os.O_RDWR | (os.O_CREAT | os.O_EXCL if create else 0)
    handle = os.open(path, flags, 0o600)
    try:
        if create:
            _reserve(handle, size)
        elif os.fstat(handle).st_size != size:
            raise ValueError("size is %d, expected %d" % (os.fstat(handle).st_size, size))
        return mmap.mmap(handle, size)
    finally:
        os.close(handle)


def _reserve(handle: int, size: int) -> None:
    """Give the file its size with memory behind it: a full /dev/shm is an OSError now, not a bus error while drawing."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
    else:
        os.ftruncate(handle, size)


def remove(name: str) -> None:
    """Remove a buffer's name; mappings that are open stay valid. Nothing happens when it is gone already."""
    if sys.platform != "win32" and name.startswith(_PREFIXES):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(_directory(), os.path.basename(name)))


def leftovers() -> List[Tuple[str, int]]:
    """Buffers on this machine as (name, creator's process id). Empty on Windows, where they vanish with their users."""
    if sys.platform == "win32":
        return []
    found = []
    for name in os.listdir(_directory()):
        parts = name.split("-")
        if name.startswith(_PREFIXES) and len(parts) == 4 and parts[2].isdigit():
            found.append((name, int(parts[2])))
    return found


def remove_leftovers() -> None:
    """Remove the buffers of processes that are gone (an OBS that was killed could not do it)."""
    for name, process in leftovers():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            remove(name)
        except OSError:
            continue
