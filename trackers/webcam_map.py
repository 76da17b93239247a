"""What MediaPipe's FaceLandmarker says → a `FaceFrame` with our signs. Pure.

MediaPipe's matrix is that of a face in front of the camera: right-handed, x to the right of the picture, y up, z towards the
camera, in centimetres. The picture is not mirrored, so its right is the subject's left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trackers.face import SHAPE, FaceFrame, no_shapes

CENTIMETRES = 0.01


class Category(Protocol):
    """One blend shape of MediaPipe."""

    category_name: str | None
    score: float | None


class Result(Protocol):
    """The parts of FaceLandmarkerResult that are used, one entry per face."""

    face_blendshapes: Sequence[Iterable[Category]]
    facial_transformation_matrixes: Sequence[npt.NDArray[np.floating]]


def face_frame(result: Result, time: float) -> FaceFrame:
    """The first face; not present where there is none, or where its numbers are not finite. Never raises.

    `time`: when the picture was taken. MediaPipe gives 51 of ARKit's shapes; `tongueOut` stays 0.
    """
    if not result.face_blendshapes or not result.facial_transformation_matrixes:
        return FaceFrame(time, present=False)
    matrix = np.asarray(result.facial_transformation_matrixes[0], np.float64)
    shapes = no_shapes()
    for category in result.face_blendshapes[0]:
        index = SHAPE.get(category.category_name or "")
        if index is not None:
            shapes[index] = category.score or 0.0
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or not np.isfinite(shapes).all():
        return FaceFrame(time, present=False)
    right, up, near = matrix[:3, 3] * (-CENTIMETRES, CENTIMETRES, CENTIMETRES)
    return FaceFrame(time, np.clip(shapes, 0.0, 1.0), head_degrees(matrix), (float(right), float(up), float(near)))


def head_degrees(matrix: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Pitch, yaw, roll in degrees as in `FaceFrame.head`, of a rotation in the upper left 3×3 of `matrix`.

    The angles X, Y, Z of R = Rz·Ry·Rx, which is how Talking-Head-Anime's demo reads this matrix, with the signs that its
    converter gives them (head_x = -X, head_y = -Y, neck_z = +Z).
    """
    x = math.atan2(matrix[2, 1], matrix[2, 2])
    y = math.asin(min(max(-float(matrix[2, 0]), -1.0), 1.0))
    z = math.atan2(matrix[1, 0], matrix[0, 0])
    return -math.degrees(x), -math.degrees(y), math.degrees(z)
