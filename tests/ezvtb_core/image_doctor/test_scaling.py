"""Scaling in linear light with premultiplied alpha."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.image_doctor.picture import SIZE, Box
from ezvtb_core.image_doctor.scaling import cut, shrink
from tests.ezvtb_core.image_doctor.figures import pixels, template


def whole(image: np.ndarray) -> Box:
    return Box(0.0, 0.0, float(image.shape[1]), float(image.shape[1]))


def solid(height: int, width: int, colour: tuple[int, int, int, int]) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, 4)).copy()


def checkers(side: int) -> np.ndarray:
    """Black and white pixels in turn: half the light."""
    image = solid(side, side, (0, 0, 0, 255))
    image[(np.indices((side, side)).sum(axis=0) % 2).astype(bool), :3] = 255
    return image


def test_light_is_averaged_and_not_its_codes():
    """Half the light of white has the sRGB code 188; the mean of the codes would be 128."""
    assert np.abs(shrink(checkers(64), 2)[..., :3].astype(int) - 188).max() <= 1
    middle = cut(checkers(2048), Box(0, 0, 2048, 2048))[8:-8, 8:-8, :3].astype(int)
    assert np.abs(middle - 188).max() <= 2


def test_colours_below_transparency_and_half_transparency_do_not_bleed():
    image = solid(1024, 1024, (0, 255, 0, 0))
    image[200:800, 200:800] = (0, 0, 255, 255)
    for scaled in (shrink(image, 3), cut(image, whole(image))):
        assert not scaled[scaled[..., 3] > 0][:, 1].any()
        assert (scaled[scaled[..., 3] > 0][:, 2] == 255).all()


@pytest.mark.parametrize("side", [100.0, 512.5, 700.0, 1500.0])
def test_edges_do_not_ring(side: float):
    """Lanczos overshoots on both sides of an edge: a halo outside, a gap inside, colours beyond the ones that are there."""
    image = solid(1600, 1600, (0, 0, 0, 0))
    image[400:1200, 400:1200] = (90, 60, 30, 255)
    scaled = cut(image, Box.square(400.3, 800.0, side))
    alpha = scaled[256, :, 3].astype(int)
    assert (np.diff(alpha) >= 0).all()
    assert alpha[0] == 0 and alpha[400] == 255
    blurred = ((alpha > 0) & (alpha < 255)).sum()
    assert blurred <= max(3, 3 * SIZE / side)
    assert (np.abs(scaled[256, alpha > 0, :3].astype(int) - (90, 60, 30)) <= 1).all()


def test_a_box_on_whole_pixels_of_the_right_size_is_a_copy():
    image = np.random.default_rng(0).integers(0, 256, (600, 700, 4), dtype=np.uint8)
    copy = cut(image, Box(50, 20, 562, 532))
    assert np.array_equal(copy, image[20:532, 50:562]) and not np.shares_memory(copy, image)
    over = cut(image, Box(-100, 300, 412, 812))
    assert np.array_equal(over[:300, 100:], image[300:, :412]) and not over[300:].any() and not over[:, :100].any()


@pytest.mark.parametrize(("left", "top"), [(0.5, 0.0), (10.25, 3.75), (-20.5, -7.0)])
def test_a_part_of_a_pixel_moves_the_picture_by_that_part(left: float, top: float):
    """A linear ramp is moved exactly, whatever the kernel."""
    columns = np.arange(600)
    image = solid(600, 600, (0, 0, 0, 255))
    image[..., 3] = np.clip(columns / 3, 0, 255).astype(np.uint8)
    moved = cut(image, Box(left, top, left + 512, top + 512))[300, 100:400, 3].astype(float)
    assert np.abs(moved - (columns[100:400] + left) / 3).max() < 1.2


def test_the_whole_picture_keeps_its_light():
    """As much of everything after scaling as before, which shows wrong offsets at the edges too."""
    image = pixels(template())
    image[-1] = 0
    padded = np.zeros((777, 777, 4), np.uint8)
    padded[100:612, 90:602] = image
    scaled = cut(padded, whole(padded))
    before, after = padded[..., 3].sum() / 777**2, scaled[..., 3].sum() / SIZE**2
    assert after == pytest.approx(before, rel=0.002)
    rows, columns = np.nonzero(scaled[..., 3] > 128)
    there = np.nonzero(padded[..., 3] > 128)
    assert rows.mean() / SIZE == pytest.approx(there[0].mean() / 777, abs=5e-4)
    assert columns.mean() / SIZE == pytest.approx(there[1].mean() / 777, abs=5e-4)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 7))
def test_shrink_keeps_one_colour_and_counts_what_is_missing_as_transparent(height, width, factor):
    small = shrink(solid(height, width, (10, 120, 250, 255)), factor)
    assert small.shape == (-(-height // factor), -(-width // factor), 4)
    assert (small[small[..., 3] > 0][:, :3] == (10, 120, 250)).all()
    covered = small[..., 3].astype(float).sum() / 255 * factor**2
    assert covered == pytest.approx(height * width, abs=small[..., 3].size * factor**2 / 510 + 1e-6)  # rounding


@settings(max_examples=25)
@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(1, 3000))
def test_any_box_is_possible(left, top, side):
    image = checkers(64)
    scaled = cut(image, Box(left, top, left + side, top + side))
    assert scaled.shape == (SIZE, SIZE, 4) and not scaled[scaled[..., 3] == 0].any()
