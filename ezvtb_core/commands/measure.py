"""What a run leaves behind: how long the model took, and what the tracker gave."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ezvtb_core.commands.writers import replacing
from ezvtb_core.frames import Pixels
from ezvtb_core.models import ModelSpec, PosingModel
from ezvtb_core.pose import SIZE, FloatArray, TrackedPose


class TimedModel:
    """A `PosingModel` that notes how long each frame took."""

    def __init__(self, model: PosingModel) -> None:
        self._model = model
        self.spec: ModelSpec = model.spec
        self.device = model.device
        self.size = model.size
        self.report = model.report
        self.seconds: list[float] = []

    def render(self, pose: FloatArray) -> Pixels:
        """See `PosingModel.render`."""
        began = time.perf_counter()
        frame = self._model.render(pose)
        self.seconds.append(time.perf_counter() - began)
        return frame

    def close(self) -> None:
        """See `PosingModel.close`."""
        self._model.close()

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name

    @property
    def runs(self) -> int:
        """How often it ran."""
        return len(self.seconds)

    def forget(self) -> None:
        """Leave out what was measured so far: the first frame waits for memory and code that later ones find ready."""
        self.seconds.clear()

    def percentiles(self) -> tuple[float, float]:
        """Median and 99th percentile in milliseconds; zeros when it never ran."""
        if not self.seconds:
            return 0.0, 0.0
        p50, p99 = np.percentile(self.seconds, (50, 99)) * 1e3
        return float(p50), float(p99)


class Recorder:
    """Collects what a tracker gave."""

    def __init__(self) -> None:
        self._poses: list[TrackedPose] = []

    def add(self, tracked: TrackedPose) -> None:
        """Keep a pose."""
        self._poses.append(tracked)

    def __len__(self) -> int:
        return len(self._poses)

    def save(self, path: Path) -> int:
        """Write `time` (N,) float64, seconds from the first pose, and `pose` (N, 45) float32; returns N. Raises OSError."""
        times = np.array([tracked.time for tracked in self._poses], np.float64)
        poses = np.array([tracked.pose for tracked in self._poses], np.float32).reshape(-1, SIZE)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, time=times - times[:1].sum(), pose=poses)
        return len(times)
