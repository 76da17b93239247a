"""What each EZVTuber source does: its engine, its settings, its picture, its panel."""

from __future__ import annotations

import itertools
import logging
from contextlib import contextmanager
from typing import Iterator, List, Mapping, Optional

from ezvtb_core.link import locale, presets
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import CUSTOM, FRAME_SIDE, Settings, Value
from obs_bridge import models, panel, properties
from obs_bridge.characters import CharacterShelf
from obs_bridge.chores import Chores
from obs_bridge.drawing import Drawer
from obs_bridge.engines import Engines
from obs_bridge.installation import Installation, open_folder
from obs_bridge.models import ModelShelf
from obs_bridge.registration import NAMES, Holder, Implementation, Instance, language
from obs_bridge.shelf import PresetShelf

logger = logging.getLogger(__name__)
PANEL_DELAY = 0.7
"""Seconds after the last edit until an open panel is drawn again: not while the user still drags a slider."""


class State:
    """What this generation of the script keeps for one source."""

    def __init__(self, name: str, values: Mapping[str, Value]) -> None:
        self.name = name
        """The source's name towards the engine hosts; unique for the process."""
        self.values = dict(values)
        """As stored, defaults included, unchecked."""
        self.settings = Settings()
        self.warnings: List[Notice] = []
        self.host = ""
        self.visible = False
        self.buffer: Optional[FrameBuffer] = None
        self.trouble: Optional[Notice] = None
        """Why there is no engine for this source at all."""
        self.shown = 0
        """Sequence number of the frame in the texture; 0 for none."""
        self.preset_name = ""


class Avatars(Implementation):
    """The implementation behind the callbacks, for one generation of the script."""

    _numbers = itertools.count(1)

    def __init__(
        self,
        process: Holder,
        chores: Chores,
        engines: Engines,
        installation: Installation,
        shelf: PresetShelf,
        model_shelf: ModelShelf,
        character_shelf: CharacterShelf,
    ) -> None:
        self._process = process
        self._library = process.libobs
        self._engines = engines
        self._installation = installation
        self._chores = chores
        self._presets = shelf
        self._models = model_shelf
        self._characters = character_shelf
        self._drawer = Drawer(process.libobs)
        self._locale = language(process.libobs)
        self._ended = False

    # --- life cycle -------------------------------------------------------------------------------------------------

    def display_name(self) -> int:
        return self._process.text(NAMES[locale.choose(self._locale)])

    def end(self) -> None:
        """The script is being unloaded: let go of every source. Each keeps its last frame and says what is missing."""
        self._ended = True
        for instance in list(self._process.instances.values()):
            self.detach(instance)

    def attach(self, instance: Instance, settings: int) -> None:
        if self._ended:
            return
        properties.stamp(self._library, settings)
        state = State("source-%d" % next(self._numbers), properties.read(self._library, settings))
        instance.state = state
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
        state.preset_name = properties.text_of(self._library, settings, properties.PRESET_NAME.encode())
        self._parse(state)
        if state.settings.host != state.host:
            self._engines.hosts[state.host].close(state.name)
            state.host = state.settings.host
            self._open(state)
        else:
            self._engines.hosts[state.host].update(state.name, state.settings.to_json())
        self._engines.refresh_later(instance, PANEL_DELAY)

    def show(self, instance: Instance, visible: bool) -> None:
        state = self._state(instance)
        if state is not None:
            state.visible = visible
            self._engines.hosts[state.host].show(state.name, visible)

    def recentre(self, instance: Instance) -> None:
        state = self._state(instance)
        if state is not None:
            self._engines.hosts[state.host].act(state.name, "recentre")

    def _open(self, state: State) -> None:
        buffer = state.buffer
        if buffer is not None:
            host = self._engines.hosts[state.host]
            host.open(state.name, state.settings.to_json(), buffer.name, buffer.capacity, state.visible)

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
        state = instance.state
        if state is not None:
            buffer = state.buffer
            if buffer is not None:
                state.shown = self._drawer.take(instance, buffer, state.shown)
        if not instance.texture:
            still = self._process.still
            if still is not None:
                self._drawer.upload_bytes(instance, *still)
        self._drawer.draw(instance)

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
        settings = Settings() if state is None else state.settings
        # What is shown is what was found last; if something is new since then, the panel is drawn again.
        self._models.seek(settings.models_folder, lambda: self._refresh(instance))
        found = self._models.found(settings.models_folder)
        self._characters.seek(lambda: self._refresh(instance))
        return properties.Panel(
            locale=self._locale,
            lines=self._lines(state),
            status_buttons=panel.status_buttons(self._installation, self._locale),
            preset_buttons=panel.preset_buttons(self._locale),
            buttons=panel.other_buttons(self._locale),
            lists={
                "preset": self._presets.entries(self._locale),
                "model": models.entries(found, settings.model, self._locale),
            },
            notes={"model": models.about(found, settings.model, self._locale)},
            characters=self._characters.entries(self._locale),
        )

    def _refresh(self, instance: Optional[Instance]) -> None:
        if instance is not None:
            self._engines.refresh_later(instance)

    def _lines(self, state: Optional[State]) -> List[properties.Line]:
        if self._ended:
            return [panel.warning("script", Notice("panel_script_missing"), self._locale)]
        if state is None:
            return []
        if state.trouble is not None:
            return [panel.error("trouble", state.trouble, self._locale)]
        status = self._engines.hosts[state.host].status(state.name)
        message = self._installation.progress() or self._presets.message()
        return panel.status_lines(status, state.warnings, message, self._locale)

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
        if button == "install":
            self._installation.install()
        elif button == "open_folder":
            self._chores.later(open_folder)
        elif instance is not None and state is not None:
            if button == "recentre":
                self.recentre(instance)
            elif button == "restart":
                self._engines.hosts[state.host].restart()
            elif button == "save_preset":
                self._save_preset(instance, state)
        return True

    def _save_preset(self, instance: Instance, state: State) -> None:
        name, settings = state.preset_name, state.settings

        def save() -> None:
            key = self._presets.save(name, settings)
            if key is not None:
                self._choose_preset(instance, key)
            self._engines.refresh_later(instance)

        self._chores.later(save)

    def _choose_preset(self, instance: Instance, key: str) -> None:
        """Set the preset of a source as if the user had chosen it. Not from a callback."""
        source = self._process.strong(instance)
        if source:
            chosen = self._library.obs_data_create()
            self._library.obs_data_set_string(chosen, b"preset", key.encode("utf-8"))
            self._library.obs_source_update(source, chosen)
            self._library.obs_data_release(chosen)
            self._library.obs_source_release(source)


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
