"""The words of the panel: what an engine's status says to a streamer, and the buttons that go with it."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence

from ezvtb_core.link import locale
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.status import EngineStatus, PictureStatus
from obs_bridge import libobs as c
from obs_bridge.installation import Installation
from obs_bridge.properties import Button, Line

_TRACKER_LEVELS: Dict[str, int] = {
    "error": c.OBS_TEXT_INFO_ERROR,
    "lost": c.OBS_TEXT_INFO_WARNING,
    "waiting": c.OBS_TEXT_INFO_WARNING,
}


def status_lines(status: EngineStatus, warnings: Sequence[Notice], message: Optional[Notice], language: str) -> List[Line]:
    """The most important sentence first, then numbers, tracker, warnings, and what a button's work came to."""
    level = c.OBS_TEXT_INFO_ERROR if status.state == "error" else c.OBS_TEXT_INFO_NORMAL
    lines = [Line("status_engine", locale.say(status.notice, language), level)]
    if status.state in ("running", "hidden"):
        lines.append(Line("status_numbers", _numbers(status, language)))
    if status.picture is not None:
        lines.append(_picture(status.picture, language))
    if status.tracker_notice != status.notice:
        level = _TRACKER_LEVELS.get(status.tracker_state, c.OBS_TEXT_INFO_NORMAL)
        lines.append(Line("status_tracker", locale.say(status.tracker_notice, language), level))
    said = [status.notice, status.tracker_notice]
    for number, notice in enumerate([*warnings, *status.warnings]):
        if notice not in said:
            said.append(notice)
            lines.append(warning("%d" % number, notice, language))
    if message is not None:
        lines.append(Line("status_message", locale.say(message, language)))
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


def status_buttons(installation: Installation, language: str) -> List[Button]:
    """Refresh; Install or Repair right under the sentence that asks for it."""
    buttons = [Button("refresh", locale.text("panel_refresh", language))]
    if installation.needed():
        buttons.insert(0, Button("install", installation.button_label(language), not installation.busy()))
    return buttons


def preset_buttons(language: str) -> List[Button]:
    """Under the name for a new preset."""
    return [Button("save_preset", locale.text("panel_save_preset", language))]


def other_buttons(language: str) -> List[Button]:
    """At the end of the panel."""
    codes = (("recentre", "panel_recentre"), ("restart", "panel_restart"))
    return [Button(name, locale.text(code, language)) for name, code in codes]


def _numbers(status: EngineStatus, language: str) -> str:
    numbers = {"fps": "%.0f" % status.fps, "p50": "%.1f" % status.model_ms_p50, "p99": "%.1f" % status.model_ms_p99}
    text = locale.text("panel_numbers", language, **numbers)
    if status.device:
        text += " · " + status.device
    if status.tracker_rate > 0:
        tracked = {"rate": "%.0f" % status.tracker_rate, "age": "%.0f" % (max(status.tracker_age, 0.0) * 1000)}
        text += " · " + locale.text("panel_tracker_numbers", language, **tracked)
    return text
