"""Boxes and reports."""

from __future__ import annotations

from ezvtb_core.image_doctor.picture import TEMPLATE_HEAD, Box, Finding, Fit, Report
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings


def test_a_box_by_its_centre():
    box = Box.square(256, 128, 128)
    assert box == TEMPLATE_HEAD
    assert (box.x, box.y, box.height) == (256, 128, 128)


def test_the_score_is_what_the_findings_leave_and_never_negative():
    findings = (Finding(Notice("picture_opaque"), 70), Finding(Notice("picture_dirt", pixels=3)))
    assert Report().score == 100
    assert Report(findings).score == 30
    assert Report(findings * 2).score == 0
    assert Report(findings).notices == [Notice("picture_opaque"), Notice("picture_dirt", pixels=3)]


def test_the_sliders_start_where_the_template_has_the_head():
    settings = Settings()
    fit = Fit()
    assert (settings.head_x, settings.head_y, settings.head_size) == (100 * fit.x, 100 * fit.y, 100 * fit.size)
    assert (512 * fit.x, 512 * fit.y, 512 * fit.size) == (TEMPLATE_HEAD.x, TEMPLATE_HEAD.y, TEMPLATE_HEAD.height)
