"""Each repair with a picture that needs it; pictures that need none stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.image_doctor import repairs
from tests.ezvtb_core.image_doctor.figures import AUTHORS, BUNDLED, pixels, template

PICTURES = [BUNDLED, *(pytest.param(path, marks=pytest.mark.needs("shared")) for path in AUTHORS)]


def clean(path=BUNDLED) -> np.ndarray:
    image = pixels(template(path))
    image[image[..., 3] == 0] = 0
    return image


def codes(image: np.ndarray) -> dict[str, int]:
    return {finding.notice.code: finding.notice.params["pixels"] for finding in repairs.repair(image)}


@pytest.mark.parametrize("path", PICTURES)
def test_a_clean_picture_stays_as_it_is(path):
    image = clean(path)
    assert codes(image) == {}
    assert np.array_equal(image, clean(path))


def test_hidden_colour_is_cleared_and_counted():
    image = clean()
    image[3, 5:12] = (1, 2, 30, 0)
    assert codes(image) == {"picture_hidden_colour": 7}
    assert np.array_equal(image, clean())


def test_hidden_colour_that_is_as_good_as_black_stays():
    image = clean()
    image[3, 5:12] = (1, 2, 8, 0)
    before = image.copy()
    assert codes(image) == {}
    assert np.array_equal(image, before)


@pytest.mark.parametrize("opacity", [0.3, 0.5, 0.8, 0.95])
def test_a_see_through_figure_becomes_solid(opacity):
    image = clean()
    visible = np.count_nonzero(image[..., 3])
    image[..., 3] = np.rint(image[..., 3] * opacity)
    still_visible = np.count_nonzero(image[..., 3])
    found = codes(image)
    assert found["picture_see_through"] == still_visible <= visible
    solid = clean()[..., 3] == 255
    assert (image[solid][:, 3] == 255).all()
    assert np.abs(image[..., 3].astype(int) - clean()[..., 3]).max() <= 4
    assert np.array_equal(image[solid], clean()[solid])


def test_see_through_parts_of_a_solid_figure_are_meant():
    """A veil, glasses, a jelly: large and see-through, but not the whole."""
    image = clean()
    image[250:400][image[250:400, :, 3] == 255] = (200, 120, 40, 150)
    before = image.copy()
    assert codes(image) == {}
    assert np.array_equal(image, before)


def test_a_veil_over_the_inside_is_closed_and_edges_keep_their_softness():
    image = clean()
    random = np.random.default_rng(3)
    inside = image[..., 3] == 255
    image[..., 3][inside] = random.integers(246, 256, inside.sum())
    found = codes(image)
    assert found.keys() == {"picture_interior"}
    soft = (clean()[..., 3] < 240) & (clean()[..., 3] > 0)
    assert np.array_equal(image[soft], clean()[soft])
    assert (image[inside][:, 3] == 255).mean() > 0.95


def test_specks_far_away_go_and_the_figure_and_its_halo_stay():
    image = clean()
    image[100, 20] = (0, 0, 255, 255)
    image[300:303, 480:484] = (0, 255, 0, 200)
    image[10:16, 200:300] = (80, 220, 255, 255)  # a ring over the head: 600 pixels
    expected = image.copy()
    expected[100, 20] = expected[300:303, 480:484] = 0
    assert codes(image) == {"picture_dirt": 13}
    assert np.array_equal(image, expected)


def test_haze_away_from_the_figure_goes():
    image = clean()
    image[400:500, 10:60] = (255, 255, 255, 9)
    assert codes(image) == {"picture_dirt": 5000}
    assert np.array_equal(image, clean())


def test_haze_that_hangs_on_to_the_figure_goes_where_it_is_far_from_anything_solid():
    image = clean()
    empty = image[..., 3] == 0
    image[empty] = (200, 200, 200, 5)
    found = codes(image)
    assert found["picture_dirt"] > 0.8 * empty.sum()
    assert np.array_equal(image[~empty], clean()[~empty])
    assert not image[:, :60].any()


def test_a_picture_that_is_faint_all_over_is_not_dirt():
    image = np.zeros((64, 64, 4), np.uint8)
    image[10:50, 10:50] = np.random.default_rng(0).integers(1, 16, (40, 40, 4))
    repairs.remove_dirt(image)
    assert np.count_nonzero(image[..., 3]) == 1600


def test_noise_from_rounding_under_faint_pixels_becomes_the_colour_beside_it():
    """A wide soft edge, premultiplied into eight bits and back, as many programs save it."""
    rows, columns = np.mgrid[:512, :512]
    distance = np.hypot(rows - 256, columns - 256)
    image = np.zeros((512, 512, 4), np.uint8)
    image[..., 3] = 255 * np.clip((200 - distance) / 8, 0, 1) ** 3
    random = np.random.default_rng(5)
    image[..., :3] = np.clip(random.normal((120, 90, 70), 25, (512, 512, 3)), 0, 255)
    share = image[..., 3:] / 255
    premultiplied = np.rint(image[..., :3] * share)
    image[..., :3] = np.clip(np.rint(premultiplied / np.maximum(share, 1 / 255)), 0, 255) * (share > 0)
    faint = (image[..., 3] > 0) & (image[..., 3] <= 8)

    def wrong() -> int:
        return int((np.abs(image[faint][:, :3].astype(int) - (120, 90, 70)).max(axis=1) > 100).sum())

    noisy = wrong()
    assert noisy > 50
    alpha = image[..., 3].copy()
    found = codes(image)
    assert found.keys() == {"picture_faint_colour"} and found["picture_faint_colour"] >= noisy / 2
    assert wrong() < noisy / 2
    assert np.array_equal(image[..., 3], alpha)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 2)])
@pytest.mark.parametrize("alpha", [0, 3, 128, 254, 255])
def test_odd_pictures_are_no_trouble(shape, alpha):
    image = np.full((*shape, 4), alpha, np.uint8)
    repairs.repair(image)
    assert image.shape == (*shape, 4)
