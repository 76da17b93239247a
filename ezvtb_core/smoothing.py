"""One-Euro filter over the 45-value pose.

Casiez, Roussel, Vogel: "1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems", CHI 2012.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ezvtb_core.pose import BREATHING, EYEBROWS, EYES, HEAD, IRIS_ROTATION, MOUTH, SIZE, FloatArray

_Doubles = npt.NDArray[np.float64]
_DERIVATIVE_HZ = np.array(1.0)
"""Cutoff for the speed, as in the paper."""
SHORTEST_SECONDS = 1e-6
LONGEST_SECONDS = 0.5
"""After a longer pause the new pose is taken as it is: what was before says nothing about it."""

_GROUPS: tuple[tuple[slice, float, float, float, float], ...] = (
    # values, then minimum cutoff in Hz at smoothing 0+ and 100, then cutoff gained per unit/s at 0+ and 100
    (EYEBROWS, 12.0, 1.0, 6.0, 1.0),
    (EYES, 40.0, 12.0, 20.0, 10.0),
    (MOUTH, 30.0, 8.0, 10.0, 5.0),
    (IRIS_ROTATION, 12.0, 0.6, 6.0, 1.5),
    (slice(HEAD.start, BREATHING), 12.0, 0.4, 4.0, 0.6),
)
"""Head and body have the calmest: their jitter moves the whole picture. Eyes and mouth stay quick at any setting, as late blinks
and lips are noticed at once. Breath comes from us and has no noise. In between, logarithms are interpolated over the root of the
setting: the default of 30 gives the head 1.9 Hz, on recordings of OpenSeeFace a lag of 40 ms at 0.3 to 0.6 of the jerk."""


class OneEuro:
    """The filter and its state. Not thread-safe."""

    def __init__(self, smoothing: int = 0) -> None:
        self._smoothing = -1
        self._minimum = np.full(SIZE, np.inf)
        self._beta = np.zeros(SIZE)
        self._value: _Doubles | None = None
        self._speed = np.zeros(SIZE)
        self.smoothing = smoothing

    @property
    def smoothing(self) -> int:
        """0 passes everything through unchanged, 100 is the calmest. Can be changed at any time without a jump."""
        return self._smoothing

    @smoothing.setter
    def smoothing(self, smoothing: int) -> None:
        if smoothing == self._smoothing:
            return
        self._smoothing = min(max(int(smoothing), 0), 100)
        share = math.sqrt(self._smoothing / 100.0)
        for values, minimum_quick, minimum_calm, beta_quick, beta_calm in _GROUPS:
            self._minimum[values] = minimum_quick * (minimum_calm / minimum_quick) ** share
            self._beta[values] = beta_quick * (beta_calm / beta_quick) ** share

    def reset(self) -> None:
        """Forget the past: the next pose passes unchanged."""
        self._value = None

    def __call__(self, pose: FloatArray, dt: float) -> FloatArray:
        """Filter `pose` (45,) that comes `dt` seconds after the one before. Returns a new float32 (45,).

        With `dt` of (nearly) 0, negative or not a number, time has not moved and the last result is given again. Values that are
        not numbers are taken as unchanged. Inputs inside the ranges give results inside the ranges.
        """
        value = self._value
        if value is None or dt > LONGEST_SECONDS or self._smoothing == 0:
            self._value = np.where(np.isfinite(pose), pose, 0.0)
            self._speed = np.zeros(SIZE)
            return self._value.astype(np.float32)
        if not dt >= SHORTEST_SECONDS:
            return value.astype(np.float32)
        change = np.where(np.isfinite(pose), pose, value) - value
        self._speed += (change / dt - self._speed) * _alpha(_DERIVATIVE_HZ, dt)
        cutoff = self._minimum + self._beta * np.abs(self._speed)
        self._value = value + change * _alpha(cutoff, dt)
        return self._value.astype(np.float32)


def _alpha(cutoff: _Doubles, dt: float) -> _Doubles:
    """Weight of the new value in an exponential filter of `cutoff` Hz: 1 / (1 + tau/dt), tau = 1 / (2 pi cutoff)."""
    weight: _Doubles = 1.0 / (1.0 + 1.0 / (math.tau * dt * cutoff))
    return weight
