"""What the panel says about an engine and the picture in use."""

from __future__ import annotations

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.status import EngineStatus, PictureStatus
from obs_bridge import libobs as c
from obs_bridge.panel import status_lines
from obs_bridge.properties import Line


def about_picture(picture: PictureStatus | None, language: str = "en-US") -> list[Line]:
    lines = status_lines(EngineStatus(state="running", picture=picture), [], None, language)
    return [line for line in lines if line.name == "status_picture"]


def test_score_and_the_most_important_sentence():
    notices = [Notice("picture_tilted", degrees=20), Notice("picture_dirt", pixels=7)]
    (line,) = about_picture(PictureStatus(90, notices, 1))
    assert line.text.startswith("Picture: 90 of 100 points. The head is tilted by about 20 degrees.")
    assert "Specks" not in line.text
    assert line.level == c.OBS_TEXT_INFO_WARNING
    (line,) = about_picture(PictureStatus(90, notices, 1), "zh-CN")
    assert "90" in line.text and "倾斜约 20 度" in line.text


def test_repairs_alone_are_no_warning():
    (line,) = about_picture(PictureStatus(100, [Notice("picture_dirt", pixels=7)]))
    assert line.level == c.OBS_TEXT_INFO_NORMAL
    (line,) = about_picture(PictureStatus(100))
    assert line.text == "Picture: 100 of 100 points."


def test_without_a_picture_nothing_is_said():
    assert about_picture(None) == []


def test_numbers_say_where_the_model_is_computed():
    status = EngineStatus(state="running", fps=30.0, device="CPU, 2 threads (numpy 2.0)")
    (line,) = [line for line in status_lines(status, [], None, "en-US") if line.name == "status_numbers"]
    assert line.text.startswith("30 fps") and line.text.endswith("CPU, 2 threads (numpy 2.0)")
