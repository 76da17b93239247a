"""Sound → the mouth of the pose."""

from __future__ import annotations

import math

import numpy as np

from ezvtb_core.pose import MOUTH, FloatArray
from trackers.sound.opening import Opening
from trackers.sound.resample import RATE, Resampler
from trackers.sound.spectrum import HOP, Framer, analyse
from trackers.sound.vowels import VOWELS, VowelEar, VowelModel

VOWEL_SECONDS = 0.05
"""Time constant of the change from one vowel to the next: a tongue needs as long, and nothing flickers."""
SIZE = MOUTH.stop - MOUTH.start
_SECONDS = HOP / RATE
_LOUDEST = 4.0
"""12 dB beyond what can be heard undistorted; more is no sound."""


def shut() -> FloatArray:
    """A mouth at rest: float32 (11,), all zero."""
    return np.zeros(SIZE, np.float32)


class SoundMouth:
    """The ear for one source of sound with its state. Not thread-safe.

    `gain` 1 opens the mouth fully at this person's loudest; with `vowels` False it only opens and shuts.
    """

    def __init__(self, model: VowelModel) -> None:
        self.gain = 1.0
        self.vowels = True
        self._ear = VowelEar(model)
        self._opening = Opening()
        self._resampler = Resampler(RATE)
        self._framer = Framer()
        self._shares: FloatArray = np.full(len(VOWELS), 1 / len(VOWELS), np.float32)

    @property
    def opening(self) -> float:
        """0 shut .. 1 open, before the gain."""
        return self._opening.opening

    def hear(self, samples: FloatArray, rate: int) -> FloatArray | None:
        """The next block of mono sound, float32 (n,), ±1, at `rate` per second: the mouth at its end, (11,), each 0..1.

        None when the block was too short for anything new. A block of more than two seconds is cut to its end. A rate that
        no sound has gives None.
        """
        if rate != self._resampler.rate:
            try:
                self._resampler = Resampler(rate)
            except ValueError:
                return None
        samples = samples[-(2 * rate) :]
        sound = samples.astype(np.float32, copy=False).clip(-_LOUDEST, _LOUDEST)
        if not math.isfinite(float(sound.sum())):
            sound = np.nan_to_num(sound)
        windows = self._framer(self._resampler(sound))
        if not len(windows):
            return None
        frames = analyse(windows)
        sureties = np.zeros(len(windows), np.float32)
        before = []
        for index, (level, voicing) in enumerate(zip(frames.level.tolist(), frames.voicing.tolist(), strict=True)):
            before.append(self._opening.opening)
            self._opening.update(level, voicing, _SECONDS)
            sureties[index] = self._opening.surety
        if self.vowels and sureties.any():
            self._mix(self._ear.hear(frames.cepstra, sureties, _SECONDS), sureties.tolist(), before)
        return self._mouth()

    def rest(self, seconds: float) -> FloatArray:
        """The mouth (11,) after `seconds` without any sound, not even silence: it shuts, and nothing is learned from it."""
        self._opening.rest(seconds)
        return self._mouth()

    def _mix(self, heard: FloatArray, sureties: list[float], openings: list[float]) -> None:
        """Move the shares towards what was heard, as far as it was a voice; at once where the mouth was shut."""
        share = -math.expm1(-_SECONDS / VOWEL_SECONDS)
        for found, surety, opening in zip(heard, sureties, openings, strict=True):
            if surety > 0.0:
                step = max(share, 1.0 - opening / 0.1) if opening < 0.1 else share
                self._shares = self._shares + np.float32(step * surety) * (found - self._shares)

    def _mouth(self) -> FloatArray:
        mouth = shut()
        opening = min(self._opening.opening * self.gain, 1.0)
        if self.vowels:
            mouth[: len(VOWELS)] = self._shares * opening
        else:
            mouth[0] = opening
        return mouth.clip(0.0, 1.0)
