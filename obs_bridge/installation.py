"""Installing the engine's packages from inside OBS: a program of its own, watched by a thread."""

from __future__ import annotations

import subprocess
import sys
from typing import Callable, Optional

from ezvtb_core.link import environment, interpreters, locale, paths
from ezvtb_core.link.messages import Notice
from obs_bridge.background import Task


class Installation(Task):
    """State of the environment and its installation. Looking is cheap; `look` and the installation run on other threads.

    `on_change()` is called from those threads when the panel should be drawn again, `arrived()` when packages were added to an
    environment that engines use already.
    """

    def __init__(self, on_change: Callable[[], None], arrived: Callable[[], None]) -> None:
        super().__init__(on_change)
        self._arrived = arrived
        self._state: Optional[environment.State] = None
        self._added = False

    def look(self) -> None:
        """Look at the environment on disk."""
        self._state = environment.state()
        self._on_change()

    def needed(self) -> bool:
        """True when there is something to install, as far as `look` has seen."""
        return self._state is not None and not self._state.ready

    def notice(self) -> Optional[Notice]:
        """What the installer says, or what is wrong with the environment; None while nobody looked yet."""
        if self._progress is not None:
            return self._progress
        return None if self._state is None else self._state.notice

    def button_label(self, language: str) -> str:
        """Install, Repair, or how far the installation is."""
        if self._busy:
            return locale.text("setup_installing", language, percent=self.percent())
        missing = self._state is None or self._state.name == "missing"
        return locale.text("setup_install" if missing else "setup_repair", language)

    def webcam_label(self, language: str) -> str:
        """Install webcam tracking, or how far that is."""
        if self._busy:
            return locale.text("setup_installing", language, percent=self.percent())
        return locale.text("setup_install_webcam", language)

    def install(self, *extras: str) -> None:
        """Start the installation, with extras; returns at once, does nothing while one runs."""
        if not self._busy:
            self._added = bool(extras)
            self.start("install", *extras)

    def starting(self) -> Notice:
        return Notice("setup_starting")

    def done(self) -> Notice:
        return Notice("setup_extra_done" if self._added else "setup_done")

    def failed(self, detail: str) -> Notice:
        return Notice("setup_failed", detail=detail)

    def interpreter(self) -> str:
        return interpreters.find_interpreter().path

    def ended(self, well: bool) -> None:
        if well and self._added:
            self._arrived()
        self.look()


def open_folder() -> None:
    """Show the folder of EZVTuber in the system's file manager."""
    folder = str(paths.ROOT)
    if sys.platform == "win32":
        import os

        os.startfile(folder)  # noqa: S606 - a folder of ours, shown by the system's file manager
    else:
        subprocess.Popen(["open" if sys.platform == "darwin" else "xdg-open", folder], stdin=subprocess.DEVNULL)
