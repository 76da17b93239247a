"""What each EZVTuber source does: its engine, its settings, its picture, its panel."""

from __future__ import annotations

import functools
import itertools
import logging
from contextlib import contextmanager
from typing import Iterator, Mapping, Optional

from ezvtb_core.link import expression_files, locale, presets
from ezvtb_core.link.framebuffer import UNMOVED, FrameBuffer
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import CUSTOM, FRAME_SIDE, Settings, Value
from obs_bridge import properties
from obs_bridge.controls import Controls
from obs_bridge.drawing import Drawer
from obs_bridge.registration import NAMES, Holder, Implementation, Instance, language
from obs_bridge.services import Services
from obs_bridge.state import State
from obs_bridge.taps import Taps

logger = logging.getLogger(__name__)
LEARN_DELAY = 1.0
"""Seconds after which an expression that is kept is on the disk."""
PANEL_DELAY = 0.7
"""Seconds after the last edit until an open panel is drawn again: not while the user still drags a slider."""


class Avatars(Implementation):
    """The implementation behind the callbacks, for one generation of the script."""

    _numbers = itertools.count(1)

    def __init__(self, services: Services) -> None:
        self._process = process = services.process
        self._library = process.libobs
        self._engines = services.engines
        self._chores = services.chores
        self._presets = services.presets
        self._hotkeys = services.hotkeys
        self._taps = Taps(process, self._rename, services.engines.changed)
        self._drawer = Drawer(process.libobs)
        self._locale = language(process.libobs)
        self._controls = Controls(services, self._locale)
        self._ended = False

    # --- life cycle -------------------------------------------------------------------------------------------------

    def display_name(self) -> int:
        return self._process.text(NAMES[locale.choose(self._locale)])

    def end(self, timeout: float) -> None:
        """The script is being unloaded: let go of every source. Each keeps its last frame and says what is missing.

        Waits at most `timeout` seconds until nothing of ours is attached to other sources.
        """
        self._ended = True
        for instance in list(self._process.instances.values()):
            self.detach(instance)
        self._taps.stop(timeout)

    def attach(self, instance: Instance, settings: int) -> None:
        if self._ended:
            return
        self._hotkeys.register(instance)
        properties.stamp(self._library, settings)
        state = State("source-%d" % next(self._numbers), properties.read(self._library, settings))
        instance.state = state
        self._take_names(state, settings)
        self._apply_presets(state, settings, self._before(settings))
        self._parse(state)
        state.host = state.settings.host
        state.visible = self._showing(instance)
        try:
            state.buffer = FrameBuffer.create(FRAME_SIDE * FRAME_SIDE * 4)
        except OSError as error:
            state.trouble = Notice("framebuffer_no_memory", detail=str(error))
            return
        self._open(state)

    def detach(self, instance: Instance) -> None:
        state, instance.state = instance.state, None
        if state is None:
            return
        self._engines.hosts[state.host].close(state.name)
        self._taps.forget(state.name)
        # A render on another thread may be reading it: the memory goes with the last reference.
        buffer, state.buffer = state.buffer, None
        if buffer is not None:
            buffer.retire()

    def update(self, instance: Instance, settings: int) -> None:
        state = self._state(instance)
        if state is None:
            return
        before = state.values
        properties.take_pick(self._library, settings)
        state.values = properties.read(self._library, settings)
        self._apply_presets(state, settings, before)
        self._take_names(state, settings)
        self._parse(state)
        if state.settings.host != state.host:
            self._engines.hosts[state.host].close(state.name)
            state.host = state.settings.host
            self._open(state)
        else:
            self._engines.hosts[state.host].update(state.name, state.settings.to_json())
            self._serve(state)
        self._engines.refresh_later(instance, PANEL_DELAY)

    def show(self, instance: Instance, visible: bool) -> None:
        state = self._state(instance)
        if state is not None:
            state.visible = visible
            self._engines.hosts[state.host].show(state.name, visible)
            self._serve(state)

    def hotkey(self, instance: Instance, key: int, pressed: bool) -> None:
        state, action = self._state(instance), instance.hotkeys.get(key)
        if state is not None and action is not None:
            host = self._engines.hosts[state.host]
            command = state.switches.command(action, pressed, state.settings, host.status(state.name))
            if command is not None:
                host.act(state.name, command)

    def _take_names(self, state: State, settings: int) -> None:
        state.preset_name = properties.text_of(self._library, settings, properties.PRESET_NAME.encode())
        state.expression_name = properties.text_of(self._library, settings, properties.EXPRESSION_NAME.encode())

    def _open(self, state: State) -> None:
        buffer = state.buffer
        if buffer is not None:
            host = self._engines.hosts[state.host]
            host.open(state.name, state.settings.to_json(), buffer.name, buffer.capacity, state.visible)
            self._serve(state)

    def _serve(self, state: State) -> None:
        if state.buffer is not None:
            self._taps.serve(state.name, self._engines.hosts[state.host], state.settings, state.visible)

    def _showing(self, instance: Instance) -> bool:
        """Whether any scene shows the source. A new one is not shown yet: OBS calls `show` when it is, and only then."""
        source = self._process.strong(instance)
        showing = bool(source) and bool(self._library.obs_source_showing(source))
        if source:
            self._library.obs_source_release(source)
        return showing

    def _parse(self, state: State) -> None:
        state.settings, state.warnings = Settings.parse(state.values)

    def _apply_presets(self, state: State, settings: int, before: Mapping[str, Value]) -> None:
        """Take over a preset that was chosen, or say Custom where a value of the preset was edited."""
        changes = self._presets.reconcile(before, state.values)
        if changes:
            properties.write(self._library, settings, changes)
            state.values.update(changes)

    def _before(self, settings: int) -> Mapping[str, Value]:
        """Settings before the first ones: where only the preset was chosen (a new source made by another program), it counts."""
        chosen = any(self._library.obs_data_has_user_value(settings, name.encode()) for name in presets.GOVERNED)
        return {} if chosen else {"preset": ""}

    @staticmethod
    def _state(instance: Instance) -> Optional[State]:
        state = instance.state
        return state if isinstance(state, State) else None

    # --- picture ----------------------------------------------------------------------------------------------------

    def render(self, instance: Instance) -> None:
        state, placement = instance.state, UNMOVED
        if state is not None:
            buffer = state.buffer
            if buffer is not None:
                state.shown = self._drawer.take(instance, buffer, state.shown)
                placement = buffer.placement()
        if not instance.texture:
            still = self._process.still
            if still is not None:
                self._drawer.upload_bytes(instance, *still)
        self._drawer.draw(instance, placement)

    # --- panel ------------------------------------------------------------------------------------------------------

    def defaults(self, settings: int) -> None:
        properties.write_defaults(self._library, settings)

    def build_properties(self, instance: Optional[Instance]) -> int:
        state = None if instance is None else self._state(instance)
        values: Mapping[str, Value] = Settings().to_json() if state is None else state.values
        return properties.build(self._process, self.panel(instance), values, 0 if instance is None else instance.data)

    def panel(self, instance: Optional[Instance]) -> properties.Panel:
        """What the panel of a source says right now; `instance` is None for the kind itself."""
        state = None if instance is None else self._state(instance)
        notices = {} if state is None else self._taps.notices(state.name)
        return self._controls.panel(state, notices, self._ended, functools.partial(self._refresh, instance))

    def _refresh(self, instance: Optional[Instance]) -> None:
        if instance is not None:
            self._engines.refresh_later(instance)

    def modified(self, instance: Optional[Instance], widgets: int, settings: int) -> bool:
        properties.take_pick(self._library, settings)
        values = properties.read(self._library, settings)
        state = None if instance is None else self._state(instance)
        if state is not None and values["preset"] not in (state.values["preset"], CUSTOM):
            # The widgets shall show the preset's values at once; `update` follows with the same rule.
            changes = self._presets.reconcile(state.values, values)
            properties.write(self._library, settings, changes)
            values.update(changes)
        return properties.refresh_visibility(self._library, widgets, values)

    def clicked(self, instance: Optional[Instance], button: str) -> bool:
        state = None if instance is None else self._state(instance)
        refresh = functools.partial(self._refresh, instance)
        self._controls.clicked(state, button, refresh, functools.partial(self._choose, instance, "preset"))
        if button == "save_expression":
            self._chores.later(self._learn_expressions, LEARN_DELAY, "expressions")
        return True

    def _learn_expressions(self) -> None:
        """Give every source the hotkeys of expressions that are new. Not from a callback."""
        self._hotkeys.learn(expression_files.scan()[0])
        for instance in list(self._process.instances.values()):
            if self._state(instance) is not None:
                self._hotkeys.register(instance)

    def _choose(self, instance: Optional[Instance], setting: str, value: str) -> None:
        """Set a text of a source as if the user had chosen it. Not from a callback."""
        source = 0 if instance is None else self._process.strong(instance)
        if source:
            chosen = self._library.obs_data_create()
            self._library.obs_data_set_string(chosen, setting.encode(), value.encode("utf-8"))
            self._library.obs_source_update(source, chosen)
            self._library.obs_data_release(chosen)
            self._library.obs_source_release(source)

    def _rename(self, avatar: str, setting: str, name: str) -> None:
        """A source that an avatar follows was renamed: so is it in the settings."""
        for instance in list(self._process.instances.values()):
            if instance.state is not None and instance.state.name == avatar:
                self._choose(instance, setting, name)


@contextmanager
def settings_of(process: Holder, instance: Instance) -> Iterator[int]:
    """The address of a source's obs_data while the block runs; 0 when the source is gone."""
    library = process.libobs
    source = process.strong(instance)
    settings = library.obs_source_get_settings(source) if source else 0
    try:
        yield settings or 0
    finally:
        if settings:
            library.obs_data_release(settings)
        if source:
            library.obs_source_release(source)
