"""A microphone as a source of sound."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import Any

import numpy as np

from ezvtb_core.link.messages import Notice
from ezvtb_core.pose import FloatArray
from trackers.sound import devices
from trackers.sound.source import Heard, SoundError

GONE_SECONDS = 2.0
"""A microphone that gives no block for so long has been pulled out: an open one never pauses."""
MUTE_SECONDS = 3.0
"""Exact zeros for so long come from a switch or a permission: a real microphone always has some noise."""
_MOST_BLOCKS = 256
"""Kept when the reader is late; the oldest are dropped."""


class Microphone:
    """See `trackers.sound.source.Source`."""

    def __init__(self, name: str) -> None:
        """Open the microphone called `name`, "" for the system's default. Takes up to seconds. Raises SoundError."""
        self._blocks: deque[tuple[FloatArray, float]] = deque(maxlen=_MOST_BLOCKS)
        self._arrived = threading.Event()
        self._sounded = self._last = time.monotonic()
        with devices.portaudio() as audio:
            index, device = devices.choose(audio, name)
            self._name = str(device["name"])
            self._rate = round(float(device["default_samplerate"]))
            self._stream = self._open(audio, index, int(device["max_input_channels"]))
            devices.opened(self._stream)

    @property
    def live(self) -> Notice:
        """See `Source`."""
        if time.monotonic() - self._sounded > MUTE_SECONDS:
            return Notice("sound_mic_mute", name=self._name)
        return Notice("sound_mic_live", name=self._name)

    def quiet(self) -> Notice:
        """See `Source`."""
        if time.monotonic() - self._last > GONE_SECONDS or not self._stream.active:
            raise SoundError("sound_mic_gone", name=self._name)
        return self.live

    def hear(self, seconds: float) -> Heard | None:
        """See `Source`."""
        if not self._arrived.wait(seconds):
            return None
        self._arrived.clear()
        taken: list[tuple[FloatArray, float]] = []
        with contextlib.suppress(IndexError):
            while True:
                taken.append(self._blocks.popleft())
        if not taken:
            return None
        samples = np.concatenate([block for block, _ in taken])
        self._last = taken[-1][1]
        if samples.any():
            self._sounded = self._last
        return Heard(samples, self._rate, self._last)

    def close(self) -> None:
        """See `Source`."""
        devices.close(self._stream)

    def _open(self, audio: Any, index: int, channels: int) -> Any:
        """A running stream. Two channels where there are as many: some systems refuse to mix them to one."""
        problem = ""
        for count in dict.fromkeys((min(2, channels), channels, 1)):
            stream = None
            try:
                stream = audio.InputStream(
                    device=index, samplerate=self._rate, channels=count, dtype="float32", latency="low", callback=self._take
                )
                stream.start()
            except (audio.PortAudioError, ValueError) as error:
                problem = problem or str(error)
                if stream is not None:
                    stream.close(ignore_errors=True)
                continue
            return stream
        raise SoundError("sound_mic_failed", name=self._name, detail=problem)

    def _take(self, block: FloatArray, frames: int, moment: object, status: object) -> None:
        """PortAudio's thread: copy, mixed to one channel, and leave."""
        self._blocks.append((block.mean(axis=1, dtype=np.float32), time.monotonic()))
        self._arrived.set()
