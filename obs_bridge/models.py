"""The models on disk in memory, because no callback may look through folders; the panel's list of them."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ezvtb_core.link import catalogue, locale
from ezvtb_core.link.catalogue import ModelFolder
from ezvtb_core.link.settings import OPTIONS
from obs_bridge import libobs as c
from obs_bridge.chores import Chores
from obs_bridge.properties import Line

BUILT_IN = ("auto", "puppet", "picture")
"""Models that need no folder."""


class ModelShelf:
    """What was found in each models folder when it was last looked at."""

    def __init__(self, chores: Chores) -> None:
        self._chores = chores
        self._found: Dict[str, List[ModelFolder]] = {}
        self.seek("", lambda: None)

    def seek(self, folder: str, changed: Callable[[], None]) -> None:
        """Look through `folder` (a value of the setting) behind the panel; `changed` is called when something is new or gone."""

        def look() -> None:
            found = catalogue.scan(catalogue.folders(folder))
            if found != self._found.get(folder):
                self._found[folder] = found
                changed()

        self._chores.later(look, key="models " + folder)

    def found(self, folder: str) -> Optional[List[ModelFolder]]:
        """What is known of a folder, None when it was never looked at."""
        return self._found.get(folder)


def entries(found: Optional[Sequence[ModelFolder]], chosen: str, language: str) -> List[Tuple[str, str]]:
    """(value, label) for the panel's list: what is built in, what was found, and the chosen one even where it is gone.

    Before the first look (`found` is None) nothing is called gone.
    """
    listed = {name: label(name, language) for name in BUILT_IN}
    for model in found or ():
        if not model.missing:
            listed[model.name] = label(model.name, language)
    for model in found or ():
        if model.missing and model.name not in listed:
            listed[model.name] = locale.text("panel_model_incomplete", language, model=label(model.name, language))
    if chosen not in listed:
        name = label(chosen, language)
        listed[chosen] = name if found is None else locale.text("panel_model_missing", language, model=name)
    return list(listed.items())


def label(name: str, language: str) -> str:
    """What the panel calls a model."""
    for choice in OPTIONS["model"].choices:
        if choice.value == name:
            return choice.label[locale.choose(language) == "zh-CN"]
    kind, _, student = name.partition(":")
    return locale.text("panel_model_student", language, name=student) if kind == catalogue.STUDENT and student else name


def about(found: Optional[Sequence[ModelFolder]], chosen: str, language: str) -> List[Line]:
    """What stands under the list about the chosen model: its licence, or what is missing."""
    for model in found or ():
        if model.name == chosen:
            reason = catalogue.why_not(model)
            if reason is not None:
                return [Line("model_incomplete", locale.say(reason, language), c.OBS_TEXT_INFO_WARNING)]
            notices = catalogue.licence_notices(model)
            return [Line("model_licence_%d" % at, locale.say(notice, language)) for at, notice in enumerate(notices)]
    return []
