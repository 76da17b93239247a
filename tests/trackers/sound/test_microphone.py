"""trackers/sound/microphone.py: opening, mixing, pulling the plug; and a real PortAudio on a microphone made of a pipe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.peers import wait_until
from tests.speech import speaker
from trackers.sound import microphone
from trackers.sound.microphone import Microphone
from trackers.sound.source import SoundError

ROOT = Path(__file__).resolve().parents[3]


def test_channels_are_mixed_to_one(audio):
    opened = Microphone("Webcam")
    audio.sound = lambda frames: np.full(frames, 0.25, np.float32)
    found = []
    assert wait_until(lambda: found.append(opened.hear(0.1)) or (found[-1] is not None and np.allclose(found[-1].samples, 0.25)))
    opened.close()


def test_a_microphone_of_another_program_is_explained(audio):
    audio.refuses.add("Headset")
    with pytest.raises(SoundError, match=r"Headset cannot be opened: Device unavailable.*privacy settings"):
        Microphone("Headset")


def test_a_microphone_that_is_pulled_out_is_an_error_to_be_tried_again(audio, monkeypatch):
    monkeypatch.setattr(microphone, "GONE_SECONDS", 0.2)
    opened = Microphone("Headset")
    assert wait_until(lambda: opened.hear(0.1) is not None)
    audio.unplug("Headset")
    assert wait_until(lambda: opened.hear(0.3) is None)
    with pytest.raises(SoundError, match="Headset has stopped"):
        wait_until(lambda: opened.quiet() is None, 2.0)
    opened.close()


def test_exact_silence_is_told_from_a_quiet_room(audio, monkeypatch):
    monkeypatch.setattr(microphone, "MUTE_SECONDS", 0.2)
    opened = Microphone("Headset")
    audio.sound = lambda frames: np.zeros(frames, np.float32)
    assert wait_until(lambda: opened.hear(0.1) is not None and opened.live.code == "sound_mic_mute")
    audio.sound = lambda frames: np.full(frames, 1e-5, np.float32)
    assert wait_until(lambda: opened.hear(0.1) is not None and opened.live.code == "sound_mic_live")
    opened.close()


def test_a_late_reader_gets_the_newest_and_memory_stays_small(audio):
    opened = Microphone("Headset")
    for number in range(1000):
        opened._take(np.full((160, 1), float(number), np.float32), 160, None, None)
    heard = opened.hear(1.0)
    assert heard is not None
    assert len(heard.samples) <= 256 * 160
    assert heard.samples.max() == 999.0
    opened.close()


LISTENER = """
import json, os, sys, threading, time
import numpy as np
samples, rate = np.load(sys.argv[1]), 44100
# Open for reading as well: PortAudio opens the pipe several times while it looks at the device.
pipe = os.open(sys.argv[2], os.O_RDWR | os.O_NONBLOCK)
ended = threading.Event()

def feed():
    start, place = time.monotonic(), 0
    while not ended.is_set():
        block = np.repeat(np.take(samples, range(place, place + 441), mode="wrap"), 2)
        try:
            os.write(pipe, block.astype("<f4").tobytes())
        except BlockingIOError:
            pass
        place += 441
        time.sleep(max(0.0, start + place / rate - time.monotonic()))

threading.Thread(target=feed, daemon=True).start()
from ezvtb_core.link.settings import Settings
from trackers.context import Context
from trackers.sound import devices
from trackers.sound.voice import Voice
names = devices.microphones()
voice = Voice(Settings(tracker="mouse", microphone="pipe"), Context())
widest, end = np.zeros(5), time.monotonic() + 60
while time.monotonic() < end and widest.min() < 0.25:
    time.sleep(0.005)
    found = voice.latest()
    if found is not None:
        widest = np.maximum(widest, found[1][:5])
status = voice.status()
began = time.monotonic()
voice.stop()
stopped = time.monotonic() - began
print(json.dumps({"names": names, "code": status and status.notice.code, "widest": widest.tolist(), "stopped": stopped}))
sys.stdout.flush()
os._exit(0)
"""
ASOUND = """
pcm.nothing {{ type null }}
pcm.pipe {{ type file slave.pcm "nothing" file "/dev/null" infile "{pipe}" format "raw" hint {{ show on description "pipe" }} }}
pcm.!default {{ type null }}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a microphone made of a pipe needs ALSA")
def test_a_real_portaudio_hears_the_vowels_of_a_microphone(tmp_path):
    """The pipe is a device of ALSA's own, so everything from PortAudio upwards is what runs with a real microphone."""
    pytest.importorskip("sounddevice", exc_type=(ImportError, OSError))  # type: ignore[arg-type]
    speak, pause = speaker(), np.zeros(8000, np.float32)
    vowels = [speak(f"{vowel}:", "es", words=80, phones=True).samples for vowel in "aiueo"]
    pipe, sound, config = tmp_path / "pipe", tmp_path / "speech.npy", tmp_path / "asound.conf"
    np.save(sound, np.repeat(np.concatenate([part for vowel in vowels for part in (vowel, pause)]), 2))
    os.mkfifo(pipe)
    config.write_text(ASOUND.format(pipe=pipe), encoding="utf-8")
    environment = {**os.environ, "ALSA_CONFIG_PATH": str(config)}
    command = [sys.executable, "-c", LISTENER, str(sound), str(pipe)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert "pipe" in found["names"]
    assert found["code"] == "sound_mic_live"
    assert min(found["widest"]) > 0.2, found["widest"]
    assert found["stopped"] < 1.0
