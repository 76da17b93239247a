"""The common language of face trackers: ARKit's 52 blend shapes, head and eyes, whatever they came from.

Names and meaning of the shapes: Apple, ARFaceAnchor.BlendShapeLocation. Left and right are the subject's own sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ezvtb_core.pose import FloatArray

ARKIT: tuple[str, ...] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft", "eyeWideLeft",
    "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight",
    "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft",
    "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft",
    "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""In Apple's order of declaration."""
SHAPE: dict[str, int] = {name: index for index, name in enumerate(ARKIT)}
LOWER: dict[str, int] = {name.lower(): index for index, name in enumerate(ARKIT)}
"""Index by the name in lower case: senders differ in capitals."""


def no_shapes() -> FloatArray:
    """A new face at rest: float32 (52,), all zero."""
    return np.zeros(len(ARKIT), np.float32)


@dataclass(frozen=True)
class FaceFrame:
    """One moment of one face as a tracker saw it, before any calibration. Numbers are finite."""

    time: float
    """Arrival of the data, `time.monotonic()` seconds."""
    shapes: FloatArray = field(default_factory=no_shapes)
    """float32 (52,), order of `ARKIT`, each 0..1."""
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Degrees: pitch + looks up, yaw + turns to the subject's own right, roll + tilts to the subject's own right shoulder."""
    position: tuple[float, float, float] | None = None
    """Metres from wherever the tracker counts: x + to the subject's own right, y + up, z + towards the camera; None: unknown."""
    present: bool = True
    """False: the tracker says that it sees no face; the rest is meaningless then."""
