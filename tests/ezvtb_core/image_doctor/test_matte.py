"""Fringes of a white or black background."""

from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.image_doctor.matte import remove_white, unblend
from tests.ezvtb_core.image_doctor.figures import AUTHORS, BUNDLED, pixels, template

PICTURES = [BUNDLED, *(pytest.param(path, marks=pytest.mark.needs("shared")) for path in AUTHORS)]


def blended(image: np.ndarray, matte: int, amount: float = 1.0) -> np.ndarray:
    """`amount` of a blend with the matte, colours under alpha 0 gone."""
    share = image[..., 3:] / 255
    mixed = image.copy()
    colours = image[..., :3] + amount * (1 - share) * (matte - image[..., :3].astype(float))
    mixed[..., :3] = np.where(share > 0, np.rint(colours), 0)
    return mixed


def edges(image: np.ndarray) -> np.ndarray:
    return (image[..., 3] >= 32) & (image[..., 3] < 255)


def error(first: np.ndarray, second: np.ndarray) -> float:
    where = edges(second)
    return float(np.abs(first[where][:, :3].astype(int) - second[where][:, :3]).mean())


@pytest.mark.parametrize("path", PICTURES)
@pytest.mark.parametrize("matte", [0, 255])
def test_a_blended_picture_gets_its_own_colours_back(path, matte):
    clean = pixels(template(path))
    image = blended(clean, matte)
    assert error(image, clean) > 4  # dark outlines are hardly any darker
    assert unblend(image, 255 - matte) == 0
    assert unblend(image, matte) > 1000
    assert error(image, clean) < 1.5  # what rounding leaves
    assert np.array_equal(image[..., 3], clean[..., 3])


@pytest.mark.parametrize("path", PICTURES)
def test_clean_pictures_are_left_alone(path):
    clean = pixels(template(path))
    image = clean.copy()
    assert unblend(image, 0) == unblend(image, 255) == remove_white(image) == 0
    assert np.array_equal(image, clean)


@pytest.mark.parametrize("path", PICTURES)
@pytest.mark.parametrize("amount", [0.8, 1.0])
def test_white_that_a_background_remover_left_is_taken_out(path, amount):
    clean = pixels(template(path))
    image = blended(clean, 255, amount)
    whiter = error(image, clean)
    assert remove_white(image) > 1000
    assert error(image, clean) < 0.75 * whiter
    lighter = image[edges(clean)][:, :3].mean() - clean[edges(clean)][:, :3].mean()
    assert abs(lighter) < 16  # neither white nor black fringes on the whole


@pytest.mark.parametrize("path", PICTURES)
def test_opaque_pixels_are_never_touched(path):
    clean = pixels(template(path))
    for matte in (0, 255):
        image = blended(clean, matte)
        unblend(image, matte)
        remove_white(image)
        assert np.array_equal(image[clean[..., 3] == 255], clean[clean[..., 3] == 255])


def test_a_figure_with_a_white_sticker_outline_keeps_it():
    """The outline is white whatever the alpha: drawn like that."""
    rows, columns = np.mgrid[:512, :512]
    distance = np.hypot(rows - 256, columns - 256)
    image = np.zeros((512, 512, 4), np.uint8)
    image[..., 3] = np.clip((200.5 - distance) * 64, 0, 255)
    image[..., :3] = np.where(distance < 190, 40, 255)[..., None]
    image[image[..., 3] == 0] = 0
    before = image.copy()
    assert unblend(image, 255) == unblend(image, 0) == remove_white(image) == 0
    assert np.array_equal(image, before)


@pytest.mark.parametrize("image", [np.zeros((64, 64, 4), np.uint8), np.full((64, 64, 4), 255, np.uint8)])
def test_nothing_to_tell_from(image):
    before = image.copy()
    assert unblend(image, 0) == unblend(image, 255) == remove_white(image) == 0
    assert np.array_equal(image, before)
