"""Sound across processes: a ring of samples in shared memory, one writer (OBS's audio thread), one reader (the worker).

Standard library only, Python 3.8+: the writer runs inside OBS.

Layout, little endian, all offsets in bytes::

    0     magic "EZVS", u32 version, u32 capacity (frames of the ring), u32 planes
    64    u64 begun: frames written so far, with those that are being written
    128   u64 written: frames written so far
    192   u32 rate: frames per second of the newest block
    4096  plane 0: f32 × capacity, then plane 1; frame n of the sound is at n modulo capacity

Writing never waits and knows nothing of the reader. A reader copies first and then looks at `begun`: samples that the writer
had begun to overwrite by then are not used. Made, named and removed like a `FrameBuffer`, by OBS's side.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import threading
import uuid
from typing import NamedTuple, Optional, Sequence, Tuple

from ezvtb_core.link.framebuffer import SOUND_PREFIX, map_shared, remove
from ezvtb_core.link.messages import NoticeError

MAGIC = b"EZVS"
VERSION = 1
PLANES = 2
HEADER = 4096
CAPACITY = 2 * 48000
"""Two seconds at OBS's usual rate: a worker that is busy for a second still loses nothing."""
LARGEST = 1 << 24
SAMPLE = 4
_BEGUN = 64
_WRITTEN = 128
_RATE = 192
_HEAD = struct.Struct("<4sIII")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class AudioRingError(NoticeError):
    """The memory is not a ring of sound of this version, or it is closed."""


class Sound(NamedTuple):
    """What `AudioRing.read` found."""

    position: int
    """Frame after the last one of `planes`: the `since` of the next read."""
    rate: int
    """Frames per second; 0 before the first block."""
    planes: Tuple[bytes, ...]
    """float32 samples of each of the two channels, equally long, empty when there is nothing new."""
    lost: int
    """Frames that are missing before these because the reader came too late; 0 as a rule."""


class AudioRing:
    """One mapping, opened by its creator (`create`) or by name (`attach`). One thread writes, one reads."""

    def __init__(self, name: str, memory: mmap.mmap, capacity: int, owner: bool) -> None:
        self.name = name
        self.capacity = capacity
        """Frames that fit."""
        self._memory: Optional[mmap.mmap] = memory
        self._owner = owner
        self._order = threading.Lock()

    @classmethod
    def create(cls, capacity: int = CAPACITY) -> AudioRing:
        """Make a new, empty ring of `capacity` frames. Raises OSError when there is no memory for it."""
        if not 1 <= capacity <= LARGEST:
            raise AudioRingError("sound_ring_capacity", got=capacity)
        name = "%s%d-%s" % (SOUND_PREFIX, os.getpid(), uuid.uuid4().hex)
        memory = map_shared(name, _size(capacity), create=True)
        _HEAD.pack_into(memory, 0, MAGIC, VERSION, capacity, PLANES)
        return cls(name, memory, capacity, owner=True)

    @classmethod
    def attach(cls, name: str, capacity: int) -> AudioRing:
        """Open an existing ring. Raises AudioRingError when name, format or capacity are not as announced."""
        if not name.startswith(SOUND_PREFIX) or os.sep in name or "/" in name:
            raise AudioRingError("sound_ring_name", got=name[:80])
        if not 1 <= capacity <= LARGEST:
            raise AudioRingError("sound_ring_capacity", got=capacity)
        try:
            memory = map_shared(name, _size(capacity), create=False)
        except (OSError, ValueError) as error:
            raise AudioRingError("sound_ring_gone", name=name, detail=str(error)) from error
        found = _HEAD.unpack_from(memory, 0)
        if found != (MAGIC, VERSION, capacity, PLANES):
            memory.close()
            raise AudioRingError("sound_ring_format", expected=str((MAGIC, VERSION, capacity, PLANES)), got=str(found))
        return cls(name, memory, capacity, owner=False)

    def write(self, planes: Sequence[int], frames: int, rate: int) -> None:
        """Add a block: addresses of `frames` float32 samples for each channel, at `rate` frames per second.

        No address means silence, one is heard on both channels, those after the second are not used. A block of more frames
        than the ring has is dropped. After `close` nothing happens: OBS's thread may be one block late.

        It runs on OBS's audio thread: one slice is copied per channel (two at the end of the ring) with the GIL held, as
        giving it up would mean to wait for it again.
        """
        memory = self._memory
        if memory is None or not 0 < frames <= self.capacity:
            return
        written = _U64.unpack_from(memory, _WRITTEN)[0]
        _U64.pack_into(memory, _BEGUN, written + frames)
        self._fence()
        place = written % self.capacity
        first = min(frames, self.capacity - place)
        for channel in range(PLANES):
            address = planes[min(channel, len(planes) - 1)] if planes else 0
            plane = HEADER + channel * self.capacity * SAMPLE
            _copy(memory, plane + place * SAMPLE, address, first * SAMPLE)
            if first < frames:
                _copy(memory, plane, address and address + first * SAMPLE, (frames - first) * SAMPLE)
        _U32.pack_into(memory, _RATE, rate)
        self._fence()
        _U64.pack_into(memory, _WRITTEN, written + frames)

    def written(self) -> int:
        """Frames written so far. Cheap: ask this before `read`."""
        return int(_U64.unpack_from(self._open(), _WRITTEN)[0])

    def read(self, since: int) -> Sound:
        """Everything from frame `since` on. A reader that came too late goes on at the newest frame, with `lost` set."""
        memory = self._open()
        written = self.written()
        rate = int(_U32.unpack_from(memory, _RATE)[0])
        frames = written - since
        if frames == 0:
            return Sound(written, rate, (b"",) * PLANES, 0)
        if not 0 < frames <= self.capacity:
            return Sound(written, rate, (b"",) * PLANES, abs(frames))
        self._fence()
        place = since % self.capacity
        first = min(frames, self.capacity - place)
        planes = []
        for channel in range(PLANES):
            plane = HEADER + channel * self.capacity * SAMPLE
            start = plane + place * SAMPLE
            planes.append(memory[start : start + first * SAMPLE] + memory[plane : plane + (frames - first) * SAMPLE])
        self._fence()
        if _U64.unpack_from(memory, _BEGUN)[0] - since > self.capacity:
            return Sound(written, rate, (b"",) * PLANES, frames)
        return Sound(written, rate, tuple(planes), 0)

    def retire(self) -> None:
        """Remove the name at once; a reader that has it open keeps it."""
        if self._owner:
            remove(self.name)

    def close(self) -> None:
        """Give up the mapping; the creator also removes the name. May be called again, and while `write` runs.

        The memory goes with the last reference, so a `write` that runs at this moment still has it.
        """
        self._memory = None
        self.retire()

    def _open(self) -> mmap.mmap:
        if self._memory is None:
            raise AudioRingError("sound_ring_closed", name=self.name)
        return self._memory

    def _fence(self) -> None:
        """As `framebuffer.fence`, with a lock that no other thread of this process ever holds."""
        with self._order:
            pass
        with self._order:
            pass


def _size(capacity: int) -> int:
    return HEADER + PLANES * capacity * SAMPLE


def _copy(memory: mmap.mmap, start: int, address: int, size: int) -> None:
    memory[start : start + size] = (ctypes.c_char * size).from_address(address) if address else bytes(size)
