"""Which part of a picture becomes the frame."""

from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.image_doctor.fitting import Placement, place, standing
from ezvtb_core.image_doctor.picture import TEMPLATE_HEAD, Box, Fit
from tests.ezvtb_core.image_doctor.figures import AUTHORS, BUNDLED, pixels, placed, template

AUTO, TEMPLATE = Fit(), Fit("template")
MANUAL = Fit("manual", 0.3, 0.6, 0.2)


def edges(image: np.ndarray) -> Box:
    return Box(0.0, 0.0, float(image.shape[1]), float(image.shape[0]))


def put(image: np.ndarray, fit: Fit = AUTO, keep_whole: bool = False) -> Placement:
    return place(image, edges(image), fit, keep_whole)


def near(first: Box, second: Box, within: float) -> bool:
    pairs = zip((first.left, first.top, first.right), (second.left, second.top, second.right), strict=True)
    return all(abs(one - other) <= within for one, other in pairs)


@pytest.mark.parametrize("path", [BUNDLED, *(pytest.param(path, marks=pytest.mark.needs("shared")) for path in AUTHORS)])
@pytest.mark.parametrize("side", [256, 512, 1024, 2048])
def test_template_pictures_are_used_as_they_are_at_any_size(path, side):
    image = pixels(template(path).resize((side, side)))
    found = put(image)
    assert found.mode == "template"
    assert found.box == Box(0, 0, side, side)
    assert near(found.framed(), TEMPLATE_HEAD, 1e-6)


def test_a_head_elsewhere_is_brought_into_the_templates_place():
    image = pixels(placed(template(), (1200, 900), (500, 300)))
    found = put(image)
    assert found.mode == "auto"
    assert near(found.framed(), TEMPLATE_HEAD, 1e-6)
    assert near(found.box, Box(500, 300, 1012, 812), 25)


def test_a_large_head_in_a_square_of_the_models_size_is_made_smaller():
    """512×512, but a portrait: the head is twice as large as in the template."""
    image = pixels(template().crop((128, 0, 384, 256)).resize((512, 512)))
    found = put(image)
    assert found.mode == "auto"
    assert found.box.right - found.box.left == pytest.approx(1024, rel=0.1)


def test_long_ears_stay_in_the_frame_as_far_as_the_head_keeps_nearly_its_size():
    plain = template()
    image = placed(plain, (700, 700), (100, 150))
    for column in (290, 410):
        image.paste((90, 90, 90, 255), (column - 12, 130, column + 12, 260))
    eared = put(pixels(image))
    ears = (eared.box.top - 130) * 512 / (eared.box.right - eared.box.left)
    assert ears <= 6  # nothing of the ears is lost but a few pixels
    assert 0.88 * 128 < eared.framed().height <= 128
    assert abs(eared.framed().x - 256) < 1


@pytest.mark.parametrize("keep_whole", [False, True])
def test_the_sliders_overrule_everything(keep_whole):
    image = pixels(placed(template(), (1000, 800), (300, 200)))
    found = put(image, MANUAL, keep_whole)
    assert found.mode == "manual"
    assert (found.head.x, found.head.y, found.head.size) == (300, 480, 160)
    if keep_whole:
        assert found.box == Box(0, -200, 1000, 800)
    else:
        assert near(found.framed(), TEMPLATE_HEAD, 1e-6)


def test_the_sliders_speak_of_the_whole_picture_even_where_only_a_part_is_looked_at():
    image = pixels(template())[40:512, 100:420]
    found = place(image, Box(-100, -40, 900, 760), MANUAL, False)
    assert (found.head.x, found.head.y, found.head.size) == (200, 440, 160)


@pytest.mark.parametrize(("width", "height"), [(1000, 700), (700, 1000), (900, 900)])
def test_template_uses_the_whole_picture_standing_on_its_lower_edge(width, height):
    image = pixels(placed(template(), (width, height), (50, 100)))
    found = put(image, TEMPLATE)
    assert found.mode == "template"
    assert found.box == standing(edges(image))
    assert found.box.bottom == height and found.box.x == width / 2
    assert found.box.right - found.box.left == max(width, height)


def test_where_the_whole_picture_is_kept_the_head_is_still_known():
    image = pixels(placed(template(), (1000, 800), (400, 250)))
    found = put(image, AUTO, keep_whole=True)
    assert found.box == Box(0, -200, 1000, 800)
    assert found.head.x == pytest.approx(656, abs=15) and found.head.y == pytest.approx(378, abs=20)


def test_without_transparency_the_picture_is_used_whole():
    image = pixels(template())
    image[..., 3] = 255
    wide = np.full((600, 900, 4), 255, np.uint8)
    wide[80:592, 200:712] = image
    assert put(wide).mode == "template"
    assert put(wide).box == Box(0, -300, 900, 600)
    assert near(put(wide).framed(), TEMPLATE_HEAD, 1e-6)
    guessed = put(wide, AUTO, keep_whole=True)
    assert 0 < guessed.head.size < 600 and guessed.head.confidence == 0
