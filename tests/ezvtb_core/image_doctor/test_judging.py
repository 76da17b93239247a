"""Points are lost for what matters, with a sentence; flawless pictures lose none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.image_doctor import AUTO, Fit, Picture, treat
from ezvtb_core.image_doctor.head import Head
from ezvtb_core.image_doctor.judging import mirror
from ezvtb_core.link.locale import say
from tests.ezvtb_core.image_doctor.figures import AUTHORS, BUNDLED, pixels, placed, template


def problems(picture: Picture) -> dict[str, int]:
    for finding in picture.report.findings:
        for language in ("en-US", "zh-CN"):
            sentence = say(finding.notice, language)
            assert sentence and "{" not in sentence
    costly = {finding.notice.code: finding.points for finding in picture.report.findings if finding.points}
    assert picture.report.score == max(0, 100 - sum(costly.values()))
    assert all(points > 0 for points in costly.values())
    points = [finding.points for finding in picture.report.findings]
    assert points == sorted(points, reverse=True)
    return costly


def judged(image: Image.Image, fit: Fit = AUTO) -> dict[str, int]:
    return problems(treat(pixels(image), fit))


@pytest.mark.parametrize("path", [BUNDLED, *(pytest.param(path, marks=pytest.mark.needs("shared")) for path in AUTHORS)])
@pytest.mark.parametrize("times", [1, 2])
def test_good_pictures_get_full_marks(path, times):
    larger = template(path).resize((512 * times, 512 * times), Image.Resampling.LANCZOS)
    assert judged(larger) == {}
    assert judged(placed(larger, (600 * times, 600 * times), (80, 20))) == {}


def test_an_opaque_background_costs_most():
    image = Image.new("RGBA", (512, 512), (90, 120, 90, 255))
    image.alpha_composite(template())
    found = judged(image)
    assert found["picture_opaque"] == max(found.values()) >= 40


def test_a_small_head_costs_the_more_the_smaller_it_is():
    lost = [judged(template().resize((side, side)))["picture_head_small"] for side in (384, 256, 128)]
    assert lost == sorted(lost) and lost[0] < lost[-1] <= 30
    assert "picture_head_small" not in judged(template())


def test_something_without_a_head_is_said_to_have_none():
    rows, columns = np.mgrid[:400, :400]
    wedge = np.zeros((400, 400, 4), np.uint8)
    wedge[(columns < rows) & (columns > 40) & (rows < 360)] = 255
    found = problems(treat(wedge))
    assert "picture_head_not_found" in found or "picture_head_unsure" in found


def test_a_misplaced_head_in_a_picture_used_as_it_is():
    moved = placed(template(), (1000, 1000), (400, 400))
    assert judged(moved, Fit("template"))["picture_head_off"] >= 10
    assert "picture_head_off" not in judged(moved)
    assert "picture_head_off" not in judged(template(), Fit("template"))


def test_a_head_that_is_cut_off_above():
    image = template().crop((0, 85, 512, 512))
    assert "picture_head_cut" in judged(image)
    assert "picture_head_cut" not in judged(template().crop((0, 30, 512, 512)))


def test_a_head_without_a_body():
    assert "picture_no_body" in judged(template().crop((0, 0, 512, 205)))


@pytest.mark.parametrize("degrees", [-25, -18, 18, 25])
def test_a_tilted_head_is_measured(degrees):
    tilted = template().convert("RGBa").rotate(-degrees, Image.Resampling.BICUBIC, center=(256, 192)).convert("RGBA")
    picture = treat(pixels(tilted))
    said = [finding.notice.params["degrees"] for finding in picture.report.findings if finding.notice.code == "picture_tilted"]
    assert said and said[0] == pytest.approx(abs(degrees), abs=5)
    alike = mirror(pixels(tilted), Head(256 + 64 * np.sin(np.radians(degrees)), 192 - 64 * np.cos(np.radians(degrees)), 128, 1))
    assert max(alike, key=lambda angle: alike[angle]) == pytest.approx(degrees, abs=4)


def test_a_staircase_outline():
    image = template()
    alpha = np.asarray(image.getchannel("A"))
    image.putalpha(Image.fromarray(np.where(alpha > 127, 255, 0).astype(np.uint8)))
    assert judged(image) == {"picture_hard_edges": 5}
    # Made smaller it has soft edges again.
    double = image.resize((1024, 1024), Image.Resampling.NEAREST)
    assert "picture_hard_edges" not in judged(double)


def test_half_a_face_is_said_to_be_turned():
    """The lower face of one side replaced by noise is like no mirror image."""
    image = pixels(template())
    random = np.random.default_rng(0)
    blocks = np.kron(random.integers(0, 256, (16, 16, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
    alike = mirror(np.dstack([blocks, np.full((128, 128), 255, np.uint8)]), Head(64, 64, 80, 1))
    assert max(alike.values()) < 0.35 < 0.8 < max(mirror(image, Head(256, 128, 128, 1)).values())
