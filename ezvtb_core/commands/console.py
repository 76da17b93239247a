"""The one place where commands talk to people: sentences and a progress bar on stderr, results on stdout.

Standard library only, Python 3.8+.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from ezvtb_core.link.locale import choose, say, text
from ezvtb_core.link.messages import Notice, NoticeError

BAR = 24
"""Width of the progress bar in characters."""
REFRESH = 0.1
"""Seconds between two drawings of the bar in a terminal."""
LINE_EVERY = 0.2
"""Part of the work between two progress lines where stderr is not a terminal."""
_COUNTS = re.compile(r"\d+")


class UsageError(NoticeError):
    """The command line itself is wrong: exit code 2."""


class Console:
    """What a command knows about its surroundings: the language, the environment variables, and where to write."""

    def __init__(
        self,
        environ: Mapping[str, str],
        out: IO[str] | None = None,
        err: IO[str] | None = None,
        locale: str | None = None,
    ) -> None:
        self.environ = environ
        self.locale = locale or system_locale(environ)
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._terminal = bool(getattr(self._err, "isatty", lambda: False)())
        self._bar = False
        self._drawn = 0.0
        self._said = ""
        self._part = 0.0
        for stream in (self._out, self._err):
            # A Windows console or pipe in an old code page must not turn a sentence into a traceback.
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="replace")

    def text(self, code: str, **params: object) -> str:
        """The sentence `code` in the user's language."""
        return text(code, self.locale, **params)

    def say(self, notice: Notice) -> None:
        """A sentence on stderr."""
        self.error_line(say(notice, self.locale))

    def tell(self, code: str, **params: object) -> None:
        """`say` for a sentence by its code."""
        self.error_line(self.text(code, **params))

    def error_line(self, line: str) -> None:
        """A line on stderr that is a sentence already."""
        self.end_progress()
        self._write(self._err, line + "\n")

    def line(self, line: str = "") -> None:
        """A line of the result on stdout."""
        self.end_progress()
        self._write(self._out, line + "\n")

    def result(self, data: Mapping[str, Any]) -> None:
        """One JSON object on a line of stdout."""
        self.end_progress()
        self._write(self._out, json.dumps(data) + "\n")

    def progress(self, part: float, line: str) -> None:
        """Show that `part` (0..1) is done: a bar in a terminal, a line now and then elsewhere."""
        now = time.monotonic()
        percent = f"{round(100 * min(max(part, 0.0), 1.0)):3d}%"
        if self._terminal:
            if now - self._drawn < REFRESH and part < 1.0:
                return
            filled = round(BAR * min(max(part, 0.0), 1.0))
            width = shutil.get_terminal_size().columns - 1
            shown = f"{'█' * filled}{'░' * (BAR - filled)} {percent} {line}"
            self._write(self._err, "\r\x1b[K" + shown[:width])
            self._bar = True
            self._drawn = now
        elif _COUNTS.sub("", line) != self._said or abs(part - self._part) >= LINE_EVERY:
            # Mere counting on is not worth a line of a log.
            self._said, self._part = _COUNTS.sub("", line), part
            self._write(self._err, f"{percent} {line}\n")

    def end_progress(self) -> None:
        """Leave the bar's line, so that what follows starts on its own."""
        if self._bar:
            self._bar = False
            self._write(self._err, "\n")

    @staticmethod
    def _write(stream: IO[str], line: str) -> None:
        try:
            stream.write(line)
            stream.flush()
        except BrokenPipeError:
            # The reader has gone (`demo | head`): whatever else we write goes nowhere, the work itself goes on.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Parser(argparse.ArgumentParser):
    """argparse that raises a sentence instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError("cli_usage", command=self.prog, detail=message)


def system_locale(environ: Mapping[str, str]) -> str:
    """Our locale for the system's language, from the variables POSIX defines, else from the operating system."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return choose(environ[name])
    import locale

    try:
        found = locale.getlocale()[0] or ""
    except ValueError:
        found = ""
    # Windows says the language by its English name.
    return choose("zh-CN" if found.startswith("Chinese") else found)
