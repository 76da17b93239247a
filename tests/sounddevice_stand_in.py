"""Stands in for the module sounddevice, which needs real devices. `test_devices.py` compares its calls with the real module's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt


class PortAudioError(Exception):
    """As the original's."""


class StandIn:
    """Two microphones, a loudspeaker, and the first microphone again under another interface, with its name cut."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        self.names = ["Headset", "Webcam", "Loudspeaker", "Heads"]
        self.channels = [1, 2, 0, 1]
        self.refuses: set[str] = set()
        """Names that cannot be opened."""
        self.sound: Callable[[int], npt.NDArray[np.float32]] = lambda frames: np.full(frames, 0.01, np.float32)
        self.initialised = 0
        self.open: list[Stream] = []
        self.default = SimpleNamespace(hostapi=1)
        outer = self

        class InputStream(Stream):
            def __init__(self, **options: Any) -> None:
                super().__init__(outer, **options)

        self.InputStream = InputStream

    def _initialize(self) -> None:
        self.initialised += 1

    def _terminate(self) -> None:
        assert not self.open, "PortAudio was ended under an open stream"
        self.initialised -= 1

    def query_hostapis(self, index: int | None = None) -> Any:
        inputs = [place for place in (0, 1) if self.names[place]]
        table = (
            {"name": "MME", "devices": [3], "default_input_device": 3},
            {"name": "Windows WASAPI", "devices": [0, 1, 2], "default_input_device": inputs[-1] if inputs else -1},
        )
        return table if index is None else table[index]

    def query_devices(self, device: int | None = None, kind: str | None = None) -> Any:
        assert device is not None
        channels = self.channels[device] if self.names[device] else 0
        return {"name": self.names[device], "max_input_channels": channels, "default_samplerate": 16000.0}

    def unplug(self, name: str) -> None:
        """No more blocks, and not in the list any longer."""
        for stream in self.open:
            if stream.name == name:
                stream.pulled = True
        self.names[self.names.index(name)] = ""


class Stream:
    """Gives a block every 10 ms on a thread of its own, as PortAudio does."""

    def __init__(
        self,
        audio: StandIn,
        samplerate: float | None = None,
        device: int | None = None,
        channels: int | None = None,
        dtype: str | None = None,
        latency: str | None = None,
        callback: Any = None,
    ) -> None:
        assert device is not None
        assert dtype == "float32"
        self._audio, self._channels, self._callback = audio, channels or 1, callback
        self.name = audio.names[device]
        self.pulled = False
        if self.name in audio.refuses:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        if self._channels > audio.channels[device]:
            raise PortAudioError("Invalid number of channels [PaErrorCode -9998]")
        self._frames = round((samplerate or 16000) / 100)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._running = False

    @property
    def active(self) -> bool:
        return self._running

    def start(self) -> None:
        self._running = True
        self._audio.open.append(self)
        self._thread.start()

    def close(self, ignore_errors: bool = True) -> None:
        self._running = False
        if self in self._audio.open:
            self._audio.open.remove(self)
            self._thread.join()

    def _run(self) -> None:
        while self._running:
            time.sleep(0.01)
            if not self.pulled:
                block = np.repeat(self._audio.sound(self._frames)[:, None], self._channels, axis=1)
                self._callback(block, self._frames, None, None)
                block[:] = np.nan  # the original's block is used again after the call
