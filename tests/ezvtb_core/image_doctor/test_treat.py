"""The whole treatment: what comes out is what the models need, and the template's pictures come out as they went in."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from ezvtb_core.image_doctor import SIZE, TEMPLATE_HEAD, Fit, Picture, PictureError, load, treat
from ezvtb_core.image_doctor.repairs import DARK
from ezvtb_core.link import paths
from tests.ezvtb_core.image_doctor.figures import AUTHORS, BUNDLED, HEAD, Variant, pixels, placed, template, variants

PICTURES = [BUNDLED, *(pytest.param(path, marks=pytest.mark.needs("shared")) for path in AUTHORS)]
FITS = [Fit(), Fit("template"), Fit("manual", 0.5, 0.25, 0.25)]


def sound(picture: Picture) -> None:
    assert picture.pixels.shape == (SIZE, SIZE, 4) and picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous and picture.pixels.flags.writeable
    assert picture.pixels[picture.pixels[..., 3] == 0].max(initial=0) <= DARK
    assert picture.head.height > 0 and math.isfinite(picture.head.x + picture.head.y)
    assert 0 <= picture.report.score <= 100


@pytest.mark.parametrize("path", PICTURES)
@pytest.mark.parametrize("fit", FITS[:2], ids=lambda fit: fit.mode)
@pytest.mark.parametrize("keep_whole", [False, True])
def test_template_pictures_come_out_bit_by_bit_but_for_hidden_colour(path, fit, keep_whole):
    given_pixels = pixels(template(path))
    picture = load(path, fit, keep_whole)
    sound(picture)
    visible = given_pixels[..., 3] > 0
    assert np.array_equal(picture.pixels[visible], given_pixels[visible])
    assert picture.pixels[~visible].max() <= DARK
    assert picture.original == (512, 512)
    assert picture.report.mode == "template"
    assert picture.head == TEMPLATE_HEAD
    assert picture.report.score == 100


def landed(picture: Picture, variant: Variant) -> tuple[float, float]:
    """How far the figure's real head is from the template's place, in heads, and how many times too large.

    Measured in the outcome: the picture it should have become is moved and scaled over it until they agree best.
    """
    wanted = np.asarray(template().getchannel("A").resize((128, 128)), np.float32)
    got = Image.fromarray(picture.pixels[..., 3])
    best = (math.inf, 0.0, 0.0, 1.0)
    for scale in np.arange(0.86, 1.15, 0.02):
        side = 512 * scale
        for right in range(-24, 25, 4):
            for down in range(-24, 25, 4):
                left, top = 256 - (256 + right) * scale, 128 - (128 + down) * scale
                moved = got.transform((128, 128), Image.Transform.EXTENT, (left, top, left + side, top + side))
                difference = float(np.abs(np.asarray(moved, np.float32) - wanted)[:70].mean())
                best = min(best, (difference, right, down, scale))
    return math.hypot(best[1], best[2]) / 128, best[3]


@pytest.mark.parametrize("variant", [each for each in variants(template()) if each.name in ("1.4 times", "on a screen")])
def test_the_head_lands_in_its_place(variant):
    distance, scale = landed(treat(pixels(variant.image)), variant)
    assert distance < 0.15
    assert 1 / 1.12 < scale < 1.12


@pytest.mark.parametrize("variant", list(variants(template())), ids=lambda variant: variant.name)
def test_what_came_out_goes_in_again_unchanged(variant):
    """But for what enlarging makes of a small picture: wide soft edges, whose outermost haze is dirt the second time."""
    once = treat(pixels(variant.image))
    sound(once)
    again = treat(once.pixels)
    assert again.report.mode == "template"
    changed = (again.pixels != once.pixels).any(axis=2)
    if variant.size >= 128:
        assert not changed.any()
    assert (once.pixels[changed][:, 3] <= 16).sum() + (once.pixels[changed][:, 3] >= 240).sum() == changed.sum()


def test_manual_puts_the_marked_head_into_place():
    x, y, size = HEAD
    image = placed(template(), (1000, 800), (310, 120))
    picture = treat(pixels(image), Fit("manual", (310 + x) / 1000, (120 + y) / 800, size / 800))
    assert np.array_equal(picture.pixels, treat(pixels(template()), Fit("template")).pixels)


def test_the_array_that_was_given_stays_as_it_is():
    image = pixels(template())
    image[0, 0] = (1, 2, 3, 0)
    before = image.copy()
    treat(image)
    assert np.array_equal(image, before)
    image.flags.writeable = False
    treat(image)


def test_large_pictures_come_out_like_small_ones():
    large = template().resize((5200, 5200), Image.Resampling.BICUBIC)
    picture = treat(pixels(large))
    difference = np.abs(picture.pixels.astype(int) - pixels(template()))
    assert picture.report.mode == "template" and picture.original == (5200, 5200)
    assert difference[pixels(template())[..., 3] == 255].mean() < 4
    assert picture.report.score == 100


def test_a_small_figure_on_a_large_canvas_keeps_its_detail():
    """The canvas is 36 megapixels, the figure 512 pixels: it is not reduced on the way."""
    canvas = np.zeros((6000, 6000, 4), np.uint8)
    canvas[3000:3512, 700:1212] = pixels(template())
    picture = treat(canvas)
    assert picture.report.score == 100
    assert picture.original == (6000, 6000)


@pytest.mark.parametrize("keep_whole", [False, True])
@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.mode)
@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 2), (512, 512), (40, 700)])
@pytest.mark.parametrize("alpha", [1, 128, 255])
def test_any_shape_is_possible(shape, fit, keep_whole, alpha):
    image = np.full((*shape, 4), 200, np.uint8)
    image[..., 3] = alpha
    sound(treat(image, fit, keep_whole))


@settings(max_examples=25)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(4))),
    st.sampled_from(FITS),
    st.booleans(),
)
def test_any_content_is_possible(image, fit, keep_whole):
    try:
        sound(treat(image, fit, keep_whole))
    except PictureError as error:
        assert error.notice.code == "picture_empty"
        assert not image[..., 3].any()


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.float32), np.zeros((0, 4, 4), np.uint8),
     np.zeros((1, 1, 1, 4), np.uint8), np.broadcast_to(np.uint8(0), (8001, 8001, 4))],
)  # fmt: skip
def test_other_arrays_are_refused_with_expected_and_got(image):
    with pytest.raises(PictureError, match=r"uint8 \(height, width, 4\).* got ") as caught:
        treat(image)
    assert str(image.shape) in str(caught.value)


def test_a_transparent_picture_is_refused(tmp_path):
    with pytest.raises(PictureError, match="transparent"):
        treat(np.zeros((512, 512, 4), np.uint8))
    Image.new("RGBA", (64, 64), (1, 2, 3, 0)).save(tmp_path / "a.png")
    with pytest.raises(PictureError, match="transparent"):
        load(tmp_path / "a.png")


def test_several_threads_at_once_get_the_same():
    expected = load(BUNDLED).pixels
    moved = treat(pixels(placed(template(), (900, 700), (200, 100)))).pixels
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: load(paths.STILL_IMAGE).pixels, range(6)))
        treated = list(pool.map(lambda _: treat(pixels(placed(template(), (900, 700), (200, 100)))).pixels, range(6)))
    assert all(np.array_equal(each, expected) for each in loaded)
    assert all(np.array_equal(each, moved) for each in treated)
