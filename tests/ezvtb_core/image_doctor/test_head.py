"""The head is found wherever and however large it is. Measured with these variants: centre 0.11 heads off at worst, size 9 %."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.image_doctor import head
from tests.ezvtb_core.image_doctor.figures import AUTHORS, BUNDLED, HEAD, Variant, pixels, placed, template, variants

CENTRE, SIZE = 0.15, math.log(1.15)
"""Bounds in head heights: of the distance of the centres, and of the logarithm of the sizes' ratio."""


def off(found: head.Head | None, variant: Variant) -> tuple[float, float]:
    assert found is not None, variant.name
    distance = math.hypot(found.x - variant.x, found.y - variant.y) / variant.size
    return distance, abs(math.log(found.size / variant.size))


@pytest.mark.parametrize("variant", list(variants(template())), ids=lambda variant: variant.name)
def test_bundled_character(variant: Variant) -> None:
    found = head.find(pixels(variant.image))
    distance, size = off(found, variant)
    assert distance < CENTRE and size < SIZE
    assert found is not None and found.confidence > 0.8


@pytest.mark.needs("shared")
@pytest.mark.parametrize("path", AUTHORS, ids=lambda path: path.parent.name)
def test_characters_of_the_original_authors(path) -> None:
    for variant in variants(template(path)):
        distance, size = off(head.find(pixels(variant.image)), variant)
        assert distance < CENTRE and size < SIZE, variant.name


def test_the_mirror_image_has_its_head_on_the_other_side() -> None:
    image = placed(template(), (900, 600), (30, 40))
    found = head.find(pixels(image))
    mirrored = head.find(pixels(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    assert found is not None and mirrored is not None
    assert mirrored.x == pytest.approx(900 - found.x, abs=0.05 * found.size)
    assert mirrored.y == pytest.approx(found.y, abs=0.05 * found.size)


def test_a_body_without_a_head_is_doubted() -> None:
    """A lying figure, and nothing but a square."""
    lying = head.find(pixels(template().transpose(Image.Transpose.ROTATE_90)))
    square = np.zeros((400, 400, 4), np.uint8)
    square[100:300, 100:300] = 255
    for found in (lying, head.find(square)):
        assert found is None or found.confidence < 0.6


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (5, 5), (40, 3)])
def test_tiny_and_thin_pictures_are_no_trouble(shape: tuple[int, int]) -> None:
    solid = np.full((*shape, 4), 255, np.uint8)
    for given in (solid, np.zeros_like(solid)):
        found = head.find(given)
        assert found is None or found.size > 0


def test_the_content_does_not_include_a_few_stray_pixels() -> None:
    image = np.zeros((300, 400, 4), np.uint8)
    image[50:250, 100:200] = 200
    image[5, 5] = image[299, 399] = 255
    assert head.content(image) == (100, 50, 200, 250)
    assert head.content(np.zeros_like(image)) is None


@pytest.mark.parametrize("box", [(100, 30, 400, 482), (200, 12, 120, 500), (60, 112, 400, 400)])
def test_a_guess_is_at_the_top_of_the_content(box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    image = np.zeros((512, 512, 4), np.uint8)
    image[top : top + height, left : left + width] = 255
    guess = head.guess(image)
    assert guess.x == pytest.approx(left + width / 2, abs=1)
    assert top < guess.y < top + 0.45 * height
    assert 0.18 * height < guess.size < 0.42 * height
    assert guess.confidence == 0


def test_the_template_head_is_found_in_the_template() -> None:
    found = head.find(pixels(template(BUNDLED)))
    assert off(found, Variant("template", template(), *HEAD))[0] < CENTRE
