"""The shared-memory frame buffer, the torn-frame stress with a writer in another process included."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ezvtb_core.link import framebuffer
from ezvtb_core.link.framebuffer import HEADER, SLOTS, Frame, FrameBuffer, FrameBufferError

ROOT = Path(__file__).resolve().parents[3]


class NamedMappings:
    """Stands in for `mmap` on Windows: `mmap(-1, size, tagname=…)` gives every opener of a name the same memory.

    As documented there: a name that nobody holds is made anew, zeroed; one that is smaller than asked for is an error.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mmap(self, handle: int, size: int, tagname: str) -> mmap.mmap:
        assert handle == -1
        assert tagname.startswith("Local\\")
        file = self._folder / tagname.split("\\")[1]
        if not file.exists():
            file.write_bytes(bytes(size))
        if file.stat().st_size < size:
            raise OSError(5, "Access is denied")
        with file.open("r+b") as opened:
            return mmap.mmap(opened.fileno(), size)


@pytest.fixture(params=["this system", "stand-in for Windows"])
def pair(request, monkeypatch, tmp_path):
    if request.param != "this system":
        monkeypatch.setattr(framebuffer, "sys", SimpleNamespace(platform="win32"))
        monkeypatch.setattr(framebuffer, "mmap", NamedMappings(tmp_path))
    reader = FrameBuffer.create(64 * 64 * 4)
    writer = FrameBuffer.attach(reader.name, reader.capacity)
    yield reader, writer
    writer.close()
    reader.close()


def solid(value: int, width: int = 64, height: int = 64) -> memoryview:
    return memoryview(bytes([value]) * (width * height * 4))


def take(buffer: FrameBuffer) -> tuple[Frame | None, bytes]:
    """Read the newest frame and a copy of its pixels."""
    copies: list[bytes] = []
    frame = buffer.read(lambda found: copies.append(buffer.copy(found)))
    return frame, copies[-1] if copies else b""


def test_an_empty_buffer_gives_no_frame(pair):
    reader, _ = pair
    assert reader.newest() == 0
    assert reader.read(lambda frame: pytest.fail("there is no frame")) is None


def test_the_newest_frame_wins(pair):
    reader, writer = pair
    for value in (1, 2, 3, 4, 5):
        writer.publish(solid(value), 64, 64)
    frame, pixels = take(reader)
    assert frame is not None
    assert frame.sequence == reader.newest()
    assert pixels == bytes(solid(5))


def test_frames_may_change_size_within_the_capacity(pair):
    reader, writer = pair
    writer.publish(solid(7, 10, 20), 10, 20)
    frame, pixels = take(reader)
    assert frame is not None
    assert (frame.width, frame.height, frame.stride) == (10, 20, 40)
    assert pixels == bytes(solid(7, 10, 20))


def test_pixels_at_the_address_are_the_frame(pair):
    import ctypes

    reader, writer = pair
    writer.publish(solid(9), 64, 64)
    seen: list[bytes] = []
    reader.read(lambda frame: seen.append(ctypes.string_at(frame.address, frame.stride * frame.height)))
    assert seen == [bytes(solid(9))]


@pytest.mark.parametrize(("pixels", "width", "height"), [(solid(0, 65, 64), 65, 64), (solid(0), 64, 63), (solid(0), 0, 64)])
def test_a_frame_that_does_not_fit_is_refused_and_the_last_one_stays(pair, pixels, width, height):
    reader, writer = pair
    writer.publish(solid(1), 64, 64)
    with pytest.raises(FrameBufferError, match="does not fit"):
        writer.publish(pixels, width, height)
    assert take(reader)[1] == bytes(solid(1))


def test_a_lapped_read_is_repeated_until_it_is_whole(pair):
    """The writer publishes while the reader uses a frame: the slot in use is spared, so the pixels do not change."""
    reader, writer = pair
    writer.publish(solid(1), 64, 64)
    seen = []

    def use(frame: Frame) -> None:
        before = reader.copy(frame)
        for value in range(10, 30):
            writer.publish(solid(value), 64, 64)
        seen.append((before, reader.copy(frame)))

    frame = reader.read(use)
    assert frame is not None
    assert all(before == after for before, after in seen)
    assert take(reader)[1] == bytes(solid(29))


def test_another_capacity_is_reported_never_reinterpreted(pair):
    reader, _ = pair
    with pytest.raises(FrameBufferError):
        FrameBuffer.attach(reader.name, reader.capacity * 2)


def test_a_foreign_header_is_reported(pair):
    reader, _ = pair
    assert reader._memory is not None
    reader._memory[0:4] = b"ABCD"
    with pytest.raises(FrameBufferError, match="another format"):
        FrameBuffer.attach(reader.name, reader.capacity)


@pytest.mark.parametrize("name", ["", "elsewhere", "ezvtuber-frames-1/../../etc/passwd", "ezvtuber-frames-1-gone"])
def test_a_wrong_name_is_reported(name):
    with pytest.raises(FrameBufferError):
        FrameBuffer.attach(name, 4096)


def test_damaged_sizes_give_no_frame(pair):
    reader, writer = pair
    writer.publish(solid(1), 64, 64)
    assert reader._memory is not None
    slot = reader.newest() % SLOTS
    framebuffer._SIZE.pack_into(reader._memory, framebuffer._SLOT + slot * framebuffer._SLOT_STEP + 8, 1 << 20, 1 << 20, 4)
    assert reader.read(lambda frame: pytest.fail("not a frame")) is None


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows the memory goes with its last user")
def test_the_name_goes_with_its_creator_and_open_mappings_stay_usable():
    reader = FrameBuffer.create(4096)
    writer = FrameBuffer.attach(reader.name, 4096)
    reader.close()
    writer.publish(solid(1, 16, 16), 16, 16)
    with pytest.raises(FrameBufferError):
        FrameBuffer.attach(reader.name, 4096)
    with pytest.raises(FrameBufferError, match="closed"):
        reader.newest()
    writer.close()
    writer.close()


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows the memory goes with its last user")
def test_leftovers_of_dead_processes_are_removed():
    code = "import os\nfrom ezvtb_core.link.framebuffer import FrameBuffer\nprint(FrameBuffer.create(4096).name)\nos._exit(9)"
    name = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    assert name in [entry for entry, _ in framebuffer.leftovers()]
    own = FrameBuffer.create(4096)
    framebuffer.remove_leftovers()
    names = [entry for entry, _ in framebuffer.leftovers()]
    assert name not in names
    assert own.name in names
    own.close()


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system reserves memory by itself or cannot")
def test_the_memory_is_reserved_at_creation():
    """A full memory disk must be an error at creation: later it would be a bus error inside OBS's graphics thread."""
    reader = FrameBuffer.create(4096)
    path = Path(framebuffer._directory()) / reader.name
    assert path.stat().st_blocks * 512 >= HEADER + SLOTS * reader.capacity
    reader.close()


WRITER = """
import sys, time
from ezvtb_core.link.framebuffer import FrameBuffer
buffer = FrameBuffer.attach(sys.argv[1], int(sys.argv[2]))
side, end, number = int(sys.argv[3]), time.monotonic() + float(sys.argv[4]), 0
print("ready", flush=True)
while time.monotonic() < end:
    number += 1
    buffer.publish(memoryview((number & 0xFFFFFFFF).to_bytes(4, "little") * (side * side)), side, side)
print(number)
"""


def test_no_frame_is_ever_torn():
    """A writer at full speed in another process: every frame that `read` accepts is of one publication, from edge to edge."""
    side, seconds = 256, 3.0
    reader = FrameBuffer.create(side * side * 4)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, reader.name, str(reader.capacity), str(side), str(seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    accepted = distinct = last = 0
    numbers: list[int] = []
    while writer.poll() is None:
        pixels: list[bytes] = []
        frame = reader.read(lambda found, pixels=pixels: pixels.append(reader.copy(found)))
        if frame is None:
            continue
        accepted += 1
        value = pixels[-1]
        assert value == value[:4] * (side * side), "torn frame"
        number = int.from_bytes(value[:4], "little")
        distinct += number != last
        last = number
        numbers.append(number)
        if accepted % 7 == 0:
            time.sleep(0.0005)
    published = int(writer.stdout.read())
    writer.stdout.close()
    assert numbers == sorted(numbers), "a frame came after a newer one"
    assert distinct > 50
    assert published > 500
    reader.close()


@pytest.mark.skipif(os.name != "posix", reason="file permissions of POSIX")
def test_only_the_user_may_read_the_frames():
    reader = FrameBuffer.create(4096)
    assert (Path(framebuffer._directory()) / reader.name).stat().st_mode & 0o077 == 0
    reader.close()


def test_placement_crosses_and_is_unmoved_at_first(pair):
    reader, writer = pair
    assert reader.placement() == framebuffer.UNMOVED
    writer.place((-0.125, 0.0625, -4.5, 1.25))
    assert reader.placement() == (-0.125, 0.0625, -4.5, 1.25)
    writer.place(framebuffer.UNMOVED)
    assert reader.placement() == framebuffer.UNMOVED


@pytest.mark.parametrize("wild", [(9.0, -9.0, 500.0, 99.0), (-1e9, 1e9, -1e9, -1e9)])
def test_placement_is_limited(pair, wild):
    reader, writer = pair
    writer.place(wild)
    right, down, lean, scale = reader.placement()
    assert abs(right) <= 4 and abs(down) <= 4 and abs(lean) <= 128 and -3 <= scale <= 5


def test_placement_is_finer_than_a_pixel(pair):
    reader, writer = pair
    for step in range(100):
        wanted = (step / 997, -step / 997, step / 7, 1 + step / 499)
        writer.place(wanted)
        found = reader.placement()
        assert max(abs(found[0] - wanted[0]), abs(found[1] - wanted[1]), abs(found[3] - wanted[3])) <= 1 / 16384
        assert abs(found[2] - wanted[2]) <= 1 / 512
