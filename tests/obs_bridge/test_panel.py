"""What the panel says about an engine and the picture in use."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.status import EngineStatus, PictureStatus
from obs_bridge import libobs as c
from obs_bridge.panel import other_buttons, status_buttons, status_lines
from obs_bridge.properties import Line


def about_picture(picture: PictureStatus | None, language: str = "en-US") -> list[Line]:
    lines = status_lines(EngineStatus(state="running", picture=picture), [], [], {}, language)
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
    (line,) = [line for line in status_lines(status, [], [], {}, "en-US") if line.name == "status_numbers"]
    assert line.text.startswith("30 fps") and line.text.endswith("CPU, 2 threads (numpy 2.0)")


def lines_of(status: EngineStatus, **options: Any) -> dict[str, Line]:
    values = {"warnings": [], "messages": [], "labels": {}, "language": "en-US", **options}
    return {line.name: line for line in status_lines(status, **values)}


LEVELS = [
    ("error", c.OBS_TEXT_INFO_ERROR),
    ("lost", c.OBS_TEXT_INFO_WARNING),
    ("waiting", c.OBS_TEXT_INFO_WARNING),
    ("tracking", 0),
]


@pytest.mark.parametrize(("state", "level"), LEVELS)
def test_sound_is_spoken_of_like_the_tracker(state, level):
    status = EngineStatus(state="running", sound_state=state, sound_notice=Notice("host_stopped"))
    line = lines_of(status)["status_sound"]
    assert (line.text, line.level) == ("The engine is not running.", level)
    assert "status_sound" not in lines_of(EngineStatus(state="running"))


def test_what_a_recording_came_to_is_said():
    status = EngineStatus(state="running", message=Notice("host_running"))
    assert lines_of(status)["status_recording"].text == "The engine is running."


def test_expressions_that_are_on_are_named_as_people_call_them():
    status = EngineStatus(state="running", expressions=["smile", "my own"])
    line = lines_of(status, labels={"smile": "Smile"})["status_expressions"]
    assert line.text == "Expressions that are on: Smile, my own"
    assert lines_of(status, labels={"smile": "微笑"}, language="zh-CN")["status_expressions"].text.endswith("微笑、my own")


def test_every_message_of_a_button_has_its_line_and_nothing_is_said_twice():
    status = EngineStatus(state="running", notice=Notice("host_running"), tracker_notice=Notice("host_running"))
    warnings = [Notice("host_stopped"), Notice("host_stopped")]
    lines = lines_of(status, warnings=warnings, messages=[Notice("setup_done"), Notice("face_model_done")])
    assert [name for name in lines if name.startswith("status_warning")] == ["status_warning_0"]
    assert [name for name in lines if name.startswith("status_message")] == ["status_message_0", "status_message_1"]
    assert "status_tracker" not in lines


def buttons(code: str = "tracker_starting", needed: bool = False, installing: bool = False, loading: bool = False) -> list[str]:
    installation: Any = SimpleNamespace(
        needed=lambda: needed, busy=lambda: installing, button_label=lambda _: "", webcam_label=lambda _: ""
    )
    face_model: Any = SimpleNamespace(busy=lambda: loading, button_label=lambda _: "")
    status = EngineStatus(tracker_notice=Notice(code))
    made = status_buttons(installation, face_model, status, "en-US")
    return [button.name + ("" if button.enabled else " off") for button in made]


def test_the_button_that_helps_stands_under_the_sentence_that_asks_for_it():
    assert buttons() == ["refresh"]
    assert buttons(needed=True) == ["install", "refresh"]
    assert buttons("webcam_not_installed") == ["install_webcam", "refresh"]
    assert buttons("webcam_not_installed", installing=True) == ["install_webcam off", "refresh"]
    assert buttons("webcam_not_installed", needed=True) == ["install", "refresh"]
    assert buttons("webcam_no_model") == ["download_face_model", "refresh"]
    assert buttons(loading=True) == ["download_face_model off", "cancel_download", "refresh"]


def test_the_record_button_says_what_it_does_next():
    labels = [
        {button.name: button.label for button in other_buttons(EngineStatus(recording=on), "en-US")} for on in (False, True)
    ]
    assert [label["record"] for label in labels] == ["Record movement", "Stop recording"]
    assert list(labels[0]) == ["recentre", "record", "restart"]
