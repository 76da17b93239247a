"""Who gets which sound and which picture, and that everything is given back; in real OBS: tests/obs/test_taps.py."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from ezvtb_core.link.audio_ring import AudioRing
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.settings import Settings
from obs_bridge import libobs as c
from obs_bridge import sound_tap, taps
from obs_bridge.registration import KIND
from obs_bridge.taps import Taps
from tests.obs_bridge.fake_obs import FakeObs, process_of
from tests.peers import wait_until

HEARING = Settings(mouth_sound="obs", sound_source="Voice")
SEEING = Settings(tracker="webcam", webcam_source="obs", camera_source="Camera", webcam_fps=30)


class Host:
    """Writes down what it is fed."""

    def __init__(self) -> None:
        self.fed: dict[tuple[str, str], Feed | None] = {}
        self.times = 0

    def feed(self, avatar: str, kind: str, feed: Feed | None) -> None:
        self.fed[avatar, kind] = feed
        self.times += 1


class Stage:
    """Taps over a pretended OBS."""

    def __init__(self) -> None:
        self.obs: Any = FakeObs()
        self.process = process_of(self.obs)
        self.renamed: list[tuple[str, str, str]] = []
        self.changed: list[str] = []
        self.host: Any = Host()
        self.taps = Taps(self.process, lambda *what: self.renamed.append(what), self.changed.append)

    def feed(self, avatar: str, kind: str) -> Feed:
        assert wait_until(lambda: self.host.fed.get((avatar, kind)) is not None)
        return self.host.fed[avatar, kind]

    def notices(self, avatar: str) -> list[str]:
        return [notice.code for notice in self.taps.notices(avatar).values()]


@pytest.fixture
def stage(monkeypatch):
    monkeypatch.setattr(taps, "LOOK_INTERVAL", 0.02)
    monkeypatch.setattr("obs_bridge.camera_tap.LOOK_INTERVAL", 0.02)
    monkeypatch.setattr(sound_tap, "other_scripts", lambda: False)
    made = Stage()
    yield made
    made.taps.stop(5.0)
    assert not made.taps._thread.is_alive()
    assert made.obs.clean(), "something was not given back"
    assert made.process.sinks == {}


def audio_block(left: list[float], right: list[float]) -> tuple[Any, c.AudioData]:
    """The samples (to be kept alive) and OBS's struct that points to them."""
    samples = [(ctypes.c_float * len(channel))(*channel) for channel in (left, right)]
    block = c.AudioData()
    block.data[0], block.data[1] = (ctypes.addressof(channel) for channel in samples)
    block.frames = len(left)
    return samples, block


def test_what_obs_plays_arrives_and_a_muted_source_is_silent(stage):
    voice = stage.obs.add("Voice")
    stage.taps.serve("source-1", stage.host, HEARING, True)
    feed = stage.feed("source-1", "sound")
    ring = AudioRing.attach(feed.buffer, feed.capacity)
    [(_, number)] = voice.listeners
    samples, block = audio_block([0.25, -0.5], [1.0, 0.0])
    stage.process.sinks[number](ctypes.addressof(block), False)
    stage.process.sinks[number](ctypes.addressof(block), True)
    sound = ring.read(0)
    assert (sound.rate, sound.position) == (48000, 4)
    assert [list((ctypes.c_float * 4).from_buffer_copy(plane)) for plane in sound.planes] == [[0.25, -0.5, 0, 0], [1, 0, 0, 0]]
    assert samples


def test_two_avatars_share_one_listener_and_the_last_takes_it_along(stage):
    voice = stage.obs.add("Voice")
    for name in ("source-1", "source-2"):
        stage.taps.serve(name, stage.host, HEARING, True)
    assert stage.feed("source-1", "sound") == stage.feed("source-2", "sound")
    assert len(voice.listeners) == 1
    stage.taps.serve("source-1", stage.host, Settings(), True)
    assert wait_until(lambda: stage.host.fed["source-1", "sound"] is None)
    assert len(voice.listeners) == 1
    stage.taps.forget("source-2")
    assert wait_until(lambda: voice.listeners == [])


def test_pictures_arrive_without_the_gaps_that_drivers_put_between_rows(stage):
    camera = stage.obs.add("Camera")
    stage.taps.serve("source-1", stage.host, SEEING, True)
    feed = stage.feed("source-1", "camera")
    buffer = FrameBuffer.attach(feed.buffer, feed.capacity)
    assert wait_until(lambda: buffer.newest() > 0)
    pictures: list[tuple[int, int, bytes]] = []
    buffer.read(lambda frame: pictures.append((frame.width, frame.height, buffer.copy(frame))))
    assert pictures[-1] == (8, 4, b"\7" * 128)
    assert camera.showing == 1
    camera.size = (0, 0)
    stage.taps.serve("source-1", stage.host, Settings(), True)
    assert wait_until(lambda: camera.showing == 0)


def test_an_avatar_on_another_host_is_fed_there(stage):
    stage.obs.add("Voice")
    stage.taps.serve("source-1", stage.host, HEARING, True)
    feed = stage.feed("source-1", "sound")
    other: Any = Host()
    stage.taps.serve("source-1", other, HEARING, True)
    assert wait_until(lambda: other.fed.get(("source-1", "sound")) == feed)
    times = other.times
    stage.taps.serve("source-1", other, HEARING, False)
    stage.taps.serve("source-1", other, HEARING, True)
    stage.taps.serve("source-2", stage.host, HEARING, True)
    assert wait_until(lambda: ("source-2", "sound") in stage.host.fed)
    assert other.times == times, "nothing new, nothing said"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"kind": KIND}, "camera_source_avatar"),
        ({"type": 3}, "camera_source_scene"),
        ({"type": 2}, "camera_source_scene"),
        ({"flags": c.OBS_SOURCE_AUDIO}, "camera_source_blind"),
    ],
)
def test_what_is_no_camera_is_refused_until_something_else_has_its_name(stage, facts, code):
    wrong = stage.obs.add("Camera", **facts)
    stage.taps.serve("source-1", stage.host, SEEING, True)
    assert wait_until(lambda: stage.notices("source-1") == [code])
    assert stage.changed == ["source-1"]
    assert wrong.showing == 0
    wrong.name = "Something else"
    right = stage.obs.add("Camera")
    stage.feed("source-1", "camera")
    assert wait_until(lambda: stage.notices("source-1") == [])
    assert right.showing == 1


def test_sources_that_are_missing_are_named_and_found_when_they_come(stage):
    stage.taps.serve("source-1", stage.host, SEEING.with_values({"mouth_sound": "obs", "sound_source": "Voice"}), True)
    assert wait_until(lambda: stage.notices("source-1") == ["sound_source_missing", "camera_source_missing"])
    stage.obs.add("Voice")
    stage.obs.add("Camera")
    stage.feed("source-1", "sound")
    stage.feed("source-1", "camera")
    assert wait_until(lambda: stage.notices("source-1") == [])


def test_without_sound_in_obs_or_in_the_source_there_is_a_sentence(stage):
    stage.obs.add("Voice", flags=c.OBS_SOURCE_VIDEO)
    stage.taps.serve("source-1", stage.host, HEARING, True)
    assert wait_until(lambda: stage.notices("source-1") == ["sound_source_soundless"])
    stage.obs.audio = False
    stage.obs.add("Other")
    stage.taps.serve("source-1", stage.host, HEARING.with_values({"sound_source": "Other"}), True)
    assert wait_until(lambda: stage.notices("source-1") == ["sound_obs_without_sound"])


def test_a_rename_in_obs_reaches_the_settings_of_every_avatar_once(stage):
    voice = stage.obs.add("Voice")
    for name in ("source-1", "source-2"):
        stage.taps.serve(name, stage.host, HEARING, True)
        stage.feed(name, "sound")
    voice.name = "New"
    assert wait_until(lambda: len(stage.renamed) == 2)
    assert sorted(stage.renamed) == [("source-1", "sound_source", "New"), ("source-2", "sound_source", "New")]
    # The settings follow; the sound goes on.
    stage.taps.serve("source-1", stage.host, HEARING.with_values({"sound_source": "New"}), True)
    assert wait_until(lambda: stage.feed("source-1", "sound").label == "New")
    assert len(voice.listeners) == 1


def test_settings_that_change_at_any_pace_leave_nothing_behind(stage):
    stage.obs.add("Voice")
    stage.obs.add("Camera")
    both = SEEING.with_values({"mouth_sound": "obs", "sound_source": "Voice"})
    for turn in range(300):
        stage.taps.serve(f"source-{turn % 3}", stage.host, (HEARING, SEEING, both, Settings())[turn % 4], turn % 2 == 0)
        if turn % 7 == 0:
            stage.taps.forget(f"source-{turn % 3}")
    for number in range(3):
        stage.taps.forget(f"source-{number}")
    assert wait_until(stage.obs.clean, 20)
