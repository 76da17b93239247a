"""trackers/sound/voice.py: what it listens to, what it says, and that nothing stops it."""

import array
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ezvtb_core.link.audio_ring import AudioRing
from ezvtb_core.link.feeds import Feed, Feeds
from ezvtb_core.link.settings import Settings
from tests.peers import wait_until
from tests.sounddevice_stand_in import StandIn
from trackers.context import Context
from trackers.sound import devices, microphone, voice
from trackers.sound.voice import Voice

MICROPHONE = Settings(mouth_sound="microphone")
OBS = Settings(mouth_sound="obs", sound_source="Mic/Aux")
LOAD = devices.load
"""As it is without the stand-in."""


def hum(frames: int, rate: int = 16000) -> np.ndarray:
    """A voice-like sound that can be repeated: harmonics of 125 Hz with a formant near 700 Hz; `frames` a multiple of 16 ms."""
    moments = np.arange(frames) / rate
    sound = sum(np.cos(2 * np.pi * 125 * n * moments + n * n) / (1 + ((125 * n - 700) / 300) ** 2) for n in range(1, 25))
    return (0.2 * sound / np.std(sound)).astype(np.float32)


class Speaking:
    """Sound for the stand-in's microphone: a hum while `on`."""

    def __init__(self) -> None:
        self.on = True
        self._hum, self._place = hum(16000), 0

    def __call__(self, frames: int) -> np.ndarray:
        self._place = (self._place + frames) % 16000
        return np.take(self._hum, range(self._place, self._place + frames), mode="wrap") * self.on + np.float32(1e-4)


class RingWriter:
    """OBS's side: a thread that writes a block of 21 ms at real pace while `on`."""

    def __init__(self) -> None:
        self.ring = AudioRing.create()
        self.on = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def feed(self) -> Feed:
        return Feed(self.ring.name, self.ring.capacity, "Mic/Aux")

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self.ring.close()

    def _run(self) -> None:
        sound, place = hum(48000, 48000), 0
        while not self._ended.wait(1024 / 48000):
            if self.on:
                block = array.array("f", np.take(sound, range(place, place + 1024), mode="wrap").tobytes())
                self.ring.write([block.buffer_info()[0]] * 2, 1024, 48000)
                place = (place + 1024) % 48000


@pytest.fixture
def context() -> Context:
    return Context(feeds=Feeds())


@pytest.fixture
def listening(context, monkeypatch, audio) -> Iterator[Voice]:
    monkeypatch.setattr(voice, "RETRY_SECONDS", 0.05)
    made = Voice(Settings(), context)
    yield made
    made.stop()
    assert made._thread is None or not made._thread.is_alive()


@pytest.fixture
def obs(context) -> Iterator[RingWriter]:
    writer = RingWriter()
    yield writer
    writer.stop()


def code(made: Voice) -> str:
    status = made.status()
    return "" if status is None else status.notice.code


def opened(made: Voice) -> bool:
    found = made.latest()
    return found is not None and float(found[1].max()) > 0.3


def test_it_is_off_unless_something_asks_for_it(listening, audio):
    assert (listening.status(), listening.latest(), listening._thread) == (None, None, None)
    listening.update(Settings(mouth_sound="off", tracker="mouse"))
    assert listening._thread is None


def test_automatic_is_the_microphone_with_the_mouse(listening, audio):
    audio.sound = Speaking()
    listening.update(Settings(tracker="mouse"))
    assert wait_until(lambda: code(listening) == "sound_mic_live" and opened(listening))
    moment, mouth = listening.latest()
    assert abs(time.monotonic() - moment) < 5.0
    assert mouth.shape == (11,)
    assert mouth.dtype == np.float32
    listening.update(Settings(tracker="idle"))
    assert wait_until(lambda: listening.status() is None and listening.latest() is None and not audio.open)


def test_the_mouth_follows_gain_and_vowels_at_once(listening, audio):
    audio.sound = Speaking()
    listening.update(MICROPHONE)
    assert wait_until(lambda: opened(listening))
    listening.update(replace(MICROPHONE, vowels=False))
    assert wait_until(lambda: not listening.latest()[1][1:].any() and listening.latest()[1][0] > 0.3)
    listening.update(replace(MICROPHONE, vowels=False, sound_gain=20))
    assert wait_until(lambda: 0.0 < listening.latest()[1][0] <= 0.2)
    assert len(audio.open) == 1


def test_another_microphone_is_taken_while_it_runs(listening, audio):
    listening.update(replace(MICROPHONE, microphone="Headset"))
    assert wait_until(lambda: [stream.name for stream in audio.open] == ["Headset"])
    listening.update(replace(MICROPHONE, microphone="Webcam"))
    assert wait_until(lambda: [stream.name for stream in audio.open] == ["Webcam"])
    assert wait_until(lambda: listening.status().notice.params == {"name": "Webcam"})


def test_a_microphone_that_is_plugged_in_later_is_found(listening, audio):
    audio.names[0] = ""
    listening.update(replace(MICROPHONE, microphone="Headset"))
    assert wait_until(lambda: code(listening) == "sound_mic_missing")
    assert listening.status().state == "error"
    audio.names[0] = "Headset"
    assert wait_until(lambda: code(listening) == "sound_mic_live")


def test_a_microphone_that_is_pulled_out_shuts_the_mouth_and_is_taken_again(listening, audio, monkeypatch):
    monkeypatch.setattr(microphone, "GONE_SECONDS", 0.5)
    audio.sound = Speaking()
    listening.update(replace(MICROPHONE, microphone="Headset"))
    assert wait_until(lambda: opened(listening))
    audio.unplug("Headset")
    assert wait_until(lambda: code(listening) in ("sound_mic_gone", "sound_mic_missing"))
    assert listening.latest() is None
    audio.names[0] = "Headset"
    assert wait_until(lambda: code(listening) == "sound_mic_live" and opened(listening))


def test_a_microphone_in_use_is_tried_until_it_is_free(listening, audio):
    audio.refuses.add("Webcam")
    listening.update(MICROPHONE)
    assert wait_until(lambda: code(listening) == "sound_mic_failed")
    audio.refuses.clear()
    assert wait_until(lambda: code(listening) == "sound_mic_live")


def test_without_the_library_it_says_what_to_install(listening, monkeypatch):
    monkeypatch.setattr(devices, "load", LOAD)
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    listening.update(MICROPHONE)
    assert wait_until(lambda: code(listening) == "sound_library")
    assert listening.status().state == "error"


def test_a_driver_that_fails_in_its_own_way_does_not_end_it(listening, audio, monkeypatch, caplog):
    monkeypatch.setattr(StandIn, "query_hostapis", lambda self: 1 / 0)
    listening.update(MICROPHONE)
    assert wait_until(lambda: code(listening) == "sound_failed")
    monkeypatch.undo()
    monkeypatch.setattr(devices, "load", lambda: audio)
    assert wait_until(lambda: code(listening) == "sound_mic_live")
    assert "ZeroDivisionError" in caplog.text


def test_a_driver_that_hangs_delays_neither_update_nor_stop(context, monkeypatch, audio, caplog):
    release = threading.Event()
    monkeypatch.setattr(devices, "load", lambda: release.wait(30) and None)
    made = Voice(MICROPHONE, context)
    began = time.monotonic()
    made.update(replace(MICROPHONE, sound_gain=50))
    made.stop()
    assert time.monotonic() - began < 5.0
    assert "does not answer" in caplog.text
    release.set()
    assert wait_until(lambda: not made._thread.is_alive())


def test_obs_without_a_source_asks_for_one_and_waits_for_its_sound(listening, context, obs):
    listening.update(replace(OBS, sound_source=""))
    assert wait_until(lambda: code(listening) == "sound_obs_choose")
    assert listening.status().state == "waiting"
    listening.update(OBS)
    assert wait_until(lambda: code(listening) == "sound_obs_waiting")
    context.feeds.set("sound", obs.feed)
    assert wait_until(lambda: code(listening) == "sound_obs_live" and opened(listening))


def test_a_source_that_stops_shuts_the_mouth_and_its_return_opens_it(listening, context, obs):
    context.feeds.set("sound", obs.feed)
    listening.update(OBS)
    assert wait_until(lambda: opened(listening))
    obs.on = False
    seen: list[float] = []

    def shut() -> bool:
        found = listening.latest()
        seen.append(0.0 if found is None else float(found[1].max()))
        return found is None

    assert wait_until(shut)
    assert seen == sorted(seen, reverse=True) or max(np.diff(seen)) < 0.3
    assert wait_until(lambda: code(listening) == "sound_obs_quiet")
    assert listening.status().state == "lost"
    obs.on = True
    assert wait_until(lambda: code(listening) == "sound_obs_live" and opened(listening))


def test_a_feed_that_obs_makes_anew_is_followed(listening, context, obs):
    context.feeds.set("sound", obs.feed)
    listening.update(OBS)
    assert wait_until(lambda: opened(listening))
    second = RingWriter()
    context.feeds.set("sound", second.feed)
    obs.on = False
    time.sleep(0.5)
    assert wait_until(lambda: opened(listening))
    context.feeds.set("sound", None)
    assert wait_until(lambda: code(listening) == "sound_obs_waiting")
    second.stop()


def test_a_feed_that_has_gone_is_tried_again(listening, context, obs):
    gone = AudioRing.create(4800)
    context.feeds.set("sound", Feed(gone.name, gone.capacity, "Mic/Aux"))
    gone.close()
    listening.update(OBS)
    assert wait_until(lambda: code(listening) == "sound_obs_failed")
    context.feeds.set("sound", obs.feed)
    assert wait_until(lambda: opened(listening))


def test_stop_twice_and_after_it_nothing(context, audio):
    audio.sound = Speaking()
    made = Voice(MICROPHONE, context)
    assert wait_until(lambda: opened(made))
    made.stop()
    made.stop()
    assert (made.latest(), made.status(), audio.open) == (None, None, [])
    made.update(MICROPHONE)
    assert made.status() is None


def test_two_avatars_listen_to_one_microphone(context, audio):
    first, second = Voice(MICROPHONE, context), Voice(MICROPHONE, Context())
    assert wait_until(lambda: len(audio.open) == 2 and code(first) == code(second) == "sound_mic_live")
    first.stop()
    assert wait_until(lambda: len(audio.open) == 1)
    assert code(second) == "sound_mic_live"
    second.stop()
