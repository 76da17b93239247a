"""The committed character, rendered once per pose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

CHARACTER = Path(__file__).resolve().parents[3] / "data" / "character"
Frame = npt.NDArray[np.uint8]
Render = Callable[..., Frame]

# the pose table: name -> index; pairs are (subject's left, subject's right)
PAIRS = {
    "eyebrow_troubled": 0,
    "eyebrow_angry": 2,
    "eyebrow_lowered": 4,
    "eyebrow_raised": 6,
    "eyebrow_happy": 8,
    "eyebrow_serious": 10,
    "eye_wink": 12,
    "eye_happy_wink": 14,
    "eye_surprised": 16,
    "eye_relaxed": 18,
    "eye_unimpressed": 20,
    "eye_raised_lower_eyelid": 22,
    "iris_small": 24,
    "mouth_lowered_corner": 32,
    "mouth_raised_corner": 34,
}
INDEX = {
    "mouth_aaa": 26,
    "mouth_iii": 27,
    "mouth_uuu": 28,
    "mouth_eee": 29,
    "mouth_ooo": 30,
    "mouth_delta": 31,
    "mouth_smirk": 36,
    "iris_rotation_x": 37,
    "iris_rotation_y": 38,
    "head_x": 39,
    "head_y": 40,
    "neck_z": 41,
    "body_y": 42,
    "body_z": 43,
    "breathing": 44,
}
for name, first in PAIRS.items():
    INDEX[name + "_left"], INDEX[name + "_right"] = first, first + 1


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
