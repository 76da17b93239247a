"""Sources of OBS as far as taps care, with every reference counted. What real OBS does is seen in tests/obs/test_taps.py."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from obs_bridge import libobs as c


@dataclass
class Source:
    """One source; it dies when the last strong reference is released, as in libobs."""

    name: str
    kind: bytes = b"camera"
    type: int = c.OBS_SOURCE_TYPE_INPUT
    flags: int = c.OBS_SOURCE_VIDEO | c.OBS_SOURCE_AUDIO
    size: tuple[int, int] = (8, 4)
    strong: int = 1
    showing: int = 0
    listeners: list[Any] = field(default_factory=list)
    removed: bool = False


class FakeObs:
    """The functions of libobs that taps call. Handles are numbers; a wrong one is a KeyError."""

    def __init__(self) -> None:
        self.sources: dict[int, Source] = {}
        self.weak: dict[int, int] = {}
        self.inside_graphics = 0
        self.made: set[int] = set()
        self.colour = 7
        self.audio = True
        self._numbers = iter(range(100, 10_000_000))
        self._lock = threading.RLock()

    # --- what a user does ---------------------------------------------------------------------------------------------

    def add(self, name: str, **facts: Any) -> Source:
        source = Source(name, **facts)
        self.sources[next(self._numbers)] = source
        return source

    def remove(self, source: Source) -> None:
        source.removed = True
        self.obs_source_release(self._handle(source))

    def clean(self) -> bool:
        """Whether nothing of ours is left: references, listeners, textures."""
        alive = self.sources.values()
        settled = all(source.strong == 1 and not source.showing and not source.listeners for source in alive)
        return settled and not self.weak and not self.made and not self.inside_graphics

    def _handle(self, source: Source) -> int:
        return next(handle for handle, known in self.sources.items() if known is source)

    # --- references ---------------------------------------------------------------------------------------------------

    def obs_get_source_by_name(self, name: bytes) -> int:
        with self._lock:
            for handle, source in self.sources.items():
                if source.name == name.decode() and not source.removed:
                    source.strong += 1
                    return handle
            return 0

    def obs_source_release(self, handle: int) -> None:
        with self._lock:
            source = self.sources[handle]
            source.strong -= 1
            assert source.strong >= 0
            if source.strong == 0:
                del self.sources[handle]

    def obs_source_get_weak_source(self, handle: int) -> int:
        assert handle in self.sources
        weak = next(self._numbers)
        self.weak[weak] = handle
        return weak

    def obs_weak_source_get_source(self, weak: int) -> int:
        with self._lock:
            source = self.sources.get(self.weak[weak])
            if source is None:
                return 0
            source.strong += 1
            return self.weak[weak]

    def obs_weak_source_references_source(self, weak: int, handle: int) -> bool:
        return self.weak[weak] == handle

    def obs_weak_source_release(self, weak: int) -> None:
        del self.weak[weak]

    # --- facts --------------------------------------------------------------------------------------------------------

    def obs_source_get_name(self, handle: int) -> bytes:
        return self.sources[handle].name.encode()

    def obs_source_get_id(self, handle: int) -> bytes:
        return self.sources[handle].kind

    def obs_source_get_type(self, handle: int) -> int:
        return self.sources[handle].type

    def obs_source_get_output_flags(self, handle: int) -> int:
        return self.sources[handle].flags

    def obs_source_removed(self, handle: int) -> bool:
        return self.sources[handle].removed

    def obs_source_get_width(self, handle: int) -> int:
        return self.sources[handle].size[0]

    def obs_source_get_height(self, handle: int) -> int:
        return self.sources[handle].size[1]

    def obs_source_inc_showing(self, handle: int) -> None:
        self.sources[handle].showing += 1

    def obs_source_dec_showing(self, handle: int) -> None:
        self.sources[handle].showing -= 1

    # --- sound --------------------------------------------------------------------------------------------------------

    def obs_get_audio_info(self, info: Any) -> bool:
        info._obj.samples_per_sec, info._obj.speakers = 48000, 2
        return self.audio

    def obs_source_add_audio_capture_callback(self, handle: int, callback: Any, number: int) -> None:
        self.sources[handle].listeners.append((callback, number))

    def obs_source_remove_audio_capture_callback(self, handle: int, callback: Any, number: int) -> None:
        self.sources[handle].listeners.remove((callback, number))

    # --- graphics -----------------------------------------------------------------------------------------------------

    def obs_enter_graphics(self) -> None:
        self._lock.acquire()
        self.inside_graphics += 1

    def obs_leave_graphics(self) -> None:
        self.inside_graphics -= 1
        self._lock.release()

    def _make(self, *_: Any) -> int:
        assert self.inside_graphics
        self.made.add(made := next(self._numbers))
        return made

    def _free(self, made: int) -> None:
        assert self.inside_graphics
        self.made.remove(made)

    gs_texrender_create = gs_stagesurface_create = _make
    gs_texrender_destroy = gs_stagesurface_destroy = _free

    def gs_texrender_begin(self, target: int, width: int, height: int) -> bool:
        assert self.inside_graphics and target in self.made
        self._picture = (ctypes.c_uint8 * ((width * 4 + 16) * height))(*[self.colour] * ((width * 4 + 16) * height))
        self._stride = width * 4 + 16
        return True

    def gs_texrender_get_texture(self, target: int) -> int:
        return target

    def gs_framebuffer_srgb_enabled(self) -> bool:
        return False

    def gs_stagesurface_map(self, surface: int, address: Any, stride: Any) -> bool:
        """Rows with a gap, as Direct3D gives them."""
        assert surface in self.made
        address._obj.value, stride._obj.value = ctypes.addressof(self._picture), self._stride
        return True

    def __getattr__(self, name: str) -> Callable[..., None]:
        drawing = {entry[0] for entry in c.DRAWING} | {"obs_source_video_render"}
        if name not in drawing:
            raise AttributeError(name)

        def draw(*_: Any) -> None:
            assert self.inside_graphics, name

        return draw


def process_of(library: FakeObs) -> Any:
    """A `Holder` as far as taps care."""
    return SimpleNamespace(libobs=library, sinks={}, numbers=iter(range(1, 10_000_000)), keep={"callbacks": {"capture": "cb"}})
