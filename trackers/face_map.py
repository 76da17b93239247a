"""Our mapping from ARKit's shapes to the 45 values: docs/trackers/mapping.md names every difference from upstream's. Pure.

Everything is continuous: no value jumps when a shape crosses a threshold. Constants are from two recorded speakers (see
`face_range`) and from pictures of both mappings beside each other. Shapes that MediaPipe never moves (cheekSquint, noseSneer,
cheekPuff, jawForward, tongueOut) may add to something but nothing depends on them; cheekPuff, tongueOut and sideways jaws have
no counterpart in the 45 values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ezvtb_core.pose import INDEX, SIZE, smoothstep
from trackers.face import SHAPE
from trackers.face_range import FaceRange
from trackers.limits import share, soft

PITCH_RANGE, YAW_RANGE, ROLL_RANGE = 15.0, 16.0, 15.0
"""Degrees from rest that give 1.0 before the soft limit. The converters of talking-head-anime take 15, 10 or 15, and 15, and
stop hard; the recorded speaker who moves most turns by 20, nods by 12 and tilts by 7 degrees."""
BODY_SHARE = 0.5
"""Part of the head's turning and tilting that the body follows."""


@dataclass(frozen=True)
class Seen:
    """One frame of a face, calibrated."""

    shapes: Sequence[float]
    """(52,), each 0..1, order of `ARKIT`."""
    head: Sequence[float]
    """Pitch, yaw, roll in degrees from rest, our signs."""
    gaze: tuple[float, float]
    """Up, to the subject's own right, each ±1."""
    closing: tuple[float, float]
    """Of the lids, left and right, 0..1."""


class _Side:
    """The places of one side's shapes in ARKIT and of its values in the pose."""

    def __init__(self, apple: str, side: str) -> None:
        self.outer, self.down = SHAPE[f"browOuterUp{apple}"], SHAPE[f"browDown{apple}"]
        self.squint, self.cheek, self.wide = (SHAPE[f"{name}{apple}"] for name in ("eyeSquint", "cheekSquint", "eyeWide"))
        self.smile, self.frown = SHAPE[f"mouthSmile{apple}"], SHAPE[f"mouthFrown{apple}"]
        self.raised, self.troubled = INDEX[f"eyebrow_raised_{side}"], INDEX[f"eyebrow_troubled_{side}"]
        self.angry, self.lowered = INDEX[f"eyebrow_angry_{side}"], INDEX[f"eyebrow_lowered_{side}"]
        self.happy = INDEX[f"eyebrow_happy_{side}"]
        self.wink, self.happy_wink = INDEX[f"eye_wink_{side}"], INDEX[f"eye_happy_wink_{side}"]
        self.surprised, self.lower_lid = INDEX[f"eye_surprised_{side}"], INDEX[f"eye_raised_lower_eyelid_{side}"]
        self.corner_up, self.corner_down = INDEX[f"mouth_raised_corner_{side}"], INDEX[f"mouth_lowered_corner_{side}"]


_LEFT, _RIGHT = _Side("Left", "left"), _Side("Right", "right")
_SIDES = (_LEFT, _RIGHT)
_INNER, _SNEERS = SHAPE["browInnerUp"], (SHAPE["noseSneerLeft"], SHAPE["noseSneerRight"])
_JAW, _CLOSE, _PUCKER, _FUNNEL = (SHAPE[name] for name in ("jawOpen", "mouthClose", "mouthPucker", "mouthFunnel"))


def _pair(name: str) -> tuple[int, int]:
    return SHAPE[f"{name}Left"], SHAPE[f"{name}Right"]


_ROLLS, _STRETCHES, _DIMPLES = (SHAPE["mouthRollLower"], SHAPE["mouthRollUpper"]), _pair("mouthStretch"), _pair("mouthDimple")
_LOWERS, _UPPERS, _PRESSES = _pair("mouthLowerDown"), _pair("mouthUpperUp"), _pair("mouthPress")
_AAA, _III, _UUU, _EEE, _OOO = (INDEX[f"mouth_{vowel}"] for vowel in ("aaa", "iii", "uuu", "eee", "ooo"))
_SMIRK = INDEX["mouth_smirk"]


def natural(seen: Seen, ranges: FaceRange) -> list[float]:
    """The pose (45,), finite and inside the ranges, of a finite frame."""
    pose = [0.0] * SIZE
    smiles = [ranges["smile"].share(seen.shapes[side.smile]) for side in _SIDES]
    happy = smoothstep(((smiles[0] + smiles[1]) / 2 - 0.4) / 0.6)
    _head(pose, seen)
    _eyes(pose, seen, ranges, happy)
    _brows(pose, seen.shapes, ranges, happy)
    opening = _mouth(pose, seen.shapes, ranges)
    _corners(pose, seen.shapes, ranges, smiles, opening)
    return pose


def _head(pose: list[float], seen: Seen) -> None:
    pitch, yaw, roll = soft(seen.head[0] / PITCH_RANGE), soft(seen.head[1] / YAW_RANGE), soft(seen.head[2] / ROLL_RANGE)
    pose[INDEX["head_x"]], pose[INDEX["head_y"]], pose[INDEX["neck_z"]] = pitch, yaw, roll
    pose[INDEX["body_y"]], pose[INDEX["body_z"]] = BODY_SHARE * yaw, BODY_SHARE * roll
    pose[INDEX["iris_rotation_x"]], pose[INDEX["iris_rotation_y"]] = seen.gaze


def _eyes(pose: list[float], seen: Seen, ranges: FaceRange, happy: float) -> None:
    """Lids as a wink, turning into a happy wink with a strong smile; lower lids; wide eyes, mostly as wide as their mean."""
    shapes = seen.shapes
    widths = [ranges["wide"].share(shapes[side.wide]) for side in _SIDES]
    mean_width = (widths[0] + widths[1]) / 2
    for side, closing, width in zip(_SIDES, seen.closing, widths, strict=True):
        pose[side.wink], pose[side.happy_wink] = closing * (1.0 - happy), closing * happy
        # A blink squeezes the lower lid, too, which the model's own closed eye already has.
        squeezed = max(ranges["squint"].share(shapes[side.squint]), share((shapes[side.cheek] - 0.1) / 0.6))
        pose[side.lower_lid] = squeezed * (1.0 - closing)
        pose[side.surprised] = (0.3 * width + 0.7 * mean_width) * (1.0 - closing)


def _brows(pose: list[float], shapes: Sequence[float], ranges: FaceRange, happy: float) -> None:
    """Up: raised, or troubled where only the inner ends rise. Down: lowered when it is a little, angry when it is much."""
    inner = ranges["brow_inner"].share(shapes[_INNER])
    sneer = share(_mean(shapes, _SNEERS) - 0.2)
    downs = [ranges["brow_down"].share(shapes[side.down]) for side in _SIDES]
    mean_down = (downs[0] + downs[1]) / 2
    for side, own_down in zip(_SIDES, downs, strict=True):
        outer = ranges["brow_outer"].share(shapes[side.outer])
        frown = ranges["frown"].share(shapes[side.frown])
        down = share(0.6 * own_down + 0.4 * mean_down + 0.5 * sneer) * (1.0 - happy)
        worry = share((inner - outer - 0.35) / 0.6 + 0.3 * frown) * (1.0 - happy)
        angry = smoothstep((down - 0.2) / 0.6)
        up = (0.65 * outer + 0.35 * inner) * (1.0 - 0.7 * worry) * (1.0 - 0.6 * down)
        pose[side.raised], pose[side.troubled] = up, worry * (1.0 - down)
        pose[side.lowered], pose[side.angry] = down * (1.0 - angry), down * angry
        pose[side.happy] = 0.8 * happy * (1.0 - 0.5 * up)


def _mouth(pose: list[float], shapes: Sequence[float], ranges: FaceRange) -> float:
    """Five vowels from opening, rounding and spreading; their sum is at most 1, as the models add them up. Gives the opening."""
    rolled = share(((shapes[_ROLLS[0]] + shapes[_ROLLS[1]]) / 2 - 0.25) / 0.5)
    pressed = share((_mean(shapes, _PRESSES) - 0.4) / 0.5)
    # ARKit opens the jaw behind closed lips and says so with mouthClose.
    opening = ranges["jaw"].share(shapes[_JAW] - shapes[_CLOSE]) * (1.0 - 0.7 * max(rolled, pressed))
    funnel = ranges["funnel"].share(shapes[_FUNNEL])
    rounded = share(ranges["pucker"].share(shapes[_PUCKER]) + 0.8 * funnel)
    less, more = sorted((_mean(shapes, _LOWERS), _mean(shapes, _UPPERS)))
    teeth = share((0.7 * more + 0.3 * less - 0.1) / 0.45)  # one lip alone shows them, too
    spread = share((1.1 * _mean(shapes, _STRETCHES) - 0.06) / 0.45) * (1.0 - rounded)
    # A pucker is "uuu" even with the lips shut, and "ooo" as far as the mouth is open or funnelled.
    as_ooo = smoothstep((opening + 0.5 * funnel - 0.15) / 0.6)
    flat = share(0.7 * teeth + spread) * (1.0 - rounded)
    as_eee = smoothstep((opening - 0.2) / 0.5)
    vowels = {
        _AAA: opening * (1.0 - 0.75 * rounded) * (1.0 - 0.5 * flat),
        _III: flat * (1.0 - as_eee) * share(0.5 + 2.0 * opening) * 0.8,
        _EEE: flat * as_eee * 0.6,
        _UUU: rounded * (1.0 - as_ooo) * 0.9,
        _OOO: rounded * as_ooo,
    }
    most = max(sum(vowels.values()), 1.0)
    for index, value in vowels.items():
        pose[index] = value / most
    return opening


def _corners(pose: list[float], shapes: Sequence[float], ranges: FaceRange, smiles: list[float], opening: float) -> None:
    """Each corner for itself, so that one can smile alone; a smirk where both dimple over a shut mouth: the models' smirk is
    even."""
    pose[_SMIRK] = 0.7 * smoothstep((_mean(shapes, _DIMPLES) - 0.2) / 0.5) * (1.0 - share(2.0 * opening))
    for side, smile in zip(_SIDES, smiles, strict=True):
        frown = ranges["frown"].share(shapes[side.frown])
        pose[side.corner_up] = smile * (1.0 - 0.5 * frown)
        pose[side.corner_down] = frown * (1.0 - smile) * (1.0 - 0.5 * opening)


def _mean(shapes: Sequence[float], pair: tuple[int, int]) -> float:
    return (shapes[pair[0]] + shapes[pair[1]]) / 2
