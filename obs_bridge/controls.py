"""What the panel of a source shows right now, and what its buttons do."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, List, Mapping, Optional

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.link.status import EngineStatus
from obs_bridge import hotkeys, models, panel, properties
from obs_bridge.installation import open_folder
from obs_bridge.services import Services
from obs_bridge.state import State

Refresh = Callable[[], None]
"""Have the open panel drawn again; from any thread."""
_FED_NOTHING = {"sound_obs_waiting": "sound", "webcam_no_source": "camera"}
"""What an engine says while OBS feeds it nothing → kind of feed. Where it is known why, that is said instead."""


class Controls:
    """One for all sources. `state` is None for the kind itself, and for a source that has no engine yet."""

    def __init__(self, services: Services, language: str) -> None:
        self._services = services
        self._language = language

    def panel(self, state: Optional[State], notices: Mapping[str, Notice], gone: bool, refresh: Refresh) -> properties.Panel:
        """Everything beside the settings. `notices`: see `Taps.notices`; `gone`: the script is being unloaded."""
        services, language = self._services, self._language
        settings = Settings() if state is None else state.settings
        status = EngineStatus() if state is None else services.engines.hosts[state.host].status(state.name)
        # What is shown is what was found last; if something is new since then, the panel is drawn again.
        services.models.seek(settings.models_folder, refresh)
        services.characters.seek(refresh)
        services.lists.seek(settings, refresh)
        found = services.models.found(settings.models_folder)
        return properties.Panel(
            locale=language,
            lines=self._lines(state, status, notices, gone),
            status_buttons=panel.status_buttons(services.installation, services.face_model, status, language),
            group_buttons=panel.group_buttons(language),
            buttons=panel.other_buttons(status, language),
            lists={
                "preset": services.presets.entries(language),
                "model": models.entries(found, settings.model, language),
                **services.lists.entries(settings, language),
            },
            notes={"model": models.about(found, settings.model, language)},
            characters=services.characters.entries(language),
        )

    def _lines(
        self, state: Optional[State], status: EngineStatus, notices: Mapping[str, Notice], gone: bool
    ) -> List[properties.Line]:
        if gone:
            return [panel.warning("script", Notice("panel_script_missing"), self._language)]
        if state is None:
            return []
        if state.trouble is not None:
            return [panel.error("trouble", state.trouble, self._language)]
        services = self._services
        said = [services.installation.progress(), services.face_model.progress(), services.presets.message()]
        messages = [notice for notice in said if notice is not None]
        warnings = [*state.warnings, *notices.values()]
        return panel.status_lines(with_reasons(status, notices), warnings, messages, services.hotkeys.labels, self._language)

    def clicked(self, state: Optional[State], button: str, refresh: Refresh, choose: Callable[[str], None]) -> None:
        """A button of the panel. `choose(preset)`: set the source's preset, from another thread."""
        services = self._services
        if button == "install":
            services.installation.install()
        elif button == "install_webcam":
            services.installation.install("webcam")
        elif button == "download_face_model":
            services.face_model.download()
        elif button == "cancel_download":
            services.face_model.stop()
        elif button == "open_folder":
            services.chores.later(open_folder)
        elif state is not None:
            self._clicked_on_source(state, button, refresh, choose)

    def _clicked_on_source(self, state: State, button: str, refresh: Refresh, choose: Callable[[str], None]) -> None:
        host = self._services.engines.hosts[state.host]
        if button in (hotkeys.RECENTRE, hotkeys.RECORD):
            action = state.switches.command(button, True, state.settings, host.status(state.name))
            if action is not None:
                host.act(state.name, action)
        elif button == "restart":
            host.restart()
        elif button == "refresh":
            self._services.lists.seek_again(state.settings, refresh)
        elif button == "save_preset":
            self._save_preset(state, refresh, choose)
        elif button == "save_expression":
            host.act(state.name, "express_save:" + state.expression_name)

    def _save_preset(self, state: State, refresh: Refresh, choose: Callable[[str], None]) -> None:
        name, settings = state.preset_name, state.settings

        def save() -> None:
            key = self._services.presets.save(name, settings)
            if key is not None:
                choose(key)
            refresh()

        self._services.chores.later(save)


def with_reasons(status: EngineStatus, notices: Mapping[str, Notice]) -> EngineStatus:
    """The status with the reasons in it why OBS feeds an engine nothing."""
    changes: Dict[str, Any] = {}
    for name in ("notice", "tracker_notice", "sound_notice"):
        said: Optional[Notice] = getattr(status, name)
        reason = None if said is None else notices.get(_FED_NOTHING.get(said.code, ""))
        if reason is not None:
            changes[name] = reason
    return dataclasses.replace(status, **changes)
