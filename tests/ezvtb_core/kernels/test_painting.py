"""Expected values are written out from the definitions, in float64 and pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.kernels import painting
from ezvtb_core.kernels.workers import Workers

SIDE = painting.SIDE


@pytest.fixture(scope="module")
def workers():
    made = Workers(2)
    yield made
    made.close()


def linear(encoded: np.ndarray) -> np.ndarray:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encoded(value: np.ndarray) -> np.ndarray:
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)


def made_up(seed: int = 0, alphas: int = 4) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    planes, colour = (random.uniform(-1.2, 1.2, (4, SIDE, SIDE)).astype(np.float32) for _ in range(2))
    shift = random.uniform(-0.3, 0.3, (2, SIDE, SIDE)).astype(np.float32)
    shift[:, :9, :9] = 3.0  # far outside
    alpha = random.uniform(-0.1, 1.1, (alphas, SIDE, SIDE)).astype(np.float32)
    return planes, shift, alpha, colour


def sampled(plane: np.ndarray, row: int, column: int, shift: np.ndarray) -> float:
    """torch.nn.functional.grid_sample(bilinear, border, align_corners=False) at (2i + 1) / side - 1 + shift."""
    place = [(2 * index + 1) / SIDE - 1 + float(by) for index, by in ((column, shift[0]), (row, shift[1]))]
    x, y = (min(max(((each + 1) * SIDE - 1) / 2, 0.0), SIDE - 1.0) for each in place)
    left, top = min(int(x), SIDE - 2), min(int(y), SIDE - 2)
    corners = plane[top : top + 2, left : left + 2].astype(np.float64)
    across = corners[:, 0] + (corners[:, 1] - corners[:, 0]) * (x - left)
    return float(across[0] + (across[1] - across[0]) * (y - top))


@pytest.mark.parametrize("alphas", [1, 4])
def test_a_frame_is_colour_over_the_warped_picture(workers, alphas):
    planes, shift, alpha, colour = made_up(alphas=alphas)
    frame = np.zeros(painting.SHAPE, np.uint8)
    painting.paint(workers, planes, shift, alpha, colour, frame)
    random = np.random.default_rng(1)
    places = [(0, 0), (0, 511), (511, 0), (511, 511), (5, 5), *random.integers(0, SIDE, (300, 2)).tolist()]
    for row, column in places:
        for plane, channel in enumerate((2, 1, 0, 3)):
            opacity = float(alpha[plane % alphas, row, column])
            below = sampled(planes[plane], row, column, shift[:, row, column])
            value = np.clip((below * (1 - opacity) + float(colour[plane, row, column]) * opacity + 1) / 2, 0, 1)
            expected = float(value if channel == 3 else encoded(value)) * 255
            assert abs(int(frame[row, column, channel]) - int(expected)) <= 1
            assert expected - 1.1 < int(frame[row, column, channel]) < expected + 0.1, "cut off, not rounded"


def test_planes_of_a_picture_and_back(workers):
    picture = np.random.default_rng(2).integers(0, 256, painting.SHAPE).astype(np.uint8)
    planes = np.empty((4, SIDE, SIDE), np.float32)
    painting.planes_of(picture, planes)
    assert np.allclose(planes[0], linear(picture[..., 2] / 255) * 2 - 1, atol=1e-6)
    assert np.allclose(planes[3], picture[..., 3] / 255 * 2 - 1, atol=1e-6)
    frame = np.zeros(painting.SHAPE, np.uint8)
    nothing = np.zeros((2, SIDE, SIDE), np.float32)
    painting.paint(workers, planes, nothing, np.zeros((1, SIDE, SIDE), np.float32), planes, frame)
    assert np.abs(frame.astype(int) - picture).max() <= 1


def test_values_that_are_not_numbers_harm_nothing_else(workers):
    planes, shift, alpha, colour = made_up(3)
    clean, dirty = np.zeros(painting.SHAPE, np.uint8), np.zeros(painting.SHAPE, np.uint8)
    painting.paint(workers, planes, shift, alpha, colour, clean)
    colour[:, 100, 100] = np.inf
    shift[:, 200, 200] = -np.inf
    painting.paint(workers, planes, shift, alpha, colour, dirty)
    same = (clean == dirty).all(axis=2)
    same[100, 100] = same[200, 200] = True
    assert same.all()
