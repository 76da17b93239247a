"""Speech with known phones, made by eSpeak NG (Debian: espeak-ng), for tests of the mouth that follows sound."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_RETRIEVAL, _PHONEME_EVENTS, _UTF8, _PHONEMES = 1, 1, 1, 0x100
_LIST_TERMINATED, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
"""Numbers of speak_lib.h."""

VOWELS: dict[str, str] = {
    "a": "a", "a:": "a", "A": "a", "A:": "a", "aa": "a", "a#": "a", "V": "a", "0": "a",
    "i": "i", "i:": "i", "I": "i", "I2": "i", "i#": "i",
    "u": "u", "u:": "u", "U": "u", "u-": "u", "W": "u",
    "e": "e", "e:": "e", "E": "e", "E:": "e", "E#": "e",
    "o": "o", "o:": "o", "O": "o", "O:": "o", "o#": "o",
}  # fmt: skip
"""eSpeak's names of monophthongs → which of the five vowels they are. Other vowels (@, 3:, diphthongs) belong to none.
"0" is the American one of "hot"."""


@dataclass(frozen=True)
class Phone:
    """One sound of speech; seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Speech:
    """Spoken text."""

    samples: Samples
    rate: int
    phones: tuple[Phone, ...]


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Engine:
    """The library, initialised once per process."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.rate = library.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS)
        self._blocks: list[npt.NDArray[np.int16]] = []
        self._marks: list[tuple[float, str]] = []
        self._callback = _CALLBACK(self._take)
        library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: str, words: int, pitch: int, spread: int) -> Speech:
        self._blocks, self._marks = [], []
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"eSpeak NG has no voice {voice}")
        for parameter, value in ((_RATE, words), (_PITCH, pitch), (_RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        self._library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 1, 0, _UTF8 | _PHONEMES, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate([np.zeros(0, np.int16), *self._blocks]).astype(np.float32) / np.float32(32768)
        ends = [start for start, _ in self._marks[1:]] + [len(samples) / self.rate]
        phones = (Phone(name, start, end) for (start, name), end in zip(self._marks, ends, strict=True))
        return Speech(samples, self.rate, tuple(phones))

    def _take(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            self._blocks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        position = 0
        while events[position].type != _LIST_TERMINATED:
            if events[position].type == _PHONEME:
                name = events[position].id.string.decode("utf-8", "replace")
                self._marks.append((events[position].audio_position / 1000, name))
            position += 1
        return 0


@functools.cache
def _engine() -> _Engine | None:
    for name in (ctypes.util.find_library("espeak-ng"), "libespeak-ng.so.1"):
        if name:
            try:
                return _Engine(ctypes.CDLL(name))
            except OSError:
                continue
    return None


def speaker() -> Callable[..., Speech]:
    """`speak`. Skips the test, saying so, where eSpeak NG is missing."""
    if _engine() is None:
        import pytest  # not needed by the benchmark

        pytest.skip("MISSING PROGRAM: eSpeak NG (Debian: espeak-ng) is not here, so no speech was listened to")
    return speak


def speak(text: str, voice: str, *, words: int = 150, pitch: int = 50, spread: int = 50, phones: bool = False) -> Speech:
    """Say `text` (eSpeak's phoneme names with `phones`) at `words` per minute; pitch and its spread 0..99.

    `voice` is a language with a variant, `es+f2`. Raises RuntimeError where eSpeak NG is missing.
    """
    engine = _engine()
    if engine is None:
        raise RuntimeError("eSpeak NG (Debian: espeak-ng) is not installed")
    return engine.say(f"[[{text}]]" if phones else text, voice, words, pitch, spread)


def with_noise(samples: Samples, snr: float, seed: int = 0) -> Samples:
    """Pink noise added, `snr` dB below the mean power of what is not silence."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(len(samples)))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
    noise = np.fft.irfft(spectrum, len(samples))
    spoken = samples[np.abs(samples) > 0.005]
    power = float(np.mean(spoken**2)) if len(spoken) else 1e-4
    noise *= np.sqrt(power / 10 ** (snr / 10) / np.mean(noise**2))
    return (samples + noise).astype(np.float32)
