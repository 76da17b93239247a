"""Makes valid OpenSeeFace datagrams from angles and openings. All numbers are invented: a schematic face, no person's.

Layout as in the program's facetracker.py; signs of the arguments as in `ezvtb_core.pose`.
"""

from __future__ import annotations

import struct

import numpy as np

_SCHEMATIC = {
    # x to the subject's own right, y down, z away from the camera, as the program sends them
    36: (0.32, -0.30, 0.1),
    45: (-0.32, -0.30, 0.1),
    58: (0.20, 0.27, 0.1),
    62: (-0.20, 0.27, 0.1),
    60: (0.0, 0.29, 0.05),
    64: (0.0, 0.30, 0.05),
    66: (0.19, -0.30, 0.05),
    67: (-0.19, -0.30, 0.05),
    68: (0.19, -0.30, 0.14),
    69: (-0.19, -0.30, 0.14),
}


def face(
    *,
    up: float = 0.0,
    right: float = 0.0,
    tilt: float = 0.0,
    position: tuple[float, float, float] = (0.0, 0.0, 0.0),
    open_left: float = 1.0,
    open_right: float = 1.0,
    lips: float = 0.02,
    width: float = 1.0,
    corners: float = 0.0,
    gaze_up: float = 0.0,
    gaze_right: float = 0.0,
    brow_left: float = 0.0,
    brow_right: float = 0.0,
    face_id: int = 0,
    fitted: bool = True,
    error: float = 8.0,
) -> bytes:
    """One record of 1785 bytes.

    `up`, `right`, `tilt` in degrees of the program (right: to the subject's own right); `position` (right, up, nearer) in
    model units; `lips` the gap and `width` the factor of the mouth, `corners` their lift; gaze in eyeball units; brows -1..1.
    """
    points = np.zeros((70, 3), "<f4")
    for index, place in _SCHEMATIC.items():
        points[index] = place
    unit = 0.64
    points[[58, 62], 0] *= width
    points[64, 1] = points[60, 1] + lips * unit
    points[[58, 62], 1] = (points[60, 1] + points[64, 1]) / 2 - (0.02 + corners) * unit
    points[66:68] += (gaze_right, -gaze_up, 0.0)
    features = np.zeros(14, "<f4")
    features[3], features[6] = brow_left, brow_right
    features[12] = min(max(4 * lips - 0.2, -1.0), 1.0)
    features[13] = min(max((width - 1.0) * 5, -1.0), 1.0)
    pitch = 180.0 - up
    head = struct.pack(
        "<di2f2fBf4f3f3f",
        1.0,
        face_id,
        640.0,
        360.0,
        open_right,
        open_left,
        fitted,
        error,
        *(0.7, 0.71, 0.0, 0.0),
        *(pitch if pitch <= 180.0 else pitch - 360.0, -right, 90.0 + tilt),
        *(position[1], position[0], -2.5 + position[2]),
    )
    landmarks = np.full(68 + 136, 0.9, "<f4")
    record = head + landmarks.tobytes() + points.tobytes() + features.tobytes()
    assert len(record) == 1785
    return record
