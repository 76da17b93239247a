"""Notices: sentences as codes with parameters."""

from __future__ import annotations

import pytest

from ezvtb_core.link.messages import Notice, NoticeError


def test_a_notice_survives_json():
    notice = Notice("setting_invalid", name="fps", expected="int", got="x", code=3)
    assert Notice.from_json(notice.to_json()) == notice


@pytest.mark.parametrize("data", [None, 3, "x", {}, {"code": 3, "params": {}}, {"code": "x"}, {"code": "x", "params": []}])
def test_what_is_no_notice_becomes_a_sentence_about_that(data):
    assert Notice.from_json(data).code == "unknown_notice"


def test_an_error_speaks_english():
    error = NoticeError("framebuffer_closed", name="x")
    assert str(error) == "The frame buffer x is closed already."
    assert error.notice == Notice("framebuffer_closed", name="x")
