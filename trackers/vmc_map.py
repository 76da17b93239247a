"""What the VMC protocol says about a puppet → head angles, and VRM's expressions → pose values. Pure.

Bones are Unity's: left-handed, x to the puppet's own right, y up, z forward; a rotation about +x lowers the nose, about +y turns
to the own right, about +z tilts to the own left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ezvtb_core.pose import EYEBROWS, INDEX, MOUTH, WINK, TrackedPose, clamp

Quaternion = tuple[float, float, float, float]
"""x, y, z, w, of length 1."""

IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)

PRESETS: dict[str, str] = {
    "joy": "joy", "happy": "joy", "angry": "angry", "sorrow": "sorrow", "sad": "sorrow", "fun": "fun", "relaxed": "fun",
    "surprised": "surprised", "a": "a", "aa": "a", "i": "i", "ih": "i", "u": "u", "ou": "u", "e": "e", "ee": "e", "o": "o",
    "oh": "o", "blink": "blink", "blink_l": "blink_l", "blinkleft": "blink_l", "blink_r": "blink_r", "blinkright": "blink_r",
    "lookup": "lookup", "lookdown": "lookdown", "lookleft": "lookleft", "lookright": "lookright",
}  # fmt: skip
"""Names of VRM 0 and VRM 1 in lower case → ours. `surprised` is of VRM 1 and of VSeeFace."""

_VOWELS = {"a": "mouth_aaa", "i": "mouth_iii", "u": "mouth_uuu", "e": "mouth_eee", "o": "mouth_ooo"}
_FUN = 0.5
"""How much of a smile `fun` (VRM 1: relaxed) is, where `joy` is a whole one."""


def unit(x: float, y: float, z: float, w: float) -> Quaternion | None:
    """The same rotation with length 1; None for what is none."""
    length = math.sqrt(x * x + y * y + z * z + w * w) if max(map(abs, (x, y, z, w))) < 1e6 else 0.0
    if not length > 1e-3:  # "not >" also refuses NaN
        return None
    return x / length, y / length, z / length, w / length


def multiply(parent: Quaternion, child: Quaternion) -> Quaternion:
    """The rotation of a bone inside its parent's."""
    ax, ay, az, aw = parent
    bx, by, bz, bw = child
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def weaken(rotation: Quaternion, weight: float) -> Quaternion:
    """The share `weight`, 0..1, of a rotation."""
    x, y, z, w = rotation if rotation[3] >= 0.0 else tuple(-value for value in rotation)
    return unit(x * weight, y * weight, z * weight, 1.0 - (1.0 - w) * weight) or IDENTITY


def angles(rotation: Quaternion) -> tuple[float, float, float]:
    """Degrees (pitch + up, yaw + to the own right, roll + to the own right shoulder).

    Yaw and pitch are where the nose (+z) points, roll is what is left, as in Unity's order of Euler angles (z, x, y).
    """
    x, y, z, w = rotation
    nose_right, nose_up, nose_ahead = 2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)
    ear_up, crown_up = 2 * (x * y + w * z), 1 - 2 * (x * x + z * z)
    pitch = math.asin(min(max(nose_up, -1.0), 1.0))
    return math.degrees(pitch), math.degrees(math.atan2(nose_right, nose_ahead)), -math.degrees(math.atan2(ear_up, crown_up))


def express(tracked: TrackedPose, weights: Mapping[str, float]) -> TrackedPose:
    """Put VRM's expressions, each 0..1 by our names, in the place of mouth and eyebrows; lids and gaze stay.

    Vowels go straight to the character's: as ARKit's shapes they could not be told apart again. A blink within a smile becomes a
    smiling one.
    """
    pose = tracked.pose.copy()
    pose[MOUTH] = 0.0
    pose[EYEBROWS] = 0.0
    total = max(sum(weights.get(vowel, 0.0) for vowel in _VOWELS), 1.0)
    for vowel, name in _VOWELS.items():
        pose[INDEX[name]] = weights.get(vowel, 0.0) / total
    smile = max(weights.get("joy", 0.0), _FUN * weights.get("fun", 0.0))
    sorrow, surprised = weights.get("sorrow", 0.0), weights.get("surprised", 0.0)
    for side in ("left", "right"):
        for name, value in (
            ("mouth_raised_corner", smile),
            ("mouth_lowered_corner", sorrow),
            ("eyebrow_happy", smile),
            ("eyebrow_angry", weights.get("angry", 0.0)),
            ("eyebrow_troubled", sorrow),
            ("eyebrow_raised", surprised),
            ("eye_surprised", surprised),
        ):
            pose[INDEX[f"{name}_{side}"]] = value
        pose[INDEX[f"eye_happy_wink_{side}"]] = smile * pose[INDEX[f"eye_wink_{side}"]]
    pose[WINK] *= 1.0 - smile
    return replace(tracked, pose=clamp(pose))
