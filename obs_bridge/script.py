"""The script as OBS sees it: load, unload, and its page in Tools → Scripts."""

from __future__ import annotations

import ctypes
import functools
import logging
import sys
from typing import Any, List, Optional

from ezvtb_core import __version__
from ezvtb_core.link import expression_files, framebuffer, locale, paths
from obs_bridge import libobs as c
from obs_bridge import properties, registration, source
from obs_bridge.background import FaceModelDownload
from obs_bridge.characters import CharacterShelf
from obs_bridge.chores import Chores
from obs_bridge.engines import Engines
from obs_bridge.hotkeys import Hotkeys
from obs_bridge.installation import Installation
from obs_bridge.lists import Lists
from obs_bridge.models import ModelShelf
from obs_bridge.services import Services
from obs_bridge.shelf import PresetShelf

logger = logging.getLogger(__name__)
STOP_LIMIT = 2.0
"""Seconds that unloading may wait for a host to end, and for what is attached to other sources."""
SWITCH_INTERVAL = 0.0005
"""Longest time in seconds that another Python script which computes may keep the graphics thread waiting for the GIL.

Python's default of 0.005 costs every frame those 5 ms (docs/performance.md); put back when the script is unloaded.
"""


class Script:
    """One generation: what lives between script_load and script_unload."""

    def __init__(self) -> None:
        self.process = registration.holder()
        self.chores = Chores()
        self.engines = Engines(self.process, self.chores)
        self.installation = Installation(self._installation_changed, self.engines.restart)
        self.face_model = FaceModelDownload(self._installation_changed, self.engines.restart)
        self.lists = Lists(self.process, self.chores)
        services = Services(
            process=self.process,
            chores=self.chores,
            engines=self.engines,
            installation=self.installation,
            face_model=self.face_model,
            presets=PresetShelf(),
            models=ModelShelf(self.chores),
            characters=CharacterShelf(self.chores),
            lists=self.lists,
            # Read here and now: sources get their hotkeys when they are created, which is next.
            hotkeys=Hotkeys(self.process, _language(), expression_files.scan()[0]),
        )
        self.avatars = avatars = source.Avatars(services)
        registration.install(avatars, functools.partial(source.settings_of, self.process))
        self._switch_interval = sys.getswitchinterval()
        sys.setswitchinterval(min(SWITCH_INTERVAL, self._switch_interval))
        self.chores.later(self._load_still)
        self.chores.later(self.installation.look)
        self.chores.later(framebuffer.remove_leftovers)

    def unload(self) -> None:
        """End every engine and thread of this generation. Sources stay, with their last frame, until OBS frees them."""
        self.installation.stop()
        self.face_model.stop()
        self.lists.stop()
        self.avatars.end(STOP_LIMIT)
        registration.enable(False)
        self.engines.stop(STOP_LIMIT)
        self.chores.stop(STOP_LIMIT)
        sys.setswitchinterval(self._switch_interval)

    def page(self, root: int) -> None:
        """Fill the obs_properties of the Tools → Scripts page."""
        language = _language()
        properties.add_lines(self.process.libobs, root, self._lines(language))
        buttons = [properties.Button("install", self.installation.button_label(language), not self.installation.busy())]
        buttons.append(properties.Button("refresh", locale.text("panel_refresh", language)))
        buttons.append(properties.Button("open_folder", locale.text("panel_open_folder", language)))
        properties.add_buttons(self.process, root, buttons)

    def _lines(self, language: str) -> List[properties.Line]:
        lines = [properties.Line("version", locale.text("page_version", language, version=__version__))]
        notice = self.installation.notice()
        if notice is not None:
            wanting = self.installation.needed() and not self.installation.busy()
            level = c.OBS_TEXT_INFO_WARNING if wanting else c.OBS_TEXT_INFO_NORMAL
            lines.append(properties.Line("environment", locale.say(notice, language), level))
        for host in self.engines.hosts.values():
            status = host.host_status()
            if status.state != "stopped":
                level = c.OBS_TEXT_INFO_ERROR if status.state in ("failed", "unavailable") else c.OBS_TEXT_INFO_NORMAL
                lines.append(properties.Line("host_" + host.kind, locale.say(status.notice, language), level))
        return lines

    def _installation_changed(self) -> None:
        for instance in list(self.process.instances.values()):
            self.engines.refresh_later(instance)

    def _load_still(self) -> None:
        """Let libobs decode the bundled character at rest: what is seen until the first frame, or without an environment."""
        if self.process.still is not None:
            return
        library = self.process.libobs
        colour, width, height = ctypes.c_int(), ctypes.c_uint32(), ctypes.c_uint32()
        file = str(paths.STILL_IMAGE).encode("utf-8")  # libobs takes UTF-8 on every platform
        data = library.gs_create_texture_file_data2(
            file, c.GS_IMAGE_ALPHA_PREMULTIPLY, ctypes.byref(colour), ctypes.byref(width), ctypes.byref(height)
        )
        if not data:
            logger.error("the bundled picture %s cannot be read: the installation is damaged", paths.STILL_IMAGE)
            return
        self.process.still = (ctypes.string_at(data, width.value * height.value * 4), width.value, height.value, colour.value)
        library.bfree(data)


_script: Optional[Script] = None


def load() -> None:
    """script_load: register the kind (once per process) and start."""
    global _script
    _log_to_obs()
    unload()
    try:
        _script = Script()
    except c.LibobsError as error:
        logger.error("%s", error)


def unload() -> None:
    """script_unload: end what load started."""
    global _script
    script, _script = _script, None
    if script is not None:
        script.unload()


def fill_page(obs_properties: Any) -> Any:
    """script_properties: `obs_properties` is the SWIG object of obspython, filled in place and returned."""
    if _script is not None:
        _script.page(int(obs_properties))
    return obs_properties


def description() -> str:
    """script_description: a little HTML for the Tools → Scripts page."""
    return locale.text("page_description", _language())


def _language() -> str:
    try:
        return registration.language(registration.holder().libobs)
    except c.LibobsError:
        return locale.FALLBACK


class _ObsLog(logging.Handler):
    """Log lines to OBS's log through print: whole lines, never stderr (that pops up the Script Log window)."""

    def emit(self, record: logging.LogRecord) -> None:
        print("EZVTuber: " + self.format(record))  # noqa: T201 - OBS logs what a script prints


def _log_to_obs() -> None:
    ours = [logging.getLogger(name) for name in ("obs_bridge", "ezvtb_core", "trackers")]
    for target in ours:
        if not any(type(handler).__name__ == "_ObsLog" for handler in target.handlers):
            target.addHandler(_ObsLog())
        target.setLevel(logging.INFO)
        target.propagate = False
