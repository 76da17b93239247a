"""How senders spell ARKit's blend shapes → `face.ARKIT`. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ezvtb_core.pose import FloatArray
from trackers.face import ARKIT, LOWER, SHAPE

_WHOLE_WORDS = ("mouthLeft", "mouthRight", "jawLeft", "jawRight")
"""Here left and right are directions, never written `_L` and `_R`."""
_INNER_BROWS = ("browinnerupleft", "browinnerupright")
"""MeowFace halves `browInnerUp`; used where the whole is not sent."""
EYE_RANGE = 30.0
"""Degrees of an eye that count as a look of 1.0: about as far as eyes turn before the head follows."""


def _spellings() -> dict[str, int]:
    known = dict(LOWER)
    for name, index in SHAPE.items():
        spelled = [name, name[0].upper() + name[1:]]
        for side in ("Left", "Right"):
            if name.endswith(side) and name not in _WHOLE_WORDS:
                spelled.append(f"{name.removesuffix(side)}_{side[0]}")
        for each in spelled:
            known[each] = known[each.lower()] = index
    return known


SPELLINGS: dict[str, int] = _spellings()
"""Index in `ARKIT` by the name in lower case and as it is usually written: `eyeBlinkLeft` (Apple, Facemotion3d), `EyeBlinkLeft`
(VTube Studio), `eyeBlink_L` (iFacialMocap)."""

_LOOKS = tuple(index for index, name in enumerate(ARKIT) if name.startswith("eyeLook"))


def collect(values: Iterable[tuple[str, float]]) -> tuple[FloatArray, set[int]]:
    """(float32 (52,) in the order of `ARKIT`, indices of the shapes that were named).

    Names in any capitals and either spelling; unknown ones are ignored. Values are limited to 0..1, those that are not numbers
    count as not sent. Of a name that comes twice the last counts.
    """
    shapes = [0.0] * len(ARKIT)
    named: set[int] = set()
    inner: list[float] = []
    for name, value in values:
        if not math.isfinite(value):
            continue
        index = SPELLINGS.get(name)
        if index is None:
            index = SPELLINGS.get(name.lower())
        if index is not None:
            shapes[index] = 0.0 if value < 0.0 else 1.0 if value > 1.0 else value
            named.add(index)
        elif name.lower() in _INNER_BROWS:
            inner.append(min(max(value, 0.0), 1.0))
    if inner and SHAPE["browInnerUp"] not in named:
        shapes[SHAPE["browInnerUp"]] = sum(inner) / len(inner)
    return np.array(shapes, np.float32), named


def looks_named(named: set[int]) -> bool:
    """Whether the sender says in shapes where the eyes look."""
    return not named.isdisjoint(_LOOKS)


def look(shapes: FloatArray, side: str, up: float, right: float) -> None:
    """Write the look of one eye (`Left` or `Right`, the subject's own) into `shapes`, from degrees.

    `up` + is up, `right` + is to the subject's own right.
    """
    inwards = right if side == "Left" else -right
    for direction, angle in (("Up", up), ("Down", -up), ("In", inwards), ("Out", -inwards)):
        shapes[SHAPE[f"eyeLook{direction}{side}"]] = min(max(angle / EYE_RANGE, 0.0), 1.0)
