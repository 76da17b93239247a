"""trackers/pointer.py on a real X server; Windows and macOS on stand-ins for their libraries."""

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest

from tests.xvfb import virtual_screen
from trackers import pointer
from trackers.pointer import NativePointer, Place, PointerError, Screen, X11Pointer, open_pointer

pytest.importorskip("Xlib" if sys.platform.startswith("linux") else "pynput")


@pytest.fixture
def screen(require, monkeypatch) -> Iterator[str]:
    require("xvfb")
    with virtual_screen("1280x720x24") as name:
        monkeypatch.setenv("DISPLAY", name)
        yield name


def move(x: int, y: int) -> None:
    """With python-xlib, from another connection than the one that is tested."""
    from Xlib import display

    other = display.Display()
    other.screen().root.warp_pointer(x, y)
    other.sync()
    other.close()


def test_the_place_is_where_the_pointer_was_put(screen):
    opened = open_pointer()
    for place in (Place(0, 0), Place(1279, 719), Place(400, 300)):
        move(*map(int, place))
        assert opened.place() == place
    opened.close()
    opened.close()


def test_the_main_screen_has_its_size(screen):
    opened = X11Pointer()
    assert opened.screen() == Screen(0, 0, 1280, 720)
    assert opened.screen().centre == Place(640, 360)
    opened.close()


def test_of_several_screens_the_main_one_counts(screen, monkeypatch):
    opened = X11Pointer()
    listed = [("A", False, Screen(0, 0, 1920, 1080)), ("B", True, Screen(1920, 200, 1280, 720)), ("C", True, Screen(0, 0, 0, 0))]
    monkeypatch.setattr(opened, "_monitors", lambda: listed)
    assert opened.screen() == Screen(1920, 200, 1280, 720)
    monkeypatch.setattr(opened, "_monitors", lambda: [(name, False, found) for name, _, found in listed])
    assert opened.screen() == Screen(0, 0, 1920, 1080)
    monkeypatch.setattr(opened, "_monitors", list)
    assert opened.screen() == Screen(0, 0, 1280, 720)
    opened.close()


def test_wayland_is_refused_with_the_way_out(screen, monkeypatch):
    monkeypatch.setattr(X11Pointer, "_monitors", lambda self: [("XWAYLAND0", True, Screen(0, 0, 1920, 1080))])
    with pytest.raises(PointerError, match="Wayland"):
        X11Pointer()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_without_a_display_it_says_so(monkeypatch):
    """python-xlib leaves its sockets to the garbage collector when it cannot connect."""
    monkeypatch.setenv("DISPLAY", ":91")
    with pytest.raises(PointerError, match="screen cannot be reached"):
        X11Pointer()


def test_a_display_that_goes_away_is_an_error(require, monkeypatch):
    require("xvfb")
    with virtual_screen("640x480x24") as name:
        monkeypatch.setenv("DISPLAY", name)
        opened = X11Pointer()
        assert opened.place()
    with pytest.raises(PointerError, match="cannot be read"):
        opened.place()
    opened.close()


def test_without_the_library_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "Xlib", None)
    with pytest.raises(PointerError, match="library is missing"):
        X11Pointer()
    monkeypatch.setitem(sys.modules, "pynput", None)
    monkeypatch.setitem(sys.modules, "pynput.mouse", None)
    with pytest.raises(PointerError, match="library is missing"):
        NativePointer()


@pytest.fixture
def native(monkeypatch) -> SimpleNamespace:
    """pynput as it is documented: `Controller().position` is (x, y), in pixels on Windows, in points on macOS."""
    state = SimpleNamespace(position=(-300, 250))
    package, mouse = ModuleType("pynput"), ModuleType("pynput.mouse")
    mouse.Controller = lambda: state  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynput", package)
    monkeypatch.setitem(sys.modules, "pynput.mouse", mouse)
    return state


def test_on_macos_the_place_is_pynputs_and_the_size_quartzs(native, monkeypatch):
    quartz = ModuleType("Quartz")
    quartz.CGMainDisplayID = lambda: 7  # type: ignore[attr-defined]
    bounds = SimpleNamespace(origin=SimpleNamespace(x=0.0, y=0.0), size=SimpleNamespace(width=1512.0, height=982.0))
    quartz.CGDisplayBounds = {7: bounds}.__getitem__  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "Quartz", quartz)
    monkeypatch.setattr(pointer, "sys", SimpleNamespace(platform="darwin"))
    opened = open_pointer()
    assert opened.place() == Place(-300, 250)
    assert opened.screen() == Screen(0, 0, 1512, 982)
    opened.close()


def test_on_windows_the_size_is_the_systems(native, monkeypatch):
    import ctypes

    metrics = {0: 2560, 1: 1440}
    windll = SimpleNamespace(user32=SimpleNamespace(GetSystemMetrics=metrics.__getitem__))
    monkeypatch.setattr(ctypes, "windll", windll, raising=False)
    monkeypatch.setattr(pointer, "sys", SimpleNamespace(platform="win32"))
    assert open_pointer().screen() == Screen(0, 0, 2560, 1440)


@pytest.mark.parametrize("position", [None, (float("nan"), 0.0), (1e9, 0.0)])
def test_a_place_that_is_none_is_an_error(native, position):
    native.position = position
    with pytest.raises(PointerError, match="cannot be read"):
        NativePointer().place()
