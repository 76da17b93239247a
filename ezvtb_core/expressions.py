"""Expressions: saved parts of a pose that hotkeys blend over whatever the tracker gives."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ezvtb_core.link import expression_files, paths
from ezvtb_core.link.expression_files import ExpressionError, ExpressionFile
from ezvtb_core.link.messages import Notice
from ezvtb_core.pose import EYEBROWS, EYES, HIGHEST, INDEX, LOWEST, MOUTH, NAMES, SIZE, FloatArray, clamp, smoothstep

logger = logging.getLogger(__name__)

SHUT = 0.5
"""An expression that closes an eye at least this far owns the lids of that eye."""
KEPT = 0.1
"""Values of a face below this are rest: they are not kept in an expression that is saved."""
_CLOSINGS = ("eye_wink", "eye_happy_wink")
_LIDS = (*_CLOSINGS, "eye_surprised", "eye_relaxed", "eye_unimpressed", "eye_raised_lower_eyelid")
_SIDES = ("left", "right")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Expression:
    """An expression as it is applied. Arrays are (45,)."""

    name: str
    values: FloatArray
    """What it wants; 0 where it says nothing."""
    named: Mask
    """Which values are its own; the others stay the tracker's."""
    lids: Mask
    """Which of them are lids of an eye that it closes: these win over expressions that do not."""


def load(folder: Path = paths.EXPRESSIONS) -> tuple[list[Expression], list[Notice]]:
    """All expressions in `folder` that can be used, and a sentence for each file that cannot. Never raises."""
    files, problems = expression_files.scan(folder)
    found = []
    for file in files:
        try:
            found.append(compile_file(file))
        except ExpressionError as error:
            problems.append(error.notice)
    return found, problems


def compile_file(file: ExpressionFile) -> Expression:
    """Raises ExpressionError for a value that a pose does not have, or one outside its range."""
    values, named, lids = np.zeros(SIZE, np.float32), np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    for name, value in file.values.items():
        index = INDEX.get(name)
        if index is None:
            raise ExpressionError("expression_unknown_value", file=f"{file.name}.json", got=name[:60])
        low, high = float(LOWEST[index]), float(HIGHEST[index])
        if not low <= value <= high:
            raise ExpressionError(
                "expression_out_of_range", file=f"{file.name}.json", name=name, got=value, low=round(low), high=round(high)
            )
        values[index], named[index] = value, True
    for side in _SIDES:
        if max(values[INDEX[f"{lid}_{side}"]] for lid in _CLOSINGS) >= SHUT:
            # A blink or a stare of the tracker on top would push the lid beyond shut, or tear it open.
            lids[[INDEX[f"{lid}_{side}"] for lid in _LIDS]] = True
    return Expression(file.name, values, named | lids, lids)


class Expressions:
    """Which expressions are on, and how far. Not thread-safe: one per source, on its engine's thread."""

    def __init__(self, folder: Path = paths.EXPRESSIONS) -> None:
        self._folder = folder
        self._known: dict[str, Expression] = {}
        self._wanted: dict[str, None] = {}  # in the order of pressing
        self._progress: dict[str, float] = {}
        self._last = float("-inf")
        self.problems: list[Notice] = []
        """A sentence for each file that cannot be used."""
        self.reload()

    def reload(self) -> None:
        """Read the files again; those that are on stay on. A few milliseconds."""
        found, self.problems = load(self._folder)
        gone = {name: self._known[name] for name in self._progress if name in self._known}
        self._known = {**gone, **{expression.name: expression for expression in found}}

    def keep(self, label: str, pose: FloatArray) -> ExpressionFile:
        """Keep the face of `pose` (45,) as one of the user's own, known from now on; see `save`."""
        kept = save(label, pose, self._folder)
        self.reload()
        return kept

    def press(self, name: str) -> None:
        """Bring an expression. One that is not known, not even from a file that is new, is left out: hotkeys outlive files."""
        if name not in self._known:
            self.reload()
        if name in self._known:
            self._wanted[name] = None
        else:
            logger.warning("there is no expression %s", name[:60])

    def release(self, name: str) -> None:
        """Let it go again."""
        self._wanted.pop(name, None)

    def active(self) -> list[str]:
        """Names of those that are wanted now, the first pressed first."""
        return list(self._wanted)

    def apply(self, pose: FloatArray, now: float, fade_seconds: float) -> FloatArray:
        """`pose` (45,) with the expressions over it, float32 (45,), inside the ranges; `pose` itself while there are none.

        `now` in seconds, not decreasing. How far an expression has come is kept, not when it began: another fade time, or a
        change of mind on the way, makes no jump.
        """
        step = max(now - self._last, 0.0) / fade_seconds if fade_seconds > 0.0 else float("inf")
        self._last = now
        weights = self._advance(step)
        if not weights:
            return pose
        blended = pose.copy()
        for which in ("open", "lids"):
            _blend(blended, [(self._layer(name, which), self._known[name], weight) for name, weight in weights.items()])
        return clamp(blended)

    def _advance(self, step: float) -> dict[str, float]:
        """Move every expression on its way; name → weight 0..1 of those that show."""
        for name in {**self._progress, **self._wanted}:
            before = self._progress.get(name, 0.0)
            after = min(before + step, 1.0) if name in self._wanted else max(before - step, 0.0)
            self._progress[name] = after
        self._progress = {name: way for name, way in self._progress.items() if way > 0.0 or name in self._wanted}
        return {name: smoothstep(way) for name, way in self._progress.items() if way > 0.0}

    def _layer(self, name: str, which: str) -> Mask:
        expression = self._known[name]
        return expression.lids if which == "lids" else expression.named & ~expression.lids


def _blend(pose: FloatArray, layers: list[tuple[Mask, Expression, float]]) -> None:
    """Put expressions over `pose` in place. Where several name a value they share it by weight, in any order alike."""
    total, wanted = np.zeros(SIZE, np.float32), np.zeros(SIZE, np.float32)
    for mask, expression, weight in layers:
        total[mask] += np.float32(weight)
        wanted[mask] += np.float32(weight) * expression.values[mask]
    pose *= 1.0 - np.minimum(total, 1.0)
    pose += wanted / np.maximum(total, 1.0)


def save(label: str, pose: FloatArray, folder: Path = paths.EXPRESSIONS) -> ExpressionFile:
    """Keep the face of `pose` (45,) as an expression of the user's under a name for people.

    Eyebrows, eyes and mouth are kept, as far as they are not at rest; head, gaze and breath stay the tracker's. Raises
    ExpressionError for a face at rest, and when the file cannot be written.
    """
    limited = clamp(pose)
    indices = [index for part in (EYEBROWS, EYES, MOUTH) for index in range(part.start, part.stop)]
    values = {NAMES[index]: round(float(limited[index]), 2) for index in indices if limited[index] >= KEPT}
    if not values:
        raise ExpressionError("expression_empty")
    return expression_files.write(label, values, folder)
