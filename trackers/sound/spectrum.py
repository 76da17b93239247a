"""Sound at 16 kHz → what is needed of each hundredth of a second: level, voicing, and the shape of the spectrum."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ezvtb_core.pose import FloatArray
from trackers.sound.resample import RATE, windows

WINDOW, HOP = 400, 160
"""25 ms every 10 ms, as in speech recognition: two periods of a low voice, and short against a vowel."""
_FFT = 1024
"""At least window plus longest period, so that the autocorrelation does not wrap around."""
LOWEST_BAND, HIGHEST_BAND, BANDS, CEPSTRA = 100.0, 4000.0, 26, 13
"""Hz, Hz, mel bands, cepstra. Nothing above 4 kHz is looked at, so headsets that send 8 kHz (Bluetooth calls) are heard alike."""
_SHORTEST_PERIOD, _LONGEST_PERIOD = 32, 214
"""Samples: voices from 75 to 500 Hz; a period of a higher voice is found at its double."""
QUIET = -100.0
"""Level in dB given to digital silence."""


class Frames(NamedTuple):
    """n windows of sound."""

    level: FloatArray
    """(n,) dB of full scale (mean square) between 100 Hz and 4 kHz."""
    voicing: FloatArray
    """(n,) 0 noise .. 1 a steady tone: how much of the power repeats with the period of a voice."""
    cepstra: FloatArray
    """(n, 13) shape of the spectrum, without loudness."""


def _mel(hertz: float) -> float:
    return 2595.0 * math.log10(1.0 + hertz / 700.0)


def _filters() -> FloatArray:
    """(bins, BANDS): triangles, equally wide in mel (Davis and Mermelstein 1980)."""
    edges = np.linspace(_mel(LOWEST_BAND), _mel(HIGHEST_BAND), BANDS + 2)
    edges = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    bins = _BIN[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(np.minimum(rising, falling), 0.0).astype(np.float32)


_HEARD = slice(math.ceil(LOWEST_BAND * _FFT / RATE), math.floor(HIGHEST_BAND * _FFT / RATE) + 1)
"""Bins of the spectrum that are looked at."""
_BIN = np.fft.rfftfreq(_FFT, 1 / RATE)[_HEARD]
_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_FILTERS = _filters()
_EMPHASIS = (1.0 + 0.97**2 - 2 * 0.97 * np.cos(2 * math.pi * _BIN / RATE)).astype(np.float32)
"""Power response of a pre-emphasis of 0.97, which evens out the fall of a voice's spectrum."""
_COSINES = 2.0 / BANDS * np.cos(math.pi * np.outer(np.arange(BANDS) + 0.5, np.arange(1, CEPSTRA + 1)) / BANDS)
_COSINES = _COSINES.astype(np.float32)
_DEPTH = 10.0 ** (-22 / 10)
"""Bands weaker than 22 dB below the strongest one are taken as about that: what is deeper says more about noise than about vowels
(clean and noisy speech then look alike)."""
_POWER = np.float32(2.0 / (_FFT * float(np.sum(_HANN**2))))
_LAGS = slice(_SHORTEST_PERIOD, _LONGEST_PERIOD + 1)
_WINDOW_REPEATS = (np.correlate(_HANN, _HANN, "full")[WINDOW - 1 :] / np.sum(_HANN**2))[_LAGS].astype(np.float32)
"""What the window alone leaves of a repetition (Boersma 1993 divides by it to be fair to long periods)."""


def analyse(frames: FloatArray) -> Frames:
    """Windows of 16 kHz sound, float32 (n, 400) → Frames."""
    spectrum = np.fft.rfft(frames * _HANN, _FFT)
    part = spectrum[:, _HEARD]
    power = part.real**2 + part.imag**2
    level = np.maximum(10.0 * np.log10(power.sum(axis=1) * _POWER + 1e-12), QUIET)
    spectrum[:] = 0.0
    spectrum[:, _HEARD] = power
    repeats = np.fft.irfft(spectrum, _FFT)
    strongest = (repeats[:, _LAGS] / _WINDOW_REPEATS).max(axis=1) / np.maximum(repeats[:, 0], 1e-12)
    bands = (power * _EMPHASIS) @ _FILTERS
    bands = np.log(bands + _DEPTH * bands.max(axis=1, keepdims=True) + 1e-12)
    cepstra = bands @ _COSINES
    return Frames(level.astype(np.float32), strongest.clip(0.0, 1.0).astype(np.float32), cepstra.astype(np.float32))


class Framer:
    """Sound in blocks of any length → windows that overlap."""

    def __init__(self) -> None:
        self._kept = np.zeros(0, np.float32)

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Add 16 kHz samples, float32 (m,); the windows that are complete now, (n, 400), n may be 0."""
        sound = np.concatenate([self._kept, samples])
        count = max((len(sound) - WINDOW) // HOP + 1, 0)
        self._kept = sound[count * HOP :]
        if not count:
            return np.zeros((0, WINDOW), np.float32)
        return windows(sound, WINDOW, HOP)

    @property
    def waiting(self) -> int:
        """Samples that are kept for the next window."""
        return len(self._kept)
