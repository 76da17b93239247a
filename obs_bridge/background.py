"""A long command of ours that a button starts: a program of its own, heard line by line, which can be cancelled."""

from __future__ import annotations

import contextlib
import json
import subprocess
from typing import Any, Callable, Dict, Iterator, Optional, Sequence

from ezvtb_core.link import interpreters, locale, paths, threads
from ezvtb_core.link.messages import Notice, NoticeError


class Program:
    """One run of the command line in the background; what it writes are objects of JSON, one in a line."""

    def __init__(self, interpreter: str, arguments: Sequence[str]) -> None:
        """Start it. Raises OSError."""
        command = [interpreter, "-X", "utf8", str(paths.SCRIPT), *arguments, "--json"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=str(paths.ROOT),
            **interpreters.hidden(),
        )

    def answers(self) -> Iterator[Dict[str, Any]]:
        """What it says until it ends; lines that are no object are left out."""
        with self._process as process:
            assert process.stdout is not None
            for line in process.stdout:
                try:
                    said = json.loads(line)
                except ValueError:
                    continue
                if isinstance(said, dict):
                    yield said

    def cancel(self) -> None:
        """Ask it to end. Not terminate(): on Windows that would leave pip running."""
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(b"cancel\n")
                self._process.stdin.flush()

    def kill(self) -> None:
        """End it by force; for programs that start no others."""
        self._process.kill()


class Task:
    """A command with progress. A subclass says what it is called. `on_change()` comes from the task's thread."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._progress: Optional[Notice] = None
        self._fraction = 0.0
        self._program: Optional[Program] = None
        self._busy = False

    def starting(self) -> Notice:
        raise NotImplementedError

    def done(self) -> Notice:
        raise NotImplementedError

    def failed(self, detail: str) -> Notice:
        raise NotImplementedError

    def interpreter(self) -> str:
        """The Python to run it with. Raises NoticeError."""
        raise NotImplementedError

    def ended(self, well: bool) -> None:
        """On the task's thread, when it is over."""
        raise NotImplementedError

    def busy(self) -> bool:
        """True while it runs."""
        return self._busy

    def progress(self) -> Optional[Notice]:
        """What it said last, None when none ran."""
        return self._progress

    def percent(self) -> str:
        """How far it is."""
        return "%d" % round(self._fraction * 100)

    def start(self, *arguments: str) -> None:
        """Start the command; returns at once, does nothing while one runs."""
        if self._busy:
            return
        self._busy = True
        self._fraction = 0.0
        self._progress = self.starting()
        threads.start(lambda: self._work(arguments), arguments[0])

    def stop(self) -> None:
        """Cancel it; the next one goes on where it stopped."""
        program = self._program
        if program is not None:
            program.cancel()

    def _work(self, arguments: Sequence[str]) -> None:
        well = False
        try:
            self._program = Program(self.interpreter(), arguments)
            last: Dict[str, Any] = {}
            for last in self._program.answers():
                self._hear(last)
            well = bool(last.get("done"))
            if "error" in last:
                self._progress = Notice.from_json(last["error"])
            else:
                self._progress = self.done() if well else self.failed("")
        except NoticeError as error:
            self._progress = error.notice
        except OSError as error:
            self._progress = self.failed(str(error))
        finally:
            self._program = None
            self._busy = False
            self.ended(well)

    def _hear(self, said: Dict[str, Any]) -> None:
        if "code" not in said:
            return
        before = round(self._fraction * 20)
        with contextlib.suppress(TypeError, ValueError):
            self._fraction = min(1.0, max(0.0, float(said.get("fraction", self._fraction))))
        step = {"code": said.get("code"), "params": said.get("params")}
        self._progress = Notice("setup_progress", percent=self.percent(), step=step)
        if round(self._fraction * 20) != before:
            self._on_change()


class FaceModelDownload(Task):
    """The file that MediaPipe needs to find a face."""

    def __init__(self, on_change: Callable[[], None], arrived: Callable[[], None]) -> None:
        super().__init__(on_change)
        self._arrived = arrived

    def download(self) -> None:
        """Start it; returns at once, does nothing while it runs."""
        self.start("models", "download", "face_landmarker")

    def button_label(self, language: str) -> str:
        """Download, or how far it is."""
        if self._busy:
            return locale.text("face_model_downloading", language, percent=self.percent())
        return locale.text("face_model_download", language)

    def starting(self) -> Notice:
        return Notice("face_model_starting")

    def done(self) -> Notice:
        return Notice("face_model_done")

    def failed(self, detail: str) -> Notice:
        return Notice("face_model_failed", detail=detail)

    def interpreter(self) -> str:
        return interpreters.find_interpreter().path

    def ended(self, well: bool) -> None:
        if well:
            self._arrived()
        self._on_change()
