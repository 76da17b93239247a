"""The live window: the character before a checkerboard. ESC or closing it ends, R makes the current head position the centre."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ezvtb_core.commands.console import Console
from ezvtb_core.engine import Engine
from ezvtb_core.frames import Pixels
from ezvtb_core.link.messages import NoticeError

SQUARE = 16
LIGHT, DARK = 205, 175
REFRESH = 120
"""Looks per second for a new frame."""
TITLE_EVERY = 0.5
BLIND_DRIVERS = ("dummy", "offscreen")
"""What SDL falls back to when the display cannot be reached: it draws, and nobody sees it."""


def has_display(environ: Mapping[str, str]) -> bool:
    """True when a window can be expected to open."""
    return sys.platform in ("win32", "darwin") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def checkerboard(width: int, height: int) -> Pixels:
    """BGRA (height, width, 4), opaque: what transparency is seen by."""
    rows, columns = np.mgrid[:height, :width] // SQUARE
    grey = np.where((rows + columns) % 2, DARK, LIGHT).astype(np.uint8)
    return np.dstack([grey, grey, grey, np.full_like(grey, 255)])


def before(board: Pixels, frame: Pixels) -> Pixels:
    """`frame`, premultiplied BGRA, before an opaque board of the same size."""
    clear = 255 - frame[..., 3:].astype(np.uint16)
    shown: Pixels = (frame + (board * clear + 127) // 255).astype(np.uint8)
    return shown


class WindowError(NoticeError):
    """There can be no window here."""


class Window:
    """A window of the frames' size. Used by one thread. Raises WindowError when the display cannot be reached."""

    def __init__(self, size: tuple[int, int], console: Console) -> None:
        # pygame greets on stdout, which belongs to the result.
        with contextlib.redirect_stdout(io.StringIO()):
            import pygame

        self._pygame: Any = pygame
        self._console = console
        try:
            pygame.display.init()
            if pygame.display.get_driver() in BLIND_DRIVERS:
                raise WindowError("window_no_display")
            self._screen = pygame.display.set_mode(size)
        except pygame.error as error:
            raise WindowError("window_failed", detail=str(error)) from error
        pygame.display.set_caption("EZVTuber")
        self._board = checkerboard(*size)
        self._title_due = 0.0

    def run(self, engine: Engine, newest: Callable[[], Pixels | None], seconds: float | None) -> None:
        """Show what `newest` gives until the window is closed, or for `seconds`."""
        self._console.tell("window_keys")
        clock = self._pygame.time.Clock()
        ends = None if seconds is None else time.monotonic() + seconds
        shown: Pixels | None = None
        while self._goes_on(engine) and (ends is None or time.monotonic() < ends):
            frame = newest()
            if frame is not None and frame is not shown:
                shown = frame
                self._draw(frame)
            self._title(engine)
            clock.tick(REFRESH)

    def close(self) -> None:
        """Close the window."""
        self._pygame.display.quit()

    def _draw(self, frame: Pixels) -> None:
        height, width = frame.shape[:2]
        picture = self._pygame.image.frombuffer(before(self._board, frame).tobytes(), (width, height), "BGRA")
        self._screen.blit(picture, (0, 0))
        self._pygame.display.flip()

    def _goes_on(self, engine: Engine) -> bool:
        pygame = self._pygame
        for event in pygame.event.get():
            if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
                return False
            if event.type == pygame.KEYDOWN and event.key == pygame.K_r:
                engine.act("recentre")
        return True

    def _title(self, engine: Engine) -> None:
        now = time.monotonic()
        if now >= self._title_due:
            self._title_due = now + TITLE_EVERY
            status = engine.status()
            text = self._console.text(status.notice.code, **status.notice.params)
            self._pygame.display.set_caption(f"EZVTuber — {status.fps:.0f} fps — {text}")
