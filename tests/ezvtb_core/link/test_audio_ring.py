"""The ring of sound in shared memory, with a writer in another process included."""

from __future__ import annotations

import array
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ezvtb_core.link import audio_ring, framebuffer
from ezvtb_core.link.audio_ring import AudioRing, AudioRingError, Sound
from tests.ezvtb_core.link.test_framebuffer import NamedMappings

ROOT = Path(__file__).resolve().parents[3]
CAPACITY = 1000


@pytest.fixture(params=["this system", "stand-in for Windows"])
def pair(request, monkeypatch, tmp_path) -> Iterator[tuple[AudioRing, AudioRing]]:
    if request.param != "this system":
        monkeypatch.setattr(framebuffer, "sys", SimpleNamespace(platform="win32"))
        monkeypatch.setattr(framebuffer, "mmap", NamedMappings(tmp_path))
    writer = AudioRing.create(CAPACITY)
    reader = AudioRing.attach(writer.name, writer.capacity)
    yield writer, reader
    reader.close()
    writer.close()


def write(ring: AudioRing, *channels: list[float], rate: int = 48000) -> None:
    planes = [array.array("f", samples) for samples in channels]
    ring.write([plane.buffer_info()[0] for plane in planes], len(channels[0]), rate)


def heard(sound: Sound) -> list[list[float]]:
    return [array.array("f", plane).tolist() for plane in sound.planes]


def count(start: int, frames: int) -> list[float]:
    return [float(number) for number in range(start, start + frames)]


def test_a_new_ring_is_empty(pair):
    _, reader = pair
    assert reader.written() == 0
    assert reader.read(0) == Sound(0, 0, (b"", b""), 0)


def test_both_channels_arrive_in_order(pair):
    writer, reader = pair
    write(writer, [1.0, 2.0], [-1.0, -2.0])
    write(writer, [3.0], [-3.0])
    sound = reader.read(0)
    assert heard(sound) == [[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]]
    assert (sound.position, sound.rate, sound.lost) == (3, 48000, 0)
    write(writer, [4.0], [-4.0], rate=44100)
    later = reader.read(sound.position)
    assert heard(later) == [[4.0], [-4.0]]
    assert later.rate == 44100


def test_one_channel_is_heard_on_both_and_further_ones_are_not_used(pair):
    writer, reader = pair
    write(writer, [0.5, 0.25])
    write(writer, [1.0], [2.0], [3.0])
    assert heard(reader.read(0)) == [[0.5, 0.25, 1.0], [0.5, 0.25, 2.0]]


def test_no_channels_are_silence_even_over_old_sound(pair):
    writer, reader = pair
    for _ in range(3):
        write(writer, [1.0] * CAPACITY)
    position = reader.written()
    writer.write((), 10, 48000)
    assert heard(reader.read(position)) == [[0.0] * 10] * 2


def test_sound_goes_on_across_the_end_of_the_ring(pair):
    writer, reader = pair
    position, number = 0, 0
    for frames in (700, 480, 999, 1, 1000, 333):
        write(writer, count(number, frames), count(-number, frames))
        sound = reader.read(position)
        assert heard(sound) == [count(number, frames), count(-number, frames)]
        position, number = sound.position, number + frames
    writer.write((), 900, 48000)
    assert heard(reader.read(position)) == [[0.0] * 900] * 2


def test_a_reader_that_came_too_late_goes_on_at_the_newest_and_knows_it(pair):
    writer, reader = pair
    for start in range(0, 1500, 500):
        write(writer, count(start, 500))
    late = reader.read(0)
    assert (late.lost, late.planes, late.position) == (1500, (b"", b""), 1500)
    write(writer, [7.0])
    assert heard(reader.read(late.position))[0] == [7.0]


def test_samples_that_are_being_overwritten_are_not_used(pair):
    """As if the writer had begun its next block while the reader was copying."""
    writer, reader = pair
    write(writer, count(0, CAPACITY))
    audio_ring._U64.pack_into(writer._memory, audio_ring._BEGUN, CAPACITY + 1)
    assert reader.read(0).lost == CAPACITY
    assert heard(reader.read(1))[0] == count(1, CAPACITY - 1)


def test_a_position_of_another_ring_is_a_gap(pair):
    writer, reader = pair
    write(writer, [1.0])
    sound = reader.read(5000)
    assert (sound.position, sound.lost, sound.planes) == (1, 4999, (b"", b""))


@pytest.mark.parametrize("frames", [0, -3, CAPACITY + 1])
def test_blocks_that_do_not_fit_are_dropped(pair, frames):
    writer, reader = pair
    writer.write((), frames, 48000)
    assert reader.written() == 0


def test_writing_after_the_end_does_nothing(pair):
    writer, reader = pair
    write(writer, [1.0])
    writer.close()
    write(writer, [2.0])
    assert heard(reader.read(0))[0] == [1.0]
    reader.close()
    with pytest.raises(AudioRingError, match="closed"):
        reader.read(0)


@pytest.mark.parametrize("name", ["", "elsewhere", "ezvtuber-sound-1/../../etc/passwd", "ezvtuber-sound-1-gone"])
def test_a_wrong_name_is_reported(name):
    with pytest.raises(AudioRingError):
        AudioRing.attach(name, CAPACITY)


def test_another_capacity_or_header_is_reported(pair):
    writer, _ = pair
    with pytest.raises(AudioRingError):
        AudioRing.attach(writer.name, CAPACITY * 4)
    for capacity in (0, 1 << 40):
        with pytest.raises(AudioRingError, match="not possible"):
            AudioRing.attach(writer.name, capacity)
        with pytest.raises(AudioRingError, match="not possible"):
            AudioRing.create(capacity)
    assert writer._memory is not None
    writer._memory[0:4] = b"EZVF"
    with pytest.raises(AudioRingError, match="another format"):
        AudioRing.attach(writer.name, CAPACITY)


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows the memory goes with its last user")
def test_a_retired_ring_is_gone_by_name_and_still_readable():
    writer = AudioRing.create(CAPACITY)
    reader = AudioRing.attach(writer.name, CAPACITY)
    writer.retire()
    write(writer, [1.0])
    assert heard(reader.read(0))[0] == [1.0]
    with pytest.raises(AudioRingError, match="cannot be opened"):
        AudioRing.attach(writer.name, CAPACITY)
    reader.close()
    writer.close()


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows the memory goes with its last user")
def test_leftovers_of_dead_processes_are_removed():
    code = "import os\nfrom ezvtb_core.link.audio_ring import AudioRing\nprint(AudioRing.create(64).name)\nos._exit(9)"
    name = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    assert name in [entry for entry, _ in framebuffer.leftovers()]
    own = AudioRing.create(64)
    framebuffer.remove_leftovers()
    names = [entry for entry, _ in framebuffer.leftovers()]
    assert name not in names
    assert own.name in names
    own.close()


WRITER = """
import array, sys
from ezvtb_core.link.audio_ring import AudioRing
ring = AudioRing.attach(sys.argv[1], int(sys.argv[2]))
number = 0
print("ready", flush=True)
for turn in range(int(sys.argv[3])):
    frames = 1 + turn * 37 % 480
    block = array.array("f", [float(value % 65536) for value in range(number, number + frames)])
    ring.write([block.buffer_info()[0]], frames, 48000)
    number += frames
print(number)
"""


def test_no_sound_is_ever_torn():
    """A writer at full speed in another process: what `read` gives is without a hole, unless it says so."""
    ring = AudioRing.create(4096)
    command = [sys.executable, "-c", WRITER, ring.name, str(ring.capacity), "20000"]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    position, whole, gaps = 0, 0, 0
    while writer.poll() is None or ring.written() > position:
        sound = ring.read(position)
        first = array.array("f", sound.planes[0])
        if sound.lost:
            gaps += 1
        elif first:
            assert sound.planes[0] == sound.planes[1]
            assert first.tolist() == [float(value % 65536) for value in range(position, sound.position)]
            whole += len(first)
        position = sound.position
    assert int(writer.stdout.read()) == position
    writer.stdout.close()
    print(f"{whole} frames of {position} read whole, {gaps} gaps")
    assert whole > 0
    ring.close()
