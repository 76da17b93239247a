"""Files that OBS plays in the tests: tones, a picture, a video. Made here, so that every value in them is known."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np
from PIL import Image

RATE = 48000
"""OBS's usual rate: nothing is resampled."""
TONES = ((440.0, 0.5), (660.0, 0.25))
"""Hertz and amplitude of the left and the right channel."""
CORNERS = ((200, 30, 40), (20, 180, 60), (40, 60, 220), (230, 220, 30))
"""RGB of the quarters: upper left, upper right, lower left, lower right."""


def tones(path: Path, seconds: float = 10.0) -> Path:
    """A WAV file of `TONES`, whose periods fit, so that it can be repeated without a click."""
    time = np.arange(int(seconds * RATE)) / RATE
    channels = [amplitude * np.sin(2 * np.pi * hertz * time) for hertz, amplitude in TONES]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(np.stack(channels, 1) * 32767).astype("<i2").tobytes())
    return path


def quarters(width: int, height: int) -> np.ndarray:
    """(height, width, 3) uint8 RGB of `CORNERS`."""
    picture = np.zeros((height, width, 3), np.uint8)
    for at, colour in enumerate(CORNERS):
        rows = slice(0, height // 2) if at < 2 else slice(height // 2, None)
        columns = slice(0, width // 2) if at % 2 == 0 else slice(width // 2, None)
        picture[rows, columns] = colour
    return picture


def picture(path: Path, width: int, height: int) -> Path:
    """A PNG of `quarters`."""
    Image.fromarray(quarters(width, height)).save(path)
    return path


def video(path: Path, width: int = 320, height: int = 240, fps: int = 25, seconds: int = 4) -> Path:
    """A video whose every frame has a grey of its own: even a few pictures a second differ. Needs the packages for video."""
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", 4_000_000
        for number in range(fps * seconds):
            grey = np.full((height, width, 3), 30 + (number * 67) % 199, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return path


def speech(path: Path) -> Path:
    """A WAV file of a spoken sentence. Needs espeak-ng."""
    words = "Hello everyone, how are you today. We are going to play a new game, and you may choose who goes first."
    subprocess.run(["espeak-ng", "-w", str(path), "-s", "130", words], check=True)
    return path


def media(path: Path) -> dict[str, object]:
    """Settings of OBS's media source (`ffmpeg_source`) that plays a file for ever."""
    return {"local_file": str(path), "looping": True, "restart_on_activate": False, "close_when_inactive": False}
