"""What lists of the panel offer beside the schema: sources of OBS, cameras, microphones, recordings. All as found last.

No callback may look for any of it: sources are enumerated and folders listed on the chores thread, devices are asked for by a
program of their own.
"""

from __future__ import annotations

import logging
from itertools import islice
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ezvtb_core.link import environment, locale, paths, threads
from ezvtb_core.link.settings import OPTIONS, Settings
from obs_bridge import libobs as c
from obs_bridge.background import Program
from obs_bridge.chores import Chores
from obs_bridge.registration import KIND, Holder

logger = logging.getLogger(__name__)
SOURCES = ("sound_source", "camera_source")
DEVICES = {"camera": "cameras", "microphone": "microphones"}
"""Setting → key in the answer of the command `devices`."""
CLIP = "clip"
CLIP_ENDING = ".npz"
LIMIT = 1000
"""Entries of a list, at most."""


class Lists:
    """Setting → what was found for it when it was last looked for; nothing is known before."""

    def __init__(self, process: Holder, chores: Chores) -> None:
        self._process = process
        self._chores = chores
        self._found: Dict[str, List[str]] = {}
        self._program: Optional[Program] = None
        self._asking = False

    def seek(self, settings: Settings, changed: Callable[[], None]) -> None:
        """Look behind the panel for what its lists need; `changed` is called when something is new or gone."""
        if _uses_sources(settings):
            self._chores.later(lambda: self._note(sources(self._process.libobs), changed), key="sources")
        if settings.tracker == "clip":
            self._chores.later(lambda: self._note({CLIP: clips()}, changed), key="clips")
        if _uses_devices(settings) and not self._found.keys() >= DEVICES.keys():
            self.ask_devices(changed)

    def seek_again(self, settings: Settings, changed: Callable[[], None]) -> None:
        """The user asks for it: devices are looked for too, where they are of interest."""
        if _uses_devices(settings):
            self.ask_devices(changed)

    def ask_devices(self, changed: Callable[[], None]) -> None:
        """Ask for cameras and microphones in the background; one asks at a time."""
        if not self._asking:
            self._asking = True
            threads.start(lambda: self._ask(changed), "devices")

    def stop(self) -> None:
        """End the program that asks for devices."""
        program = self._program
        if program is not None:
            program.kill()

    def entries(self, settings: Settings, language: str) -> Dict[str, List[Tuple[str, str]]]:
        """Setting → (value, label) of its list."""
        names = (*SOURCES, *DEVICES, CLIP)
        return {name: entries(name, self._found.get(name), str(getattr(settings, name)), language) for name in names}

    def _note(self, found: Mapping[str, List[str]], changed: Callable[[], None]) -> None:
        if any(self._found.get(name) != names for name, names in found.items()):
            self._found.update(found)
            changed()

    def _ask(self, changed: Callable[[], None]) -> None:
        answer: Dict[str, Any] = {}
        try:
            self._program = Program(str(environment.python()), ["devices"])
            answer = next(self._program.answers(), {})
        except OSError as error:
            # Without an environment there is nothing to choose from yet; the panel says Install by itself.
            logger.info("devices cannot be listed: %s", error)
        finally:
            self._program = None
            self._asking = False
        self._note({setting: _names(answer.get(key)) for setting, key in DEVICES.items()}, changed)


def entries(setting: str, found: Optional[Sequence[str]], chosen: str, language: str) -> List[Tuple[str, str]]:
    """(value, label) for a list: the schema's own, what was found, and the chosen one even where it is gone.

    Before the first look (`found` is None) nothing is called gone.
    """
    listed = {choice.value: choice.label[locale.choose(language) == "zh-CN"] for choice in OPTIONS[setting].choices}
    for name in found or ():
        listed.setdefault(name, name)
    if chosen not in listed:
        listed[chosen] = chosen if found is None else locale.text("panel_not_found", language, name=chosen)
    return list(listed.items())


def sources(library: c.Libobs) -> Dict[str, List[str]]:
    """Names of the inputs of OBS that make sound, and of those that have a picture, without ours. Not from a callback."""
    seen: List[Tuple[str, int]] = []

    def collect(_: Optional[int], source: int) -> bool:
        # The mutex of all sources is held: plain getters only.
        if library.obs_source_get_type(source) == c.OBS_SOURCE_TYPE_INPUT and library.obs_source_get_id(source) != KIND:
            name = (library.obs_source_get_name(source) or b"").decode("utf-8", "replace")
            seen.append((name, library.obs_source_get_output_flags(source)))
        return True

    library.obs_enum_sources(c.EnumSources(collect), None)
    flags = {"sound_source": c.OBS_SOURCE_AUDIO, "camera_source": c.OBS_SOURCE_VIDEO}
    return {setting: sorted(name for name, found in seen if name and found & flag)[:LIMIT] for setting, flag in flags.items()}


def clips() -> List[str]:
    """Names of the recordings, the newest first. Never raises."""
    try:
        files = [file for file in islice(paths.CLIPS.iterdir(), LIMIT) if file.suffix == CLIP_ENDING]
        return [file.stem for file in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)]
    except OSError:
        return []


def _uses_sources(settings: Settings) -> bool:
    return settings.mouth_sound == "obs" or (settings.tracker == "webcam" and settings.webcam_source == "obs")


def _uses_devices(settings: Settings) -> bool:
    looking = settings.tracker == "webcam" and settings.webcam_source == "camera"
    hearing = settings.mouth_sound == "microphone" or (settings.mouth_sound == "auto" and settings.tracker == "mouse")
    return looking or hearing


def _names(answer: Any) -> List[str]:
    return [name for name in answer[:LIMIT] if isinstance(name, str) and name] if isinstance(answer, list) else []
