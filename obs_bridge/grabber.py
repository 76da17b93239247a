"""A source's picture, small, from the graphics processor into memory, while OBS goes on drawing.

The sequence is that of a screenshot in obs-websocket, but what is read back is the picture before: by then it is ready, and
nobody waits. Everything happens between `obs_enter_graphics` and `obs_leave_graphics`, where OBS's own drawing waits for us, so
that section is kept short and timed.
"""

from __future__ import annotations

import ctypes
import time
from typing import List, Optional, Tuple

from obs_bridge import libobs as c

SIDE = 480
"""Pixels of the longer side, at most: more than any face tracker looks at."""
CAPACITY = SIDE * SIDE * 4
"""Bytes of the largest picture."""
_SURFACES = 2


def fit(width: int, height: int) -> Tuple[int, int]:
    """The size in which a picture of `width` × `height` is taken: its shape kept, never larger than it is."""
    scale = min(1.0, SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


class Grabber:
    """Takes pictures, all from one thread."""

    def __init__(self, library: c.Libobs) -> None:
        self._library = library
        self._target = 0
        self._surfaces: List[int] = []
        self._size = (0, 0)
        self._staged = 0
        """How many pictures of this size were staged."""
        self._pixels = bytearray()
        # gs_clear takes a vec4, which is aligned to 16 bytes.
        self._room = ctypes.create_string_buffer(32)
        self._transparent = (ctypes.addressof(self._room) + 15) // 16 * 16
        self.seconds = 0.0
        """How long the last picture kept OBS from drawing, at most."""

    def take(self, source: int) -> Optional[Tuple[memoryview, int, int]]:
        """Draw a source, held by the caller, and give the picture drawn before: BGRA8 without gaps, width, height.

        None for a source without a picture, and for the first one of a size.
        """
        library = self._library
        width, height = library.obs_source_get_width(source), library.obs_source_get_height(source)
        if not width or not height:
            return None
        library.obs_enter_graphics()
        began = time.perf_counter()
        try:
            self._prepare(fit(width, height))
            ready = self._staged > 0 and self._read(self._surfaces[(self._staged - 1) % _SURFACES])
            if self._draw(source, width, height):
                library.gs_stage_texture(self._surfaces[self._staged % _SURFACES], library.gs_texrender_get_texture(self._target))
                self._staged += 1
        finally:
            self.seconds = time.perf_counter() - began
            library.obs_leave_graphics()
        return (memoryview(self._pixels), *self._size) if ready else None

    def free(self) -> None:
        """Give back what OBS has given. May be called again, and used again."""
        if self._target or self._surfaces:
            self._library.obs_enter_graphics()
            self._release()
            self._library.obs_leave_graphics()

    def _prepare(self, size: Tuple[int, int]) -> None:
        if self._target and size == self._size:
            return
        self._release()
        library, (width, height) = self._library, size
        self._target = library.gs_texrender_create(c.GS_BGRA, c.GS_ZS_NONE) or 0
        self._surfaces = [library.gs_stagesurface_create(width, height, c.GS_BGRA) or 0 for _ in range(_SURFACES)]
        self._size, self._staged, self._pixels = size, 0, bytearray(width * height * 4)

    def _release(self) -> None:
        target, self._target = self._target, 0
        surfaces, self._surfaces = self._surfaces, []
        if target:
            self._library.gs_texrender_destroy(target)
        for surface in surfaces:
            if surface:
                self._library.gs_stagesurface_destroy(surface)

    def _draw(self, source: int, width: int, height: int) -> bool:
        library = self._library
        if not self._target or not all(self._surfaces):
            return False
        library.gs_texrender_reset(self._target)
        if not library.gs_texrender_begin(self._target, *self._size):
            return False
        library.gs_clear(c.GS_CLEAR_COLOR, self._transparent, 0.0, 0)
        library.gs_ortho(0.0, width, 0.0, height, -100.0, 100.0)
        # Values as they are encoded, which is what a face tracker expects of a picture.
        previous = library.gs_framebuffer_srgb_enabled()
        library.gs_enable_framebuffer_srgb(False)
        library.gs_blend_state_push()
        library.gs_blend_function(c.GS_BLEND_ONE, c.GS_BLEND_ZERO)
        library.obs_source_video_render(source)
        library.gs_blend_state_pop()
        library.gs_enable_framebuffer_srgb(previous)
        library.gs_texrender_end(self._target)
        return True

    def _read(self, surface: int) -> bool:
        """Copy a surface's rows; the driver may have put gaps between them."""
        address, stride = ctypes.c_void_p(), ctypes.c_uint32()
        if not self._library.gs_stagesurface_map(surface, ctypes.byref(address), ctypes.byref(stride)):
            return False
        row, rows = self._size[0] * 4, self._size[1]
        anchor = ctypes.c_char.from_buffer(self._pixels)
        start, target = address.value or 0, ctypes.addressof(anchor)
        if stride.value == row:
            ctypes.memmove(target, start, row * rows)
        else:
            for number in range(rows):
                ctypes.memmove(target + number * row, start + number * stride.value, row)
        self._library.gs_stagesurface_unmap(surface)
        return True
