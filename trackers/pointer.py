"""Where the mouse pointer is, on Windows, macOS and X11. Read only, and only its place: no clicks, no keys."""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from ezvtb_core.link.messages import NoticeError

_FARTHEST = 1 << 20
"""Pixels; what is beyond is no place on any desktop."""


class PointerError(NoticeError):
    """The pointer cannot be read; it is tried again every 2 s."""


class Place(NamedTuple):
    """Pixels of the desktop, right and down; several screens make one desktop, so negative ones occur."""

    x: float
    y: float


class Screen(NamedTuple):
    """A screen's rectangle on the desktop, pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> Place:
        """Its middle."""
        return Place(self.left + self.width / 2, self.top + self.height / 2)


class Pointer(Protocol):
    """Used by one thread."""

    def place(self) -> Place:
        """Where it is now. Raises PointerError."""

    def screen(self) -> Screen:
        """The main screen, as it is now. Raises PointerError."""

    def close(self) -> None:
        """Give up the connection. Never raises."""


def open_pointer() -> Pointer:
    """This system's pointer. Raises PointerError."""
    return X11Pointer() if sys.platform.startswith("linux") else NativePointer()


def _checked(x: float, y: float, width: float = 1.0, height: float = 1.0) -> None:
    if not (abs(x) <= _FARTHEST and abs(y) <= _FARTHEST and 1 <= width <= _FARTHEST and 1 <= height <= _FARTHEST):
        raise PointerError("mouse_failed", detail=f"{x}, {y}, {width} x {height}")


class X11Pointer:
    """Through python-xlib. Under Wayland only windows of X programs would see the pointer, so that is refused."""

    def __init__(self) -> None:
        """Connect to the display that the session names. Raises PointerError."""
        try:
            from Xlib import display, error
        except ImportError as problem:
            raise PointerError("mouse_library", detail=str(problem)) from problem
        self._problems = (error.DisplayError, error.ConnectionClosedError, error.XError, OSError, AssertionError)
        try:
            self._display = display.Display()
            self._root = self._display.screen().root
            wayland = self._display.query_extension("XWAYLAND") is not None or any(
                name.startswith("XWAYLAND") for name, _, _ in self._monitors()
            )
        except (*self._problems, ValueError, TypeError) as problem:
            raise PointerError("mouse_no_display", detail=str(problem)) from problem
        if wayland:
            self.close()
            raise PointerError("mouse_wayland")

    def place(self) -> Place:
        """See `Pointer`."""
        try:
            found = self._root.query_pointer()
        except self._problems as problem:
            raise PointerError("mouse_failed", detail=str(problem)) from problem
        _checked(found.root_x, found.root_y)
        return Place(found.root_x, found.root_y)

    def screen(self) -> Screen:
        """See `Pointer`."""
        try:
            monitors = self._monitors()
            whole = self._root.get_geometry()
        except self._problems as problem:
            raise PointerError("mouse_failed", detail=str(problem)) from problem
        usable = [(primary, screen) for _, primary, screen in monitors if screen.width > 0 and screen.height > 0]
        if not usable:
            return Screen(0.0, 0.0, whole.width, whole.height)
        return max(usable, key=lambda entry: (entry[0], entry[1].width * entry[1].height))[1]

    def close(self) -> None:
        """See `Pointer`."""
        with contextlib.suppress(*self._problems):
            self._display.close()

    def _monitors(self) -> list[tuple[str, bool, Screen]]:
        """(name, whether it is the main one, rectangle) of each; empty where the server cannot tell (RandR before 1.5)."""
        if not self._display.has_extension("RANDR"):
            return []
        version = self._display.xrandr_query_version()
        if (version.major_version, version.minor_version) < (1, 5):
            return []
        return [
            (
                str(self._display.get_atom_name(monitor.name)),
                bool(monitor.primary),
                Screen(monitor.x, monitor.y, monitor.width_in_pixels, monitor.height_in_pixels),
            )
            for monitor in self._root.xrandr_get_monitors().monitors
        ]


class NativePointer:
    """Through pynput on Windows and macOS."""

    def __init__(self) -> None:
        """Raises PointerError when the library is missing."""
        try:
            from pynput.mouse import Controller
        except ImportError as problem:
            raise PointerError("mouse_library", detail=str(problem)) from problem
        self._controller: Any = Controller()

    def place(self) -> Place:
        """See `Pointer`."""
        try:
            x, y = self._controller.position
        except (OSError, TypeError, ValueError) as problem:  # Windows: the secure desktop (lock screen, administrator's prompt)
            raise PointerError("mouse_failed", detail=str(problem)) from problem
        _checked(x, y)
        return Place(float(x), float(y))

    def screen(self) -> Screen:
        """See `Pointer`."""
        try:
            width, height = _windows_size() if sys.platform == "win32" else _mac_size()
        except (ImportError, OSError, AttributeError) as problem:
            raise PointerError("mouse_library", detail=str(problem)) from problem
        _checked(0.0, 0.0, width, height)
        return Screen(0.0, 0.0, width, height)

    def close(self) -> None:
        """See `Pointer`."""


def _windows_size() -> tuple[float, float]:
    """Of the main screen, which is at 0, 0, in the same pixels as the pointer's place."""
    import ctypes  # noqa: TID251 - pynput has no call for it, and nothing is loaded or changed

    metrics = getattr(ctypes, "windll").user32.GetSystemMetrics  # noqa: B009 - only Windows has it, mypy checks elsewhere too
    return float(metrics(0)), float(metrics(1))  # SM_CXSCREEN, SM_CYSCREEN


def _mac_size() -> tuple[float, float]:
    """Of the main screen, which is at 0, 0, in points as the pointer's place."""
    quartz: Any = import_module("Quartz")  # comes with pynput, on macOS only
    bounds = quartz.CGDisplayBounds(quartz.CGMainDisplayID())
    return float(bounds.size.width), float(bounds.size.height)
