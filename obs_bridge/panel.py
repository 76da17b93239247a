"""The words of the panel: what an engine's status says to a streamer, and the buttons that go with it."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

from ezvtb_core.link import locale
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.status import EngineStatus, PictureStatus
from obs_bridge import libobs as c
from obs_bridge.background import FaceModelDownload
from obs_bridge.installation import Installation
from obs_bridge.properties import Button, Line

_INPUT_LEVELS: Dict[str, int] = {
    "error": c.OBS_TEXT_INFO_ERROR,
    "lost": c.OBS_TEXT_INFO_WARNING,
    "waiting": c.OBS_TEXT_INFO_WARNING,
}


def status_lines(
    status: EngineStatus, warnings: Sequence[Notice], messages: Sequence[Notice], labels: Mapping[str, str], language: str
) -> List[Line]:
    """The most important sentence first, then numbers, tracker, sound, warnings, and what the work of buttons came to.

    `labels`: what expressions are called.
    """
    level = c.OBS_TEXT_INFO_ERROR if status.state == "error" else c.OBS_TEXT_INFO_NORMAL
    lines = [Line("status_engine", locale.say(status.notice, language), level)]
    if status.state in ("running", "hidden"):
        lines.append(Line("status_numbers", _numbers(status, language)))
    if status.picture is not None:
        lines.append(_picture(status.picture, language))
    said = [status.notice]
    for name, state, notice in (
        ("status_tracker", status.tracker_state, status.tracker_notice),
        ("status_sound", status.sound_state, status.sound_notice),
        ("status_recording", "", status.message),
    ):
        if notice is not None and notice not in said:
            said.append(notice)
            lines.append(Line(name, locale.say(notice, language), _INPUT_LEVELS.get(state, c.OBS_TEXT_INFO_NORMAL)))
    if status.expressions:
        names = locale.text("panel_separator", language).join(labels.get(name, name) for name in status.expressions)
        lines.append(Line("status_expressions", locale.text("panel_expressions", language, names=names)))
    for number, notice in enumerate([*warnings, *status.warnings]):
        if notice not in said:
            said.append(notice)
            lines.append(warning("%d" % number, notice, language))
    lines += [Line("status_message_%d" % number, locale.say(notice, language)) for number, notice in enumerate(messages)]
    return lines


def _picture(picture: PictureStatus, language: str) -> Line:
    """The score of the picture in use, and the most important sentence about it."""
    text = locale.text("panel_picture", language, score=str(picture.score))
    if picture.notices:
        text += " " + locale.say(picture.notices[0], language)
    return Line("status_picture", text, c.OBS_TEXT_INFO_WARNING if picture.problems else c.OBS_TEXT_INFO_NORMAL)


def warning(name: str, notice: Notice, language: str) -> Line:
    """A sentence with OBS's warning colour."""
    return Line("status_warning_" + name, locale.say(notice, language), c.OBS_TEXT_INFO_WARNING)


def error(name: str, notice: Notice, language: str) -> Line:
    """A sentence with OBS's error colour."""
    return Line("status_error_" + name, locale.say(notice, language), c.OBS_TEXT_INFO_ERROR)


def status_buttons(
    installation: Installation, face_model: FaceModelDownload, status: EngineStatus, language: str
) -> List[Button]:
    """Refresh; and right under the sentence that asks for it, what helps: Install, Repair, the parts that a webcam needs."""
    buttons = []
    wanted = status.tracker_notice.code
    if installation.needed():
        buttons.append(Button("install", installation.button_label(language), not installation.busy()))
    elif wanted == "webcam_not_installed":
        buttons.append(Button("install_webcam", installation.webcam_label(language), not installation.busy()))
    if wanted == "webcam_no_model" or face_model.busy():
        buttons.append(Button("download_face_model", face_model.button_label(language), not face_model.busy()))
    if face_model.busy():
        buttons.append(Button("cancel_download", locale.text("panel_cancel_download", language)))
    return [*buttons, Button("refresh", locale.text("panel_refresh", language))]


def group_buttons(language: str) -> Dict[str, List[Button]]:
    """Under the names for a new preset and a new expression."""
    return {
        "preset": [Button("save_preset", locale.text("panel_save_preset", language))],
        "expressions": [Button("save_expression", locale.text("panel_save_expression", language))],
    }


def other_buttons(status: EngineStatus, language: str) -> List[Button]:
    """At the end of the panel."""
    record = locale.text("panel_record_stop" if status.recording else "panel_record", language)
    return [
        Button("recentre", locale.text("panel_recentre", language)),
        Button("record", record),
        Button("restart", locale.text("panel_restart", language)),
    ]


def _numbers(status: EngineStatus, language: str) -> str:
    numbers = {"fps": "%.0f" % status.fps, "p50": "%.1f" % status.model_ms_p50, "p99": "%.1f" % status.model_ms_p99}
    text = locale.text("panel_numbers", language, **numbers)
    if status.device:
        text += " · " + status.device
    if status.tracker_rate > 0:
        tracked = {"rate": "%.0f" % status.tracker_rate, "age": "%.0f" % (max(status.tracker_age, 0.0) * 1000)}
        text += " · " + locale.text("panel_tracker_numbers", language, **tracked)
    return text
