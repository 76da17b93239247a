"""Real faces in ARKit's terms, from recordings of MediaPipe: the source of the generated streams of phones and VMC programs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.peers import CAPTURES
from trackers.face import SHAPE


@dataclass(frozen=True)
class Recording:
    """N moments of one face."""

    time: np.ndarray
    """(N,) seconds from 0."""
    shapes: np.ndarray
    """(N, 52), order of `trackers.face.ARKIT`; tongueOut, which MediaPipe does not give, is 0."""
    head: np.ndarray
    """(N, 3) degrees about X, Y, Z as ARKit counts them: X + lowers the nose, Y + turns to the subject's own left, Z + tilts to
    the own right shoulder; turned in the order X, Y, Z, the only one that gives the angles of the converters' goldens."""
    position: np.ndarray
    """(N, 3) metres; x to the subject's own left, y up, z towards the camera, which is at 0."""

    def __len__(self) -> int:
        return len(self.time)

    def part(self, first: int, last: int) -> Recording:
        """Moments `first` to before `last`."""
        cut = slice(first, last)
        return Recording(self.time[cut] - self.time[first], self.shapes[cut], self.head[cut], self.position[cut])


def recording(name: str) -> Recording:
    """`mediapipe_khill` or `mediapipe_expr` of `../shared/captures`. Skips the test, saying so, where it is missing."""
    file = CAPTURES / f"{name}.npz"
    if not file.exists():
        import pytest  # not needed by the benchmarks

        pytest.skip(f"MISSING CAPTURE: {file} is not here, so no stream was made from real faces")
    with np.load(file, allow_pickle=False) as data:
        time, names, scores, matrix = data["time"], data["names"], data["blendshapes"], data["matrix"]
    shapes = np.zeros((len(time), len(SHAPE)))
    for column, shape in enumerate(names):
        if shape in SHAPE:
            shapes[:, SHAPE[shape]] = scores[:, column]
    turn = matrix[:, :3, :3].astype(float)
    head = np.degrees(
        np.stack(
            [
                np.arctan2(turn[:, 2, 1], turn[:, 2, 2]),
                -np.arcsin(np.clip(turn[:, 2, 0], -1, 1)),
                np.arctan2(turn[:, 1, 0], turn[:, 0, 0]),
            ],
            axis=1,
        )
    )
    return Recording(time - time[0], shapes, head, matrix[:, :3, 3] / 100.0)
