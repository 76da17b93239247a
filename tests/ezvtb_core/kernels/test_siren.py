from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.kernels.siren import Layer, Level, Network, centres
from ezvtb_core.kernels.workers import Workers


def layer(into: int, out: int, random: np.random.Generator) -> Layer:
    weight = random.uniform(-1, 1, (into, out)) * np.sqrt(6 / into)
    return Layer(weight.astype(np.float32), random.uniform(-1, 1, out).astype(np.float32))


def doubled(values: np.ndarray) -> np.ndarray:
    """Bilinear, pixel centres aligned, edges repeated: (side, side, channels) to twice the side."""
    for axis in (0, 1):
        size = values.shape[axis]
        place = np.clip((np.arange(2 * size) + 0.5) / 2 - 0.5, 0, size - 1)
        low = np.minimum(place.astype(int), size - 2)
        part = (place - low).reshape([-1 if each == axis else 1 for each in range(3)])
        values = np.take(values, low, axis) * (1 - part) + np.take(values, low + 1, axis) * part
    return values


def plainly(levels: list[list[Layer]], last: Layer, first_side: int, pose: np.ndarray) -> np.ndarray:
    """The definition, in float64: enlarge, join with x, y and pose, then all layers."""
    values = np.zeros((first_side, first_side, 0))
    for number, layers in enumerate(levels):
        side = first_side << number
        if number:
            values = doubled(values)
        across, down = np.meshgrid(centres(side).astype(np.float64), centres(side).astype(np.float64))
        planes = np.broadcast_to(pose.astype(np.float64), (side, side, len(pose)))
        values = np.concatenate([values, across[..., None], down[..., None], planes], axis=2)
        for each in layers:
            values = np.sin(values @ each.weight.astype(np.float64) + each.bias)
    return np.moveaxis(values @ last.weight.astype(np.float64) + last.bias, 2, 0)


@pytest.mark.parametrize("threads", [1, 3])
def test_three_levels_are_what_the_definition_says(threads):
    random = np.random.default_rng(0)
    levels = [
        [layer(2 + 5, 9, random), layer(9, 7, random)],
        [layer(7 + 2 + 5, 6, random), layer(6, 6, random), layer(6, 4, random)],
        [layer(4 + 2 + 5, 5, random)],
    ]
    last = layer(5, 3, random)
    workers = Workers(threads)
    made = [Level(16 << number, each, carried) for number, (each, carried) in enumerate(zip(levels, (0, 7, 4), strict=True))]
    network = Network(made, last, workers)
    out = np.empty((3, 64 * 64), np.float32)
    for _ in range(2):
        pose = random.uniform(-1, 1, 5).astype(np.float32)
        network.run(pose, out)
        assert np.abs(out.reshape(3, 64, 64) - plainly(levels, last, 16, pose)).max() < 1e-4
    workers.close()


def test_one_level_larger_than_a_band():
    random = np.random.default_rng(1)
    layers, last, workers = [layer(2 + 3, 4, random)], layer(4, 2, random), Workers(2)
    network = Network([Level(128, layers, 0)], last, workers)
    pose, out = random.uniform(-1, 1, 3).astype(np.float32), np.empty((2, 128 * 128), np.float32)
    network.run(pose, out)
    assert np.abs(out.reshape(2, 128, 128) - plainly([layers], last, 128, pose)).max() < 1e-4
    workers.close()
