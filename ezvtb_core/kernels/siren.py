"""The two networks of a THA4 student. Arrays are float32, one row per pixel: (pixels, channels)."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ezvtb_core.kernels.workers import Workers

Reals = npt.NDArray[np.float32]

POSITION = 2
"""The first two inputs of a level are x and y of the pixel's centre, -1…1, before the pose."""
BAND = 2048
"""Pixels that go through all layers of a level together: two buffers of them stay in a core's cache.

Measured for the whole body network, two threads: 1024 170 ms, 2048 166 ms, 4096 176 ms."""


@dataclass(frozen=True)
class Layer:
    """weight · x + bias, with weight (inputs, outputs) and bias (outputs,); the sine's frequency of 30 is multiplied in."""

    weight: Reals
    bias: Reals

    @property
    def inputs(self) -> int:
        """How many values it takes."""
        return int(self.weight.shape[0])

    @property
    def outputs(self) -> int:
        """How many values it gives."""
        return int(self.weight.shape[1])


def centres(side: int) -> Reals:
    """Positions of `side` pixels: (2i + 1) / side - 1."""
    return ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)


class Scratch(threading.local):
    """Two buffers per thread that layers write to in turn."""

    def __init__(self, size: int) -> None:
        self._buffers = np.empty((2, size), np.float32)
        self._turn = 0

    def next(self, rows: int, columns: int) -> Reals:
        """(rows, columns) of the buffer that was not given last."""
        self._turn = 1 - self._turn
        return self._buffers[self._turn, : rows * columns].reshape(rows, columns)


class Level:
    """One resolution of a network: sine layers at `side` × `side` pixels, the first of them split into its three parts."""

    def __init__(self, side: int, layers: Sequence[Layer], carried: int) -> None:
        """`carried`: how many of the first layer's inputs come from the level before; then x, y, pose."""
        first = layers[0]
        self.side = side
        self.rest = tuple(layers[1:])
        self.carry = np.ascontiguousarray(first.weight[:carried])
        """(carried, outputs): applied by the level before, at its resolution."""
        position = first.weight[carried : carried + POSITION]
        self._pose = first.weight[carried + POSITION :]
        self._bias = first.bias
        self._across = centres(side)[:, None] * position[0]
        self._down = centres(side)[:, None] * position[1]
        self.rows = min(max(BAND // side, 1), side)
        self.bands = side // self.rows
        self.width = first.outputs
        self.widest = max(layer.outputs for layer in layers)

    def offsets(self, pose: Reals) -> tuple[Reals, Reals]:
        """What position and pose add to the first layer's sums: by column and by row, (side, width) each."""
        return self._across, self._down + (pose @ self._pose + self._bias)

    def through(self, values: Reals, scratch: Scratch) -> Reals:
        """From the first layer's sums, which are overwritten, to the last sine of the level."""
        np.sin(values, out=values)
        for layer in self.rest:
            sums = scratch.next(len(values), layer.outputs)
            np.matmul(values, layer.weight, out=sums)
            sums += layer.bias
            values = np.sin(sums, out=sums)
        return values


class Network:
    """A coarse-to-fine SIREN; with one level, a plain one. Used by one thread at a time."""

    def __init__(self, levels: Sequence[Level], last: Layer, workers: Workers) -> None:
        """Each level has twice the side of the one before."""
        self.levels = tuple(levels)
        self.side = levels[-1].side
        self._last = last
        self._workers = workers
        self._scratch = Scratch(max(level.rows * level.side * level.widest for level in levels))
        # Sums of the next level's first layer, at this level's resolution.
        self._handed = [
            np.empty((level.side, level.side, following.width), np.float32) for level, following in itertools.pairwise(levels)
        ]

    def run(self, pose: Reals, out: Reals) -> None:
        """Evaluate all pixels for `pose` (values,) into `out` (outputs, side · side)."""
        self._workers.run(*((self._step(index, pose, out), level.bands) for index, level in enumerate(self.levels)))

    def _step(self, index: int, pose: Reals, out: Reals) -> Callable[[int], None]:
        level, scratch = self.levels[index], self._scratch
        across, down = level.offsets(pose)
        is_last = index == len(self.levels) - 1

        def work(band: int) -> None:
            first = band * level.rows
            sums = scratch.next(level.rows * level.side, level.width)
            shaped = sums.reshape(level.rows, level.side, level.width)
            if index == 0:
                np.add(down[first : first + level.rows, None], across, out=shaped)
            else:
                for row in range(level.rows):
                    _enlarge(self._handed[index - 1], first + row, down[first + row], across, shaped[row])
            values = level.through(sums, scratch)
            if is_last:
                result = scratch.next(self._last.outputs, len(values))
                np.matmul(self._last.weight.T, values.T, out=result)
                np.add(result, self._last.bias[:, None], out=out[:, first * level.side :][:, : len(values)])
            else:
                handed = self._handed[index][first : first + level.rows].reshape(len(values), -1)
                np.matmul(values, self.levels[index + 1].carry, out=handed)

        return work


def _enlarge(source: Reals, row: int, down: Reals, across: Reals, out: Reals) -> None:
    """One row of `source` (side, side, channels) enlarged twice, bilinear, edges repeated, plus the offsets.

    Pixel centres are aligned (align_corners=False), so an even row lies a quarter above its source row and an odd one a
    quarter below: weights 1/4 and 3/4. `out` (2·side, channels).
    """
    side, _, channels = source.shape
    near = row // 2
    far = min(max(near + (1 if row % 2 else -1), 0), side - 1)
    padded = np.empty((side + 2, channels), np.float32)
    middle = padded[1:-1]
    np.subtract(source[far], source[near], out=middle)
    middle *= np.float32(0.25)
    middle += source[near]
    middle += down
    padded[0], padded[-1] = padded[1], padded[-2]
    step = np.empty_like(middle)
    for parity, neighbour in ((0, padded[:-2]), (1, padded[2:])):
        np.subtract(neighbour, middle, out=step)
        step *= np.float32(0.25)
        step += middle
        np.add(step, across[parity::2], out=out[parity::2])
