"""libobs through ctypes: one table of the functions we call, the structs, the enums.

Signatures follow libobs/obs.h, obs-source.h, obs-properties.h, obs-data.h and graphics/graphics.h; what is used here is
unchanged from OBS 28 to 32. Two libraries are made of the same symbols: functions that can lock, wait or call back go
through CDLL, which gives up the GIL (a Python thread holding the GIL while it waits for a libobs lock deadlocks OBS);
the short, non-blocking gs_* calls of `video_render` go through PyDLL, which keeps it (giving it up costs up to a switch
interval of 5 ms per call while another script computes).
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import CFUNCTYPE, POINTER, c_bool, c_char_p, c_double, c_float, c_int, c_longlong, c_size_t, c_uint32, c_void_p
from typing import Any, ClassVar, Dict, List, Optional, Tuple

from ezvtb_core.link.messages import NoticeError

# obs-config.h
OBS_31_1 = 31 << 24 | 1 << 16
# obs-source.h
OBS_SOURCE_TYPE_INPUT = 0
OBS_SOURCE_VIDEO = 1 << 0
OBS_SOURCE_AUDIO = 1 << 1
OBS_SOURCE_CUSTOM_DRAW = 1 << 3
OBS_SOURCE_SRGB = 1 << 15
OBS_ICON_TYPE_CUSTOM = 13
# graphics.h
GS_BGRA = 5
GS_DYNAMIC = 1 << 1
GS_ZS_NONE = 0
GS_CLEAR_COLOR = 1 << 0
GS_BLEND_ZERO = 0
GS_BLEND_ONE = 1
GS_BLEND_INVSRCALPHA = 5
GS_IMAGE_ALPHA_PREMULTIPLY = 2
OBS_EFFECT_DEFAULT = 0
# media-io/audio-io.h
MAX_AV_PLANES = 8
MAX_AUDIO_MIXES = 6
MAX_AUDIO_CHANNELS = 8
AUDIO_OUTPUT_FRAMES = 1024
# obs-hotkey.h
OBS_INVALID_HOTKEY_ID = c_size_t(-1).value
# obs-properties.h
OBS_TEXT_DEFAULT = 0
OBS_TEXT_INFO = 3
OBS_TEXT_INFO_NORMAL = 0
OBS_TEXT_INFO_WARNING = 1
OBS_TEXT_INFO_ERROR = 2
OBS_COMBO_TYPE_LIST = 2
OBS_COMBO_FORMAT_STRING = 3
OBS_PATH_FILE = 0
OBS_PATH_DIRECTORY = 2
OBS_GROUP_NORMAL = 1

p, s, u32, f32, f64, i64 = c_void_p, c_char_p, c_uint32, c_float, c_double, c_longlong
u8, u64 = ctypes.c_uint8, ctypes.c_uint64

GetName = CFUNCTYPE(p, p)
Create = CFUNCTYPE(p, p, p)
Data = CFUNCTYPE(None, p)
DataSettings = CFUNCTYPE(None, p, p)
Render = CFUNCTYPE(None, p, p)
GetProperties = CFUNCTYPE(p, p)
Clicked = CFUNCTYPE(c_bool, p, p, p)
Modified = CFUNCTYPE(c_bool, p, p, p, p)
Hotkey = CFUNCTYPE(None, p, c_size_t, p, c_bool)
EnumSources = CFUNCTYPE(c_bool, p, p)
AudioCapture = CFUNCTYPE(None, p, p, p, c_bool)


class SourceInfo(ctypes.Structure):
    """`struct obs_source_info` as in OBS 28: 400 bytes on 64-bit. Later versions only appended members; libobs zero-fills them.

    It must be complete: libobs reads `version` before it looks at the size that was passed.
    """

    _fields_: ClassVar[List[Any]] = (
        [("id", p), ("type", c_int), ("output_flags", u32), ("get_name", GetName), ("create", Create), ("destroy", Data)]
        + [("get_width", p), ("get_height", p), ("get_defaults", Data), ("get_properties", GetProperties)]
        + [("update", DataSettings), ("activate", p), ("deactivate", p), ("show", Data), ("hide", Data), ("video_tick", p)]
        + [("video_render", Render)]
        + [(name, p) for name in ("filter_video", "filter_audio", "enum_active_sources")]
        + [("save", DataSettings), ("load", p)]
        + [(name, p) for name in ("mouse_click", "mouse_move", "mouse_wheel", "focus", "key_click", "filter_remove")]
        + [(name, p) for name in ("type_data", "free_type_data", "audio_render", "enum_all_sources")]
        + [(name, p) for name in ("transition_start", "transition_stop", "get_defaults2", "get_properties2", "audio_mix")]
        + [("icon_type", c_int)]
        + [(name, p) for name in ("media_play_pause", "media_restart", "media_stop", "media_next", "media_previous")]
        + [(name, p) for name in ("media_get_duration", "media_get_time", "media_set_time", "media_get_state")]
        + [("version", u32), ("unversioned_id", p), ("missing_files", p), ("video_get_color_space", p)]
    )


class AudioData(ctypes.Structure):
    """`struct audio_data`: addresses of float32 samples, one for each channel, and how many."""

    _fields_: ClassVar[List[Any]] = [("data", p * MAX_AV_PLANES), ("frames", u32), ("timestamp", u64)]


class AudioInfo(ctypes.Structure):
    """`struct obs_audio_info`: frames per second, and the layout of the channels (1 mono, 2 stereo, more are more)."""

    _fields_: ClassVar[List[Any]] = [("samples_per_sec", u32), ("speakers", c_int)]


class AudioMix(ctypes.Structure):
    """`struct obs_source_audio_mix`: addresses of `AUDIO_OUTPUT_FRAMES` float32 samples for each track and channel."""

    _fields_: ClassVar[List[Any]] = [("data", (p * MAX_AUDIO_CHANNELS) * MAX_AUDIO_MIXES)]


# name, result, arguments. Everything here may take a libobs lock: CDLL.
LOCKING: Tuple[Tuple[str, Any, List[Any]], ...] = (
    ("obs_get_version", u32, []),
    ("obs_get_locale", s, []),
    ("obs_get_source_output_flags", u32, [s]),
    # A plain pointer: ctypes keeps every POINTER type for ever, one per reload of this module.
    ("obs_register_source_s", None, [p, c_size_t]),
    ("obs_get_module", p, [s]),
    ("obs_get_audio_info", c_bool, [p]),
    ("obs_get_audio", p, []),
    ("audio_output_connect", c_bool, [p, c_size_t, p, p, p]),
    ("audio_output_disconnect", None, [p, c_size_t, p, p]),
    ("obs_get_source_by_name", p, [s]),
    ("obs_enter_graphics", None, []),
    ("obs_leave_graphics", None, []),
    ("obs_source_get_weak_source", p, [p]),
    ("obs_weak_source_release", None, [p]),
    ("obs_source_release", None, [p]),
    ("obs_source_get_settings", p, [p]),
    ("obs_source_showing", c_bool, [p]),
    ("obs_source_inc_showing", None, [p]),
    ("obs_source_dec_showing", None, [p]),
    ("obs_source_get_width", u32, [p]),
    ("obs_source_get_height", u32, [p]),
    ("obs_source_video_render", None, [p]),
    ("obs_source_add_audio_capture_callback", None, [p, AudioCapture, p]),
    ("obs_source_remove_audio_capture_callback", None, [p, AudioCapture, p]),
    ("obs_source_update", None, [p, p]),
    ("obs_source_update_properties", None, [p]),
    ("obs_hotkey_register_source", c_size_t, [p, s, s, Hotkey, p]),
    ("obs_data_create", p, []),
    ("obs_data_release", None, [p]),
    ("obs_data_get_string", s, [p, s]),
    ("obs_data_get_int", i64, [p, s]),
    ("obs_data_get_double", f64, [p, s]),
    ("obs_data_get_bool", c_bool, [p, s]),
    ("obs_data_set_string", None, [p, s, s]),
    ("obs_data_set_int", None, [p, s, i64]),
    ("obs_data_set_double", None, [p, s, f64]),
    ("obs_data_set_bool", None, [p, s, c_bool]),
    ("obs_data_set_default_string", None, [p, s, s]),
    ("obs_data_set_default_int", None, [p, s, i64]),
    ("obs_data_set_default_double", None, [p, s, f64]),
    ("obs_data_set_default_bool", None, [p, s, c_bool]),
    ("obs_data_has_user_value", c_bool, [p, s]),
    ("obs_properties_create", p, []),
    ("obs_properties_destroy", None, [p]),
    ("obs_properties_get", p, [p, s]),
    ("obs_properties_add_bool", p, [p, s, s]),
    ("obs_properties_add_int", p, [p, s, s, c_int, c_int, c_int]),
    ("obs_properties_add_int_slider", p, [p, s, s, c_int, c_int, c_int]),
    ("obs_properties_add_float_slider", p, [p, s, s, f64, f64, f64]),
    ("obs_properties_add_text", p, [p, s, s, c_int]),
    ("obs_properties_add_path", p, [p, s, s, c_int, s, s]),
    ("obs_properties_add_list", p, [p, s, s, c_int, c_int]),
    ("obs_properties_add_button2", p, [p, s, s, Clicked, p]),
    ("obs_properties_add_group", p, [p, s, s, c_int, p]),
    ("obs_property_list_add_string", c_size_t, [p, s, s]),
    ("obs_property_name", s, [p]),
    ("obs_property_set_visible", None, [p, c_bool]),
    ("obs_property_set_enabled", None, [p, c_bool]),
    ("obs_property_set_long_description", None, [p, s]),
    ("obs_property_set_modified_callback2", None, [p, Modified, p]),
    ("obs_property_text_set_info_type", None, [p, c_int]),
    ("obs_property_text_set_info_word_wrap", None, [p, c_bool]),
    ("obs_property_int_set_suffix", None, [p, s]),
    ("obs_property_float_set_suffix", None, [p, s]),
    ("gs_create_texture_file_data2", p, [s, c_int, POINTER(c_int), POINTER(u32), POINTER(u32)]),
    ("gs_texture_destroy", None, [p]),
    ("gs_texrender_create", p, [c_int, c_int]),
    ("gs_texrender_destroy", None, [p]),
    ("gs_stagesurface_create", p, [u32, u32, c_int]),
    ("gs_stagesurface_destroy", None, [p]),
    ("bfree", None, [p]),
)
# Non-blocking, called where the graphics context is held or where nothing can wait: PyDLL.
DRAWING: Tuple[Tuple[str, Any, List[Any]], ...] = (
    ("gs_texture_create", p, [u32, u32, c_int, u32, p, u32]),
    ("gs_texture_set_image", None, [p, p, u32, c_bool]),
    ("gs_framebuffer_srgb_enabled", c_bool, []),
    ("gs_enable_framebuffer_srgb", None, [c_bool]),
    ("gs_blend_state_push", None, []),
    ("gs_blend_state_pop", None, []),
    ("gs_blend_function", None, [c_int, c_int]),
    ("obs_get_base_effect", p, [c_int]),
    ("gs_effect_get_param_by_name", p, [p, s]),
    ("gs_effect_set_texture_srgb", None, [p, p]),
    ("gs_effect_loop", c_bool, [p, s]),
    ("gs_draw_sprite", None, [p, p, u32, u32]),
    ("gs_matrix_push", None, []),
    ("gs_matrix_pop", None, []),
    ("gs_matrix_translate3f", None, [f32, f32, f32]),
    ("gs_matrix_rotaa4f", None, [f32, f32, f32, f32]),
    ("gs_matrix_scale3f", None, [f32, f32, f32]),
    ("gs_texrender_reset", None, [p]),
    ("gs_texrender_begin", c_bool, [p, u32, u32]),
    ("gs_texrender_end", None, [p]),
    ("gs_texrender_get_texture", p, [p]),
    ("gs_clear", None, [u32, p, f32, u8]),
    ("gs_ortho", None, [f32] * 6),
    # What is mapped was staged a picture ago: neither waits for the graphics processor.
    ("gs_stage_texture", None, [p, p]),
    ("gs_stagesurface_map", c_bool, [p, p, p]),
    ("gs_stagesurface_unmap", None, [p]),
    ("obs_property_int_set_limits", None, [p, c_int, c_int, c_int]),
    ("obs_weak_source_get_source", p, [p]),
    ("obs_weak_source_references_source", c_bool, [p, p]),
    # Plain getters of a source that is held or being enumerated.
    ("obs_source_get_name", s, [p]),
    ("obs_source_get_id", s, [p]),
    ("obs_source_get_type", c_int, [p]),
    ("obs_source_get_output_flags", u32, [p]),
    ("obs_source_removed", c_bool, [p]),
    # Of a source that is held: what was mixed of it last. Without any lock.
    ("obs_source_get_audio_timestamp", u64, [p]),
    ("obs_source_audio_pending", c_bool, [p]),
    ("obs_source_get_audio_mixers", u32, [p]),
    ("obs_source_get_audio_mix", None, [p, p]),
)
# Exported by some versions only; None where missing.
OPTIONAL: Tuple[Tuple[str, Any, List[Any]], ...] = (
    # Exported but not in a header; hides the kind from the Add menu while the script is not loaded.
    ("obs_enable_source_type", None, [s, c_bool]),
    # 32.0 and later: gives the kind to a module, else its name is red in the Sources dock.
    ("obs_module_add_source", None, [p, s]),
)


class LibobsError(NoticeError):
    """libobs is not there, or lacks a function we need."""


class Libobs:
    """The functions of the tables above as attributes. Use the instance `load()` returns."""

    def __init__(self, locking: Any, drawing: Any) -> None:
        self._functions: Dict[str, Any] = {}
        for library, rows in ((locking, LOCKING), (drawing, DRAWING)):
            for name, result, arguments in rows:
                self._functions[name] = _typed(library, name, result, arguments)
        for name, result, arguments in OPTIONAL:
            self._functions[name] = _typed(locking, name, result, arguments) if hasattr(locking, name) else None
        # The same function for use inside video_render, where the graphics context is held already and nothing can wait.
        self._functions["gs_texture_destroy_now"] = _typed(drawing, "gs_texture_destroy", None, [p])
        # From 31.1 on OBS calls none of ours with the mutex of all sources held, so the GIL may be kept while waiting for it.
        # Then no other script can come between, which waits for that mutex with the GIL in its hands (as all of obspython does).
        enumeration = drawing if locking.obs_get_version() >= OBS_31_1 else locking
        self._functions["obs_enum_sources"] = _typed(enumeration, "obs_enum_sources", None, [EnumSources, p])
        self.__dict__.update(self._functions)
        # Addresses for get_width and get_height: native code that needs no GIL (see source.py).
        self.width_getter = ctypes.cast(locking.obs_property_int_min, p).value
        self.height_getter = ctypes.cast(locking.obs_property_int_max, p).value
        # A callback that does nothing, without the GIL: takes no arguments, so it may be given any.
        self.nothing = ctypes.cast(locking.obs_get_version, p).value

    def __getattr__(self, name: str) -> Any:
        raise AttributeError("libobs.%s is not in the table" % name)


def _typed(library: Any, name: str, result: Any, arguments: List[Any]) -> Any:
    try:
        function = getattr(library, name)
    except AttributeError as error:
        raise LibobsError("libobs_function_missing", name=name) from error
    function.restype = result
    function.argtypes = arguments
    return function


def _library_names() -> List[Optional[str]]:
    """What to hand to the loader; None means the running program itself, which never loads a second copy."""
    if sys.platform == "win32":
        return ["obs.dll"]
    if sys.platform == "darwin":
        return [None, "@executable_path/../Frameworks/libobs.framework/libobs"]
    return [None, "libobs.so.30", "libobs.so.0"]


def load() -> Libobs:
    """Bind libobs of the OBS we run in. Raises LibobsError when this process is not OBS or OBS is older than 28."""
    problem = ""
    for name in _library_names():
        try:
            locking = ctypes.CDLL(name)
            if not hasattr(locking, "obs_register_source_s"):
                continue
            found = Libobs(locking, ctypes.PyDLL(name))
        except OSError as error:
            problem = str(error)
            continue
        major = found.obs_get_version() >> 24
        if major < 28:
            raise LibobsError("obs_too_old", found=major)
        return found
    raise LibobsError("libobs_missing", detail=problem)
