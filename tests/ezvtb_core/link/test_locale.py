"""Texts in two languages."""

from __future__ import annotations

import pytest

from ezvtb_core.link import locale
from ezvtb_core.link.messages import Notice


@pytest.mark.parametrize(
    ("given", "ours"),
    [("zh-CN", "zh-CN"), ("zh_TW.UTF-8", "zh-CN"), ("zh", "zh-CN"), ("en-GB", "en-US"), ("de-DE", "en-US"), ("", "en-US")],
)
def test_every_locale_maps_to_one_we_have(given, ours):
    assert locale.choose(given) == ours


def test_a_sentence_is_said_in_the_language_asked_for():
    notice = Notice("framebuffer_closed", name="x")
    assert locale.say(notice, "en-US") == "The frame buffer x is closed already."
    assert locale.say(notice, "zh-CN") == "帧缓冲区 x 已关闭。"


def test_a_missing_text_shows_its_code_and_a_missing_value_its_name():
    assert locale.text("no_such_text", "zh-CN") == "no_such_text"
    assert locale.text("framebuffer_closed", "en-US") == "The frame buffer {name} is closed already."


def test_a_notice_within_a_notice_is_said_too():
    notice = Notice("host_restarting", reason=Notice("worker_died", code=9).to_json())
    assert locale.say(notice, "en-US") == "The engine stopped and is starting again. It ended by itself (code 9)."
