"""The committed character, rendered once per pose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ezvtb_core.pose import INDEX

CHARACTER = Path(__file__).resolve().parents[3] / "data" / "character"
Frame = npt.NDArray[np.uint8]
Render = Callable[..., Frame]

PAIRS = {name.removesuffix("_left"): index for name, index in INDEX.items() if name.endswith("_left")}
"""Pose index of the subject's left one of every pair; the right one follows it."""


@pytest.fixture(scope="session")
def session() -> object:
    """One ONNX Runtime session on the committed model."""
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    return ort.InferenceSession(str(CHARACTER / "puppet.onnx"), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="session")
def render(session: object) -> Render:
    """``render(eye_wink_left=1.0, ...)`` -> (512, 512, 4) uint8 BGRA; a pair's common name sets both sides."""
    cache: dict[bytes, Frame] = {}

    def run(**values: float) -> Frame:
        pose = np.zeros((1, 45), np.float32)
        for key, value in values.items():
            for k in [PAIRS[key], PAIRS[key] + 1] if key in PAIRS else [INDEX[key]]:
                pose[0, k] = value
        if pose.tobytes() not in cache:
            cache[pose.tobytes()] = session.run(None, {"pose": pose})[0]  # type: ignore[attr-defined]
        return cache[pose.tobytes()]

    return run
