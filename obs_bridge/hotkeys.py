"""The hotkeys of a source: which there are, and what pressing one asks of the engine."""

from __future__ import annotations

import time
from typing import Callable, Dict, Optional, Sequence, Tuple

from ezvtb_core.link import locale
from ezvtb_core.link.expression_files import ExpressionFile
from ezvtb_core.link.settings import Settings
from ezvtb_core.link.status import EngineStatus
from obs_bridge import libobs as c
from obs_bridge.registration import Holder, Instance

RECENTRE = "recentre"
RECORD = "record"
EXPRESS = "express"
NEWS = 1.5
"""Seconds until the engine's status must know what a hotkey has switched; before, the hotkey's own word counts."""


class Hotkeys:
    """What every source has hotkeys for. Expressions: those of the script's load, and those learned since."""

    def __init__(self, process: Holder, language: str, expressions: Sequence[ExpressionFile]) -> None:
        self._process = process
        self._language = language
        self.labels: Dict[str, str] = {}
        """Expression → what it is called for people."""
        self._wanted = {RECENTRE: locale.text("hotkey_recentre", language), RECORD: locale.text("hotkey_record", language)}
        self.learn(expressions)

    def learn(self, expressions: Sequence[ExpressionFile]) -> None:
        """Know these expressions from now on, too; `register` gives sources their hotkeys."""
        for expression in expressions:
            label = self.labels[expression.name] = expression.label(self._language)
            self._wanted[EXPRESS + ":" + expression.name] = locale.text("hotkey_express", self._language, name=label)

    def register(self, instance: Instance) -> None:
        """Give a source the hotkeys that it lacks; OBS fills in the keys that were saved with it. Nothing when it is going."""
        missing = [action for action in list(self._wanted) if action not in instance.hotkeys.values()]
        source = self._process.strong(instance) if missing else 0
        if not source:
            return
        library, callback = self._process.libobs, self._process.keep["callbacks"]["hotkey"]
        for action in missing:
            name, label = "ezvtuber." + action.replace(":", "."), self._wanted[action]
            key = library.obs_hotkey_register_source(source, name.encode("utf-8"), label.encode("utf-8"), callback, instance.data)
            if key != c.OBS_INVALID_HOTKEY_ID:
                instance.hotkeys[key] = action
        library.obs_source_release(source)


class Switches:
    """What one source's hotkeys have switched, until the engine says so itself (it speaks twice a second)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: Dict[str, Tuple[bool, float]] = {}

    def flip(self, what: str, engine_says: bool) -> bool:
        """Switch on what is off and off what is on; returns what it is now."""
        now = self._clock()
        on, since = self._said.get(what, (engine_says, float("-inf")))
        on = not (on if now - since < NEWS else engine_says)
        self._said[what] = (on, now)
        return on

    def command(self, action: str, pressed: bool, settings: Settings, status: EngineStatus) -> Optional[str]:
        """What a hotkey asks of the engine (see `EngineHost.act`), None for nothing."""
        kind, _, name = action.partition(":")
        if kind == EXPRESS:
            if settings.expression_mode == "hold":
                return ("express_on:" if pressed else "express_off:") + name
            if not pressed:
                return None
            return ("express_on:" if self.flip(action, name in status.expressions) else "express_off:") + name
        if not pressed:
            return None
        if kind == RECORD:
            return "record_start" if self.flip(action, status.recording) else "record_stop"
        return action
