"""Installing the engine's packages from inside OBS: a program of its own, watched by the chores thread."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
from typing import Any, Callable, Dict, Optional

from ezvtb_core.link import environment, interpreters, locale, paths, threads
from ezvtb_core.link.messages import Notice, NoticeError

logger = logging.getLogger(__name__)


class Installation:
    """State of the environment and its installation. Looking is cheap; `look` and the installation run on other threads.

    `on_change()` is called from those threads when the panel should be drawn again.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._state: Optional[environment.State] = None
        self._progress: Optional[Notice] = None
        self._fraction = 0.0
        self._program: Optional[subprocess.Popen[bytes]] = None
        self._busy = False

    def look(self) -> None:
        """Look at the environment on disk."""
        self._state = environment.state()
        self._on_change()

    def needed(self) -> bool:
        """True when there is something to install, as far as `look` has seen."""
        return self._state is not None and not self._state.ready

    def busy(self) -> bool:
        """True while an installation runs."""
        return self._busy

    def notice(self) -> Optional[Notice]:
        """What the installer says, or what is wrong with the environment; None while nobody looked yet."""
        if self._progress is not None:
            return self._progress
        return None if self._state is None else self._state.notice

    def progress(self) -> Optional[Notice]:
        """What the installer said last, None when none ran."""
        return self._progress

    def button_label(self, language: str) -> str:
        """Install, Repair, or how far the installation is."""
        if self._busy:
            return locale.text("setup_installing", language, percent="%d" % round(self._fraction * 100))
        missing = self._state is None or self._state.name == "missing"
        return locale.text("setup_install" if missing else "setup_repair", language)

    def install(self) -> None:
        """Start the installation; returns at once, does nothing while one runs."""
        if self._busy:
            return
        self._busy = True
        self._fraction = 0.0
        self._progress = Notice("setup_starting")
        threads.start(self._install, "install")

    def stop(self) -> None:
        """Cancel a running installation; the next one goes on where it stopped."""
        program = self._program
        if program is not None and program.stdin is not None:
            # Not terminate(): on Windows that would leave pip running.
            with contextlib.suppress(OSError, ValueError):
                program.stdin.write(b"cancel\n")
                program.stdin.flush()

    def _install(self) -> None:
        try:
            self._progress = self._run()
        except NoticeError as error:
            self._progress = error.notice
        except OSError as error:
            self._progress = Notice("setup_failed", detail=str(error))
        finally:
            self._program = None
            self._busy = False
            self.look()

    def _run(self) -> Notice:
        interpreter = interpreters.find_interpreter()
        hidden = _no_window()
        command = [interpreter.path, "-X", "utf8", str(paths.SCRIPT), "install", "--json"]
        result = Notice("setup_failed", detail="")
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=str(paths.ROOT), **hidden
        ) as program:
            self._program = program
            assert program.stdout is not None
            for line in program.stdout:
                result = self._hear(line, result)
        return result

    def _hear(self, line: bytes, result: Notice) -> Notice:
        """One line of the installer: progress is shown, the last word is returned."""
        try:
            said = json.loads(line)
        except ValueError:
            return result
        if not isinstance(said, dict):
            return result
        if said.get("done"):
            return Notice("setup_done")
        if "error" in said:
            return Notice.from_json(said["error"])
        before = round(self._fraction * 20)
        self._fraction = float(said.get("fraction", self._fraction))
        step = {"code": said.get("code"), "params": said.get("params")}
        self._progress = Notice("setup_progress", percent=round(self._fraction * 100), step=step)
        if round(self._fraction * 20) != before:
            self._on_change()
        return result


def _no_window() -> Dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}


def open_folder() -> None:
    """Show the folder of EZVTuber in the system's file manager."""
    folder = str(paths.ROOT)
    if sys.platform == "win32":
        import os

        os.startfile(folder)  # noqa: S606 - a folder of ours, shown by the system's file manager
    else:
        subprocess.Popen(["open" if sys.platform == "darwin" else "xdg-open", folder], stdin=subprocess.DEVNULL)
