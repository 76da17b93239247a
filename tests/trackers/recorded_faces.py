"""Recorded blend shapes and what the original programs made of them, from `../shared/captures`."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.peers import CAPTURES
from trackers.face import ARKIT


@dataclass(frozen=True)
class Recording:
    """Rows of one clip: ARKit shapes (N, 52) in our order, head degrees (N, 3) with our signs, `frame_seconds` apart."""

    shapes: np.ndarray
    head: np.ndarray
    frame_seconds: float


def archive(name: str) -> dict[str, np.ndarray]:
    """All arrays of a file of the captures. Skips the test, saying so, where it is missing."""
    file = CAPTURES / name
    if not file.exists():
        pytest.skip(f"MISSING CAPTURE: {file} is not here, so nothing was compared with recorded data")
    with np.load(file, allow_pickle=False) as data:
        return {key: data[key] for key in data.files}


def in_our_order(shapes: np.ndarray, names: np.ndarray) -> np.ndarray:
    """(N, 52) float32 in the order of `ARKIT`; what a source does not have is 0."""
    place = {str(name): index for index, name in enumerate(names)}
    columns = [shapes[:, place[name]] if name in place else np.zeros(len(shapes)) for name in ARKIT]
    return np.stack(columns, axis=1).astype(np.float32)


def converted(clip: str) -> tuple[Recording, dict[str, np.ndarray]]:
    """Input and golden output of the original converters for `khill` (every frame) or `expr` (every third)."""
    data = archive(f"golden/conv_{clip}.npz")
    shapes = in_our_order(data["blendshapes"], data["blendshape_names"])
    # The originals take pitch and yaw with the opposite sign (reference: head_x = -X/15, head_y = -Y/10, neck_z = +Z/15).
    head = data["head_deg"] * np.array([-1.0, -1.0, 1.0])
    return Recording(shapes, head, 1 / 25 if clip == "khill" else 0.1), data


def mediapipe(clip: str) -> Recording:
    """Every frame of `khill` (25 per second) or `expr` (30 per second) as MediaPipe saw it."""
    data = archive(f"mediapipe_{clip}.npz")
    turn = data["matrix"][:, :3, :3]
    pitch = np.degrees(np.arctan2(turn[:, 2, 1], turn[:, 2, 2]))
    yaw = np.degrees(np.arcsin(np.clip(-turn[:, 2, 0], -1.0, 1.0)))
    roll = np.degrees(np.arctan2(turn[:, 1, 0], turn[:, 0, 0]))
    return Recording(in_our_order(data["blendshapes"], data["names"]), np.stack([-pitch, -yaw, roll], 1), 1 / float(data["fps"]))
