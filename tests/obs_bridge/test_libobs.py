"""The table of libobs functions and the struct that is handed to it."""

from __future__ import annotations

import ctypes
import ctypes.util
import struct

import pytest

from obs_bridge import libobs as c


@pytest.mark.skipif(struct.calcsize("P") != 8, reason="64-bit layout")
def test_the_struct_is_the_one_of_obs_28():
    """400 bytes; `version` is where libobs looks for it before it looks at the size (offsets of obs-source.h, OBS 28)."""
    assert ctypes.sizeof(c.SourceInfo) == 400
    offsets = {"id": 0, "type": 8, "output_flags": 12, "get_name": 16, "destroy": 32, "video_render": 120, "version": 368}
    assert {name: getattr(c.SourceInfo, name).offset for name in offsets} == offsets


@pytest.mark.obs
def test_every_function_of_the_table_is_in_the_libobs_of_this_machine():
    library = ctypes.CDLL(ctypes.util.find_library("obs"))
    wanted = [name for name, _, _ in (*c.LOCKING, *c.DRAWING)]
    assert [name for name in wanted if not hasattr(library, name)] == []
    assert len(wanted) == len(set(wanted))


def test_outside_obs_loading_says_so(monkeypatch):
    monkeypatch.setattr(c, "_library_names", lambda: [None, "no-such-library.so"])
    with pytest.raises(c.LibobsError, match="not OBS Studio"):
        c.load()


def test_what_is_not_in_the_table_cannot_be_called_by_accident():
    library = object.__new__(c.Libobs)
    with pytest.raises(AttributeError, match="not in the table"):
        _ = library.obs_shutdown
