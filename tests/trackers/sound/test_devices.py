"""trackers/sound/devices.py: the list, the choice by name, and devices that come and go."""

import inspect
import sys

import pytest

from tests.sounddevice_stand_in import StandIn, Stream
from trackers.sound import devices
from trackers.sound.source import SoundError


def test_the_list_has_each_microphone_once_by_its_whole_name(audio):
    assert devices.microphones() == ["Headset", "Webcam"]


def test_the_stand_in_has_the_calls_of_the_original():
    sounddevice = pytest.importorskip("sounddevice", exc_type=(ImportError, OSError))  # type: ignore[arg-type]
    for name in ("query_hostapis", "query_devices", "_initialize", "_terminate"):
        ours = inspect.signature(getattr(StandIn, name)).parameters
        assert list(ours)[1:] == list(inspect.signature(getattr(sounddevice, name)).parameters), name
    options = set(inspect.signature(Stream.__init__).parameters) - {"self", "audio"}
    assert options <= set(inspect.signature(sounddevice.InputStream.__init__).parameters)
    assert isinstance(sounddevice.InputStream.active, property)
    assert list(inspect.signature(sounddevice.InputStream.close).parameters) == ["self", "ignore_errors"]
    assert issubclass(sounddevice.PortAudioError, Exception)


def test_a_microphone_is_found_by_name_and_the_default_without(audio):
    assert devices.choose(audio, "Headset")[0] == 0
    assert devices.choose(audio, "")[1]["name"] == "Webcam"


def test_a_default_that_is_none_of_the_list_gives_the_first(audio):
    audio.channels[1] = 0
    assert devices.choose(audio, "")[0] == 0


def test_an_unknown_name_is_answered_with_those_that_are_there(audio):
    with pytest.raises(SoundError, match=r"no microphone called Studio.*Headset, Webcam"):
        devices.choose(audio, "Studio")


def test_a_computer_without_a_microphone_says_so(audio):
    audio.channels = [0, 0, 0, 0]
    assert devices.microphones() == []
    with pytest.raises(SoundError, match="no microphone"):
        devices.choose(audio, "")


def test_without_the_library_the_list_is_empty(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert devices.microphones() == []
    with pytest.raises(SoundError, match="libportaudio2"):
        devices.load()


def test_new_devices_are_looked_for_only_while_none_is_open(audio):
    stream = audio.InputStream(device=0, dtype="float32", callback=lambda *block: None)
    with devices.portaudio():
        stream.start()
        devices.opened(stream)
    assert devices.microphones() == ["Headset", "Webcam"]  # the stand-in fails the test when it is ended under a stream
    devices.close(stream)
    assert devices.microphones() == ["Headset", "Webcam"]
    assert audio.initialised == 1


def test_trouble_of_the_system_is_a_sentence(audio):
    with pytest.raises(SoundError, match="does not answer"), devices.portaudio():
        raise audio.PortAudioError("Unanticipated host error")
