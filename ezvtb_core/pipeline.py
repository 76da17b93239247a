"""From a pose to a frame for OBS. The order of the stages is the order of the lines in `Pipeline.render`.

Whatever comes between (a cache before the model; in-between frames and enlarging after it) takes its place there, works on
straight BGRA, and is built once for all models and backends.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ezvtb_core.frames import Pixels, premultiply
from ezvtb_core.models import PosingModel
from ezvtb_core.pacing import Clock
from ezvtb_core.pose import FloatArray


@dataclass(frozen=True)
class Rendered:
    """A frame ready for OBS."""

    pixels: Pixels
    """uint8 (height, width, 4), premultiplied BGRA, C-contiguous; valid until the next call of `render`."""
    fresh: bool
    """False when this is the frame of the call before: the pose has not changed for this model, nothing was computed."""
    model_seconds: float
    """Time that the model took; 0 when it did not run."""


class Pipeline:
    """Model and stages of one source. Not thread-safe."""

    def __init__(self, model: PosingModel, clock: Clock = time.perf_counter) -> None:
        self.model = model
        width, height = model.size
        self._clock = clock
        self._reads = np.r_[model.spec.reads]
        self._key: bytes | None = None
        self._pixels: Pixels = np.zeros((height, width, 4), np.uint8)

    def render(self, pose: FloatArray) -> Rendered:
        """The frame of `pose`, float32 (45,), inside the ranges, equal poses with equal bytes (see `quantise`).

        Raises what the model raises; the next call then computes anew. Raises ValueError when the model breaks its contract.
        """
        key = pose[self._reads].tobytes()
        if key == self._key:
            return Rendered(self._pixels, False, 0.0)
        self._key = None  # what was drawn before is overwritten from here on
        start = self._clock()
        straight = self.model.render(pose)
        seconds = self._clock() - start
        if straight.shape != self._pixels.shape or straight.dtype != np.uint8:
            raise ValueError(f"model frame: expected uint8 {self._pixels.shape}, got {straight.dtype} {straight.shape}")
        premultiply(straight, out=self._pixels)
        self._key = key
        return Rendered(self._pixels, True, seconds)

    def close(self) -> None:
        """Release the model."""
        self.model.close()
