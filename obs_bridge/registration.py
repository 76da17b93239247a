"""The source kind, registered once per OBS process, and what must outlive a reload of the script.

OBS has no way to unregister a source kind, copies the callbacks into every source, and keeps the pointer to the kind's id.
So the id, the struct and the callbacks live in a private module in `sys.modules` until the process ends. A callback only
looks up the present implementation there; reloading the script replaces the implementation.
"""

from __future__ import annotations

import ctypes
import itertools
import logging
import sys
import threading
import types
from typing import Any, Callable, Dict, Optional, Tuple

from obs_bridge import libobs as c

logger = logging.getLogger(__name__)
KIND = b"ezvtuber_avatar"
NAMES = {"en-US": "EZVTuber Avatar", "zh-CN": "EZVTuber 虚拟形象"}
_HOLDER = "_ezvtuber_obs_process"
_START_SIDE = 512
_NOT_OF_THE_KIND = ("clicked", "modified", "hotkey", "capture")
"""Callbacks that are given to panels, hotkeys and sources of sound, not to the kind."""


class Instance:
    """One source of OBS. Plain values only: it is handed from one generation of the script to the next."""

    __slots__ = ("colour_format", "data", "height", "hotkeys", "properties", "state", "texture", "weak", "width")

    def __init__(self, data: int, properties: int, weak: int) -> None:
        self.data = data
        """Address that OBS passes to the callbacks: an int property whose limits are width and height."""
        self.properties = properties
        self.weak = weak
        self.texture = 0
        self.width = 0
        self.height = 0
        self.colour_format = 0
        self.hotkeys: Dict[int, str] = {}
        """What each hotkey of the source is for; they stay until OBS frees it."""
        self.state: Any = None
        """What the present implementation keeps for this source; replaced on reload."""


class Implementation:
    """What the callbacks call. `Avatars` in `source.py` is the real one; a subclass per generation of the script."""

    def display_name(self) -> int:
        """Address of a nul-terminated UTF-8 text that is never freed."""
        raise NotImplementedError

    def attach(self, instance: Instance, settings: int) -> None:
        """A source was created, or was there before this generation."""
        raise NotImplementedError

    def detach(self, instance: Instance) -> None:
        """A source is about to be freed, or this generation ends. Must not wait."""
        raise NotImplementedError

    def update(self, instance: Instance, settings: int) -> None:
        raise NotImplementedError

    def show(self, instance: Instance, visible: bool) -> None:
        raise NotImplementedError

    def render(self, instance: Instance) -> None:
        raise NotImplementedError

    def defaults(self, settings: int) -> None:
        raise NotImplementedError

    def build_properties(self, instance: Optional[Instance]) -> int:
        raise NotImplementedError

    def clicked(self, instance: Optional[Instance], button: str) -> bool:
        raise NotImplementedError

    def modified(self, instance: Optional[Instance], properties: int, settings: int) -> bool:
        raise NotImplementedError

    def hotkey(self, instance: Instance, key: int, pressed: bool) -> None:
        """A hotkey of `Instance.hotkeys` went down or up. OBS holds the mutex of all hotkeys: only hand over."""
        raise NotImplementedError


class Holder(types.ModuleType):
    """The process-wide part. Everything in it stays until OBS ends."""

    def __init__(self, library: c.Libobs) -> None:
        super().__init__(_HOLDER)
        self.libobs = library
        self.instances: Dict[int, Instance] = {}
        self.implementation: Optional[Implementation] = None
        self.keep: Dict[str, Any] = {}
        self.still: Optional[Tuple[bytes, int, int, int]] = None
        """The bundled character at rest: premultiplied pixels, width, height, gs_color_format."""
        self.generation = 0
        self.sinks: Dict[int, Callable[[int, bool], None]] = {}
        """Who takes captured sound: number given with the callback → function of an `audio_data`'s address and whether muted."""
        self.numbers = itertools.count(1)
        """For `sinks`."""
        self._gate = threading.Lock()
        self._complained: Dict[str, int] = {}

    def strong(self, instance: Instance) -> int:
        """A strong reference to the source, to be released at once, or 0 when it is going or gone.

        The gate keeps `destroy` from freeing the weak reference between the look and the use. No libobs lock is taken
        behind it: the call is a compare-and-swap, and it keeps the GIL.
        """
        with self._gate:
            if instance.data not in self.instances:
                return 0
            return int(self.libobs.obs_weak_source_get_source(instance.weak) or 0)

    def forget(self, data: int) -> Optional[Instance]:
        """Take a source out of the table; from then on `strong` gives 0 for it."""
        with self._gate:
            return self.instances.pop(data, None)

    def complain(self, where: str) -> None:
        """Log an exception of a callback with its traceback, the first three times per callback."""
        count = self._complained[where] = self._complained.get(where, 0) + 1
        if count <= 3:
            logger.exception("callback %s failed", where)

    def text(self, value: str) -> int:
        """Address of a text that is never freed."""
        buffer = self.keep.get("text:" + value)
        if buffer is None:
            buffer = self.keep["text:" + value] = ctypes.create_string_buffer(value.encode("utf-8"))
        return ctypes.addressof(buffer)


def holder() -> Holder:
    """The process-wide holder, made and registered with libobs at the first call. Raises LibobsError outside OBS."""
    found = sys.modules.get(_HOLDER)
    if found is None:
        found = Holder(c.load())
        sys.modules[_HOLDER] = found
        _register(found)
    return found  # type: ignore[return-value]


def install(implementation: Implementation, settings_of: Callable[[Instance], Any]) -> None:
    """Make `implementation` answer the callbacks and give it every source that is there already.

    `settings_of(instance)` is a context manager giving the address of the source's obs_data.
    """
    process = holder()
    process.generation += 1
    process.implementation = implementation
    enable(True)
    for instance in list(process.instances.values()):
        try:
            with settings_of(instance) as settings:
                if settings:
                    implementation.attach(instance, settings)
        except Exception:
            # Border: one source's trouble must not keep the others from starting.
            process.complain("attach")


def enable(on: bool) -> None:
    """Show or hide the kind in OBS's Add menu (where libobs can)."""
    function = holder().libobs.obs_enable_source_type
    if function is not None:
        function(KIND, on)


def _register(process: Holder) -> None:
    library = process.libobs
    callbacks = _Callbacks(process).c
    info = c.SourceInfo()
    kind = process.keep["id"] = ctypes.create_string_buffer(KIND)
    info.id = ctypes.addressof(kind)
    info.type = c.OBS_SOURCE_TYPE_INPUT
    info.output_flags = c.OBS_SOURCE_VIDEO | c.OBS_SOURCE_CUSTOM_DRAW | c.OBS_SOURCE_SRGB
    info.icon_type = c.OBS_ICON_TYPE_CUSTOM
    # Asked several times a frame from any thread: native code that never needs the GIL reads the limits of `data`.
    info.get_width = library.width_getter
    info.get_height = library.height_getter
    for name, callback in callbacks.items():
        if name not in _NOT_OF_THE_KIND:
            setattr(info, name, callback)
    process.keep["callbacks"] = callbacks
    process.keep["info"] = info
    if library.obs_get_source_output_flags(KIND) == 0:
        library.obs_register_source_s(ctypes.byref(info), ctypes.sizeof(info))
        if library.obs_get_source_output_flags(KIND) == 0:
            raise c.LibobsError("obs_register_failed")
        if library.obs_module_add_source is not None:
            module = library.obs_get_module(b"frontend-tools")
            if module:
                library.obs_module_add_source(module, KIND)


class _Callbacks:
    """The C callbacks. Each finds the present implementation, and no exception leaves it."""

    def __init__(self, process: Holder) -> None:
        self._process = process
        self.c = {
            "get_name": c.GetName(lambda _: self._guard("name", "display_name") or process.text(NAMES["en-US"])),
            "create": c.Create(self._create),
            "destroy": c.Data(self._destroy),
            "get_defaults": c.Data(lambda settings: self._guard("defaults", "defaults", settings)),
            "get_properties": c.GetProperties(lambda data: self._guard("properties", "build_properties", self._find(data))),
            "update": c.DataSettings(lambda data, settings: self._on_instance("update", data, settings)),
            "show": c.Data(lambda data: self._on_instance("show", data, True)),
            "hide": c.Data(lambda data: self._on_instance("show", data, False)),
            "video_render": c.Render(self._render),
            "clicked": c.Clicked(self._clicked),
            "modified": c.Modified(
                lambda data, properties, _, settings: bool(
                    self._guard("modified", "modified", self._find(data), properties, settings)
                )
            ),
            "hotkey": c.Hotkey(lambda data, key, _, pressed: self._on_instance("hotkey", data, key, pressed)),
            "capture": c.AudioCapture(self._capture),
        }

    def _guard(self, where: str, method: str, *arguments: Any) -> Any:
        try:
            implementation = self._process.implementation
            return None if implementation is None else getattr(implementation, method)(*arguments)
        except Exception:
            # Border: libobs cannot take an exception. The log has the traceback.
            self._process.complain(where)
            return None

    def _find(self, data: Optional[int]) -> Optional[Instance]:
        return self._process.instances.get(data) if data else None

    def _on_instance(self, method: str, data: int, *arguments: Any) -> None:
        instance = self._find(data)
        if instance is not None:
            self._guard(method, method, instance, *arguments)

    def _render(self, data: int, effect: Optional[int]) -> None:
        # `_on_instance` written out: this one runs for every frame on the graphics thread.
        process = self._process
        try:
            instance = process.instances.get(data)
            implementation = process.implementation
            if instance is not None and implementation is not None:
                implementation.render(instance)
        except Exception:
            process.complain("render")

    def _capture(self, number: int, source: int, audio: int, muted: bool) -> None:
        # On the thread of a source of sound, with its locks held: whoever is gone is not waited for.
        try:
            sink = self._process.sinks.get(number)
            if sink is not None:
                sink(audio, muted)
        except Exception:
            self._process.complain("capture")

    def _create(self, settings: int, source: int) -> int:
        process, library = self._process, self._process.libobs
        properties = library.obs_properties_create()
        data = int(library.obs_properties_add_int(properties, b"size", b"", _START_SIDE, _START_SIDE, 1))
        instance = Instance(data, properties, library.obs_source_get_weak_source(source))
        process.instances[data] = instance
        self._guard("attach", "attach", instance, settings)
        return data

    def _destroy(self, data: int) -> None:
        library = self._process.libobs
        instance = self._process.forget(data)
        if instance is None:
            return
        self._guard("detach", "detach", instance)
        library.obs_enter_graphics()
        texture, instance.texture = instance.texture, 0
        if texture:
            library.gs_texture_destroy(texture)
        library.obs_leave_graphics()
        library.obs_weak_source_release(instance.weak)
        library.obs_properties_destroy(instance.properties)

    def _clicked(self, properties: int, button: int, data: Optional[int]) -> bool:
        name = (self._process.libobs.obs_property_name(button) or b"").decode()
        return bool(self._guard("clicked", "clicked", self._find(data), name))


def language(library: c.Libobs) -> str:
    """OBS's locale, `en-US` where it has none."""
    return (library.obs_get_locale() or b"en-US").decode()
