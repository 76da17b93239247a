"""Sound without a callback: which track is looked at, and when; in real OBS: tests/obs/test_taps.py."""

from __future__ import annotations

import ctypes
import sys
import types
from typing import Any

import pytest

from obs_bridge import libobs as c
from obs_bridge.sound_poll import SoundPoll
from obs_bridge.sound_tap import other_scripts
from tests.peers import wait_until


class Mixer:
    """What OBS mixes of one source."""

    def __init__(self) -> None:
        self.stamp = 0
        self.pending = False
        self.mixers = 0b111111
        self.held = 0
        self.consumers: list[tuple[int, int, int]] = []
        self.samples = [(ctypes.c_float * c.AUDIO_OUTPUT_FRAMES)(track) for track in range(c.MAX_AUDIO_MIXES)]
        self.nothing = 77

    def strong(self) -> int:
        self.held += 1
        return 5

    def obs_source_release(self, source: int) -> None:
        self.held -= 1

    def obs_source_get_audio_timestamp(self, source: int) -> int:
        return self.stamp

    def obs_source_audio_pending(self, source: int) -> bool:
        return self.pending

    def obs_source_get_audio_mixers(self, source: int) -> int:
        return self.mixers

    def obs_source_get_audio_mix(self, source: int, mix: Any) -> None:
        for track in range(c.MAX_AUDIO_MIXES):
            mix._obj.data[track][0] = ctypes.addressof(self.samples[track])

    def obs_get_audio(self) -> int:
        return 9

    def audio_output_connect(self, audio: int, track: int, conversion: None, callback: int, number: int) -> bool:
        self.consumers.append((track, callback, number))
        return True

    def audio_output_disconnect(self, audio: int, track: int, callback: int, number: int) -> None:
        self.consumers.remove((track, callback, number))


class Heard:
    """Blocks that were passed on, as the first sample of each plane."""

    def __init__(self) -> None:
        self.blocks: list[list[float]] = []

    def write(self, planes: Any, frames: int) -> None:
        assert frames == 1024
        self.blocks.append([ctypes.c_float.from_address(plane).value for plane in planes])


@pytest.fixture
def mixer():
    return Mixer()


@pytest.fixture
def heard(mixer):
    made = Heard()
    poll = SoundPoll(mixer, 3, 2, mixer.strong, made.write)
    yield made
    poll.stop()
    assert not poll._thread.is_alive()
    assert (mixer.held, mixer.consumers) == (0, [])


def mixed(mixer: Mixer, heard: Heard) -> list[float]:
    """Have OBS mix another block; what was passed on of it."""
    before = len(heard.blocks)
    mixer.stamp += 21
    assert wait_until(lambda: len(heard.blocks) > before)
    return heard.blocks[-1]


def test_every_block_is_passed_on_once_and_nothing_before_the_first(mixer, heard):
    assert mixed(mixer, heard) == [0.0]
    assert mixer.consumers == [(0, 77, 3)]
    for _ in range(5):
        mixed(mixer, heard)
    assert len(heard.blocks) == 6


def test_the_first_track_that_the_source_is_on_is_heard(mixer, heard):
    for mixers, track in ((0b100100, 2), (0b100000, 5), (0b000001, 0)):
        mixer.mixers = mixers
        assert mixed(mixer, heard) == [float(track)]
        assert mixer.consumers == [(track, 77, 3)]
    mixer.mixers = 0
    assert mixed(mixer, heard) == []
    assert mixer.consumers == []


def test_what_is_not_mixed_yet_is_not_passed_on(mixer, heard):
    mixer.pending = True
    mixer.stamp = 21
    assert wait_until(lambda: mixer.consumers != [])
    mixer.pending = False
    mixed(mixer, heard)
    assert len(heard.blocks) == 1


def test_scripts_of_others_are_noticed_by_the_mark_that_obs_gives_them(monkeypatch):
    assert not other_scripts()
    for name, expected in (("obs_ezvtuber", False), ("someones_script", True)):
        script = types.ModuleType(name)
        script.__script_data__ = object()  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, script)
        assert other_scripts() is expected
