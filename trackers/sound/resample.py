"""Sound of any rate → 16 kHz, block by block."""

from __future__ import annotations

import math

import numpy as np

from ezvtb_core.pose import FloatArray

RATE = 16000
"""Samples per second that everything else here works with: vowels live below 4 kHz."""
LOWEST_RATE, HIGHEST_RATE = 4000, 384000
_STEP = 25
"""Rates are taken as a multiple of this, so that there are at most 640 different positions between two samples; the error is
below 0.4 %, less than a voice changes from one syllable to the next."""
_CUTOFF, _ZEROS = 0.42, 12
"""Pass band as a share of the lower rate, and zero crossings of the sinc on each side: -60 dB from 0.56 of it on."""


class Resampler:
    """Polyphase filter with a windowed sinc (Smith, Digital Audio Resampling); keeps what it needs of the last block."""

    def __init__(self, rate: int) -> None:
        """`rate`: samples per second of what comes. Raises ValueError when it is not between 4 and 384 kHz."""
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise ValueError(f"sound of {rate} samples per second")
        self.rate = rate
        rounded = round(rate / _STEP) * _STEP
        shared = math.gcd(rounded, RATE)
        self._up, self._down = RATE // shared, rounded // shared
        band = 2.0 * _CUTOFF * min(RATE / rounded, 1.0)
        self._taps = 2 * math.ceil(_ZEROS / band)
        offsets = np.arange(self._taps) - (self._taps / 2 - 1)
        distance = offsets[None, :] - (np.arange(self._up) / self._up)[:, None]
        window = np.cos(np.clip(distance / (self._taps / 2), -1, 1) * (math.pi / 2)) ** 2
        kernel = band * np.sinc(band * distance) * window
        self._kernel = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
        self._kept = np.zeros(self._taps - 1, np.float32)
        self._next = 0  # of the next output: position in what is kept, in parts of 1 / up

    @property
    def delay(self) -> float:
        """Seconds by which the output lags."""
        return self._taps / 2 / self.rate

    def __call__(self, samples: FloatArray) -> FloatArray:
        """The next block, float32 (n,) → what is complete of it at 16 kHz, float32 (m,)."""
        sound = np.concatenate([self._kept, samples])
        room = len(sound) - self._taps + 1
        if room < 1:
            self._kept = sound
            return np.zeros(0, np.float32)
        count = max(-((self._next - room * self._up) // self._down), 0)
        result = self._filter(windows(sound, self._taps, 1), count)
        after = self._next + self._down * count
        drop = min(after // self._up, room)
        self._next = after - drop * self._up
        self._kept = sound[drop:]
        return result

    def _filter(self, rows: FloatArray, count: int) -> FloatArray:
        """The next `count` samples; `rows` (n, taps) are all windows of the input."""
        if self._up == 1:  # the usual 48 and 16 kHz: one filter for all, nothing is copied
            chosen = rows[self._next :: self._down][:count]
            steady: FloatArray = np.einsum("nt,t->n", chosen, self._kernel[0])
            return steady
        places = self._next + self._down * np.arange(count)
        changing: FloatArray = np.einsum("nt,nt->n", rows[places // self._up], self._kernel[places % self._up])
        return changing


def windows(sound: FloatArray, length: int, step: int) -> FloatArray:
    """All windows of `sound` (at least `length` long), one every `step` samples: a view (n, length), to be read only."""
    count = (len(sound) - length) // step + 1
    stride = sound.strides[0]
    return np.lib.stride_tricks.as_strided(sound, (count, length), (stride * step, stride))
