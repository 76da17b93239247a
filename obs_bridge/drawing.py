"""Frames to a texture, the texture to the picture. Runs inside `video_render`: PyDLL calls only, nothing that can wait."""

from __future__ import annotations

import ctypes
import math
from typing import Optional

from ezvtb_core.link.framebuffer import UNMOVED, Frame, FrameBuffer, Placement
from obs_bridge import libobs as c
from obs_bridge.registration import Instance


class Drawer:
    """Draws premultiplied BGRA textures exactly as OBS's own image source does."""

    def __init__(self, library: c.Libobs) -> None:
        self._library = library
        self._image_parameter = 0
        self._effect = 0

    def upload(
        self, instance: Instance, address: int, width: int, height: int, stride: int, colour_format: int = c.GS_BGRA
    ) -> None:
        """Put premultiplied pixels at `address` into the source's texture, made anew for another size or colour order."""
        library = self._library
        wanted = (width, height, colour_format)
        if not instance.texture or (instance.width, instance.height, instance.colour_format) != wanted:
            if instance.texture:
                library.gs_texture_destroy_now(instance.texture)
            instance.texture = library.gs_texture_create(width, height, colour_format, 1, None, c.GS_DYNAMIC) or 0
            instance.width, instance.height, instance.colour_format = wanted
            library.obs_property_int_set_limits(instance.data, width, height, 1)
        if instance.texture:
            library.gs_texture_set_image(instance.texture, address, stride, False)

    def take(self, instance: Instance, buffer: FrameBuffer, shown: int) -> int:
        """Upload the newest frame if it is another than `shown`; returns the sequence number that is shown now."""
        if buffer.newest() == shown:
            return shown

        def use(frame: Frame) -> None:
            self.upload(instance, frame.address, frame.width, frame.height, frame.stride)

        frame: Optional[Frame] = buffer.read(use)
        return shown if frame is None else frame.sequence

    def upload_bytes(self, instance: Instance, pixels: bytes, width: int, height: int, colour_format: int) -> None:
        """Upload premultiplied pixels that Python holds (the still picture)."""
        address = ctypes.cast(ctypes.c_char_p(pixels), ctypes.c_void_p).value or 0
        self.upload(instance, address, width, height, width * 4, colour_format)

    def draw(self, instance: Instance, placement: Placement = UNMOVED) -> None:
        """Draw the texture. The sequence is that of plugins/image-source in obs-studio; every state is left as found.

        `placement`: where to, see `FrameBuffer.placement`. What leaves the source's box is seen in a scene, as long as no
        crop, filter or scale filter of the user makes OBS draw the box alone.
        """
        library = self._library
        if not instance.texture:
            return
        if not self._effect:
            self._effect = library.obs_get_base_effect(c.OBS_EFFECT_DEFAULT)
            self._image_parameter = library.gs_effect_get_param_by_name(self._effect, b"image")
        moved = placement != UNMOVED
        if moved:
            library.gs_matrix_push()
            self._place(placement, instance.width, instance.height)
        previous = library.gs_framebuffer_srgb_enabled()
        library.gs_enable_framebuffer_srgb(True)
        library.gs_blend_state_push()
        library.gs_blend_function(c.GS_BLEND_ONE, c.GS_BLEND_INVSRCALPHA)
        library.gs_effect_set_texture_srgb(self._image_parameter, instance.texture)
        while library.gs_effect_loop(self._effect, b"Draw"):
            library.gs_draw_sprite(instance.texture, 0, instance.width, instance.height)
        library.gs_blend_state_pop()
        library.gs_enable_framebuffer_srgb(previous)
        if moved:
            library.gs_matrix_pop()

    def _place(self, placement: Placement, width: int, height: int) -> None:
        """Lean and scale about the middle of the lower edge, then shift. The last call acts first."""
        library = self._library
        right, down, degrees, scale = placement
        library.gs_matrix_translate3f((0.5 + right) * width, (1.0 + down) * height, 0.0)
        library.gs_matrix_rotaa4f(0.0, 0.0, 1.0, math.radians(degrees))
        library.gs_matrix_scale3f(scale, scale, 1.0)
        library.gs_matrix_translate3f(-0.5 * width, -1.0 * height, 0.0)
