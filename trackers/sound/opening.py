"""Level and voicing → how far the mouth is open, adapting to the noise of a room and the loudness of a person."""

from __future__ import annotations

import math
from collections import deque

from trackers.limits import share

ATTACK_SECONDS, RELEASE_SECONDS = 0.03, 0.09
"""Time constants: lips open faster than they shut, and a mouth that shuts at once looks nervous."""
SILENT = -70.0
"""dB of full scale below which nothing counts as sound: the noise of any microphone is above."""
LOUD_START, LOUDEST, SOFTEST = -30.0, -6.0, -52.0
"""Level in dB that opens the mouth fully: at the start, and its limits. Speech into a headset is at -35 to -15."""

_MARGIN = 6.0
"""dB above the noise before the mouth opens: noise in windows of 25 ms varies by ±2 dB."""
_SPAN = 24.0
"""dB from shut to fully open: vowels of one sentence differ by 10 to 15 dB, murmured ends by more."""
_SMALLEST_SPAN = 9.0
"""Speech that is so near to the noise opens the mouth less, instead of with every flicker of the noise."""
_FLOOR_SECONDS, _FLOOR_BLOCKS = 1.6, 8
"""The noise is the lowest level of this time (minimum statistics, Martin 2001): nobody speaks so long without a gap."""
_FLOOR_START = -45.0
"""Highest noise that is assumed before any is known: who is already talking must not be taken for it."""
_FLOOR_SMOOTHING = 0.05
_RISE, _RISE_VOICED = 12.0, 1.5
"""dB per second by which the noise may rise: slowly while something voiced is heard, which may be a note that is held."""
_LOUD_ATTACK, _LOUD_FALL = 0.15, 0.7
_LOUD_USUAL, _LOUD_RETURN = 10.0, 4.0
"""Seconds, and dB per second of voice. A voice that is more than 10 dB below the level so far lowers it with a time constant of
4 s of voice: who shouted once, or turned the microphone down, is not ignored for long."""
_VOICED_FROM, _VOICED_TO = 0.45, 0.75
"""Voicing where it begins to count as a voice, and where it fully does. White noise has 0.3 ± 0.06, vowels have about 0.9 at
10 dB above a noise and more in a quiet room."""
_UNVOICED_SHARE = 0.2
"""Opening of voiceless sounds (s, t, f) between voiced ones: people hiss with teeth together. Those that come alone (keys,
clicks, a fan that is switched on) open nothing."""
_TALKING_SECONDS = 0.3


class Opening:
    """State of one source of sound; one level after the other, `seconds` apart."""

    def __init__(self) -> None:
        self._floor = float("nan")
        self._smooth = 0.0
        self._lowest: deque[float] = deque(maxlen=_FLOOR_BLOCKS)
        self._block, self._block_left = float("inf"), 0.0
        self._talking = 0.0
        self._loud = LOUD_START
        self.opening = 0.0
        """0 shut .. 1 open."""
        self.surety = 0.0
        """0..1: how surely the last window was a voice."""

    @property
    def floor(self) -> float:
        """Level of the noise, dB; not a number before the first window."""
        return self._floor

    @property
    def loud(self) -> float:
        """Level that opens the mouth fully, dB."""
        return self._loud

    def update(self, level: float, voicing: float, seconds: float) -> float:
        """The next window: level in dB, voicing 0..1. Returns `opening`."""
        voiced = share((voicing - _VOICED_FROM) / (_VOICED_TO - _VOICED_FROM))
        self._follow_floor(level, voiced, seconds)
        shut = max(self._floor + _MARGIN, self._loud - _SPAN, SILENT)
        above = share((level - shut) / max(self._loud - shut, _SMALLEST_SPAN))
        self.surety = voiced * share((level - max(self._floor, SILENT) - _MARGIN) / _MARGIN)
        self._follow_voice(level, seconds)
        unvoiced = _UNVOICED_SHARE * share(3.0 * self._talking)
        self._move(above * max(voiced, unvoiced), seconds)
        return self.opening

    def rest(self, seconds: float) -> float:
        """Time without a window: the mouth shuts. Returns `opening`."""
        self._move(0.0, seconds)
        return self.opening

    def _move(self, target: float, seconds: float) -> None:
        constant = ATTACK_SECONDS if target > self.opening else RELEASE_SECONDS
        self.opening += (target - self.opening) * -math.expm1(-seconds / constant)
        if target == 0.0 and self.opening < 0.01:
            self.opening = 0.0

    def _follow_floor(self, level: float, voiced: float, seconds: float) -> None:
        level = max(level, SILENT)
        if math.isnan(self._floor):
            self._floor, self._smooth = min(level, _FLOOR_START), level
        self._smooth += (level - self._smooth) * -math.expm1(-seconds / _FLOOR_SMOOTHING)
        self._talking += (voiced - self._talking) * -math.expm1(-seconds / _TALKING_SECONDS)
        self._block, self._block_left = min(self._block, self._smooth), self._block_left - seconds
        lowest = min(self._block, min(self._lowest, default=self._block))
        if self._block_left <= 0.0:
            self._lowest.append(self._block)
            self._block, self._block_left = float("inf"), _FLOOR_SECONDS / _FLOOR_BLOCKS
        rise = _RISE + (_RISE_VOICED - _RISE) * self._talking
        self._floor = min(lowest, self._floor + rise * seconds)

    def _follow_voice(self, level: float, seconds: float) -> None:
        if self.surety < 0.5:
            return
        if level > self._loud:
            self._loud += (level - self._loud) * -math.expm1(-seconds / _LOUD_ATTACK)
        else:
            self._loud -= max(_LOUD_FALL, (self._loud - level - _LOUD_USUAL) / _LOUD_RETURN) * seconds
        self._loud = min(max(self._loud, self._floor + _MARGIN + _SMALLEST_SPAN, SOFTEST), LOUDEST)
