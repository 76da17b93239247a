"""What is next to what in a picture: neighbourhoods, islands, and colours carried outwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ezvtb_core.frames import Pixels

Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]
Plane = TypeVar("Plane", Pixels, Flags, Labels)
_AROUND = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1) if down or across]


def around(plane: Plane, choose: Callable[..., Any]) -> Plane:
    """`np.minimum` or `np.maximum` of each value of (H, W) and its eight neighbours."""
    rows = plane.copy()
    choose(rows[1:], plane[:-1], out=rows[1:])
    choose(rows[:-1], plane[1:], out=rows[:-1])
    out: Plane = rows.copy()
    choose(out[:, 1:], rows[:, :-1], out=out[:, 1:])
    choose(out[:, :-1], rows[:, 1:], out=out[:, :-1])
    return out


def pool(flags: Flags, cell: int) -> Flags:
    """Whether anything in each cell × cell block of (H, W) is true, (⌈H / cell⌉, ⌈W / cell⌉)."""
    height, width = (-(-side // cell) for side in flags.shape)
    padded = np.pad(flags, ((0, height * cell - flags.shape[0]), (0, width * cell - flags.shape[1])))
    return np.asarray(padded.reshape(height, cell, width, cell).any(axis=(1, 3)), np.bool_)


def islands(flags: Flags) -> Labels:
    """A number for each group of touching true values, corners included; 0 where false. For small grids."""
    labels: Labels = np.where(flags, np.arange(1, flags.size + 1, dtype=np.int32).reshape(flags.shape), 0).astype(np.int32)
    while True:
        spread: Labels = np.where(flags, around(labels, np.maximum), 0)
        if np.array_equal(spread, labels):
            return np.unique(labels, return_inverse=True)[1].reshape(flags.shape).astype(np.int32)
        labels = spread


def carry(pixels: Pixels, known: Flags, wanted: Flags, steps: int) -> tuple[Pixels, Flags]:
    """Colours of known pixels carried over wanted ones, at most `steps` pixels far: colours (H, W, 3) and where they are known.

    A pixel gets the mean of those of its neighbours that have one.
    """
    height, width = known.shape
    colours: Pixels = np.pad(pixels[..., :3], ((1, 1), (1, 1), (0, 0)))
    have = np.pad(known, 1)
    want = np.pad(wanted, 1)
    for _ in range(steps):
        rows, columns = np.nonzero(around(have, np.maximum) & want & ~have)
        if not rows.size:
            break
        total = np.zeros((rows.size, 3), np.uint16)
        count = np.zeros((rows.size, 1), np.uint16)
        for down, across in _AROUND:
            there = have[rows + down, columns + across][:, None]
            total += colours[rows + down, columns + across] * there
            count += there
        colours[rows, columns] = ((total + count // 2) // count).astype(np.uint8)
        have[rows, columns] = True
    return colours[1 : height + 1, 1 : width + 1], have[1 : height + 1, 1 : width + 1]
