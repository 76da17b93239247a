"""Starts OpenSeeFace from the user's folder, keeps it running, and says in words why it does not run.

Facts about the program are from its facetracker.py and input_reader.py (github.com/emilianavt/OpenSeeFace).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from ezvtb_core.link import environment, paths, threads
from ezvtb_core.link.interpreters import hidden
from ezvtb_core.link.messages import Notice, NoticeError
from trackers import openseeface_keeper

KEEPER = Path(openseeface_keeper.__file__)
FRAME_RATE = ("-F", "30")
"""24 without it. The program knows it on Windows only, unless it is new: left out once it is refused."""
WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before it is started again, by how often it ended in a row."""
SOUND_SECONDS = 20.0
"""Having run this long, it worked: its end is the first in a row."""
SETTLED_SECONDS = 5.0
"""Until it has run this long after a restart, the reason of its last end is still shown."""
END_SECONDS = 0.7
LONGEST_LINE = 4096
"""Bytes of its output that are kept of one line."""
_ENVIRONMENTS = ("venv", ".venv", "env")
_MODULE = re.compile(r"No module named '([\w.]+)'")


class OpenSeeFaceError(NoticeError):
    """OpenSeeFace cannot be started; the sentence says what is missing."""


class OpenSeeFaceProcess:
    """One tracker's hold on a running OpenSeeFace that sends to `port` of this computer.

    Trackers of this process that want the same one share it, so that two avatars can follow two faces of one camera.
    """

    _running: ClassVar[dict[tuple[str, int, int], tuple[_Runner, int]]] = {}
    """(folder, camera, port) → the program and how many hold it."""
    _registry: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, folder: str, camera: int, port: int) -> None:
        self._key = (folder, camera, port)
        self._runner: _Runner | None = None

    def start(self) -> None:
        """Begin to run it; returns at once and never raises. Trouble shows in `notice`."""
        with self._registry:
            if self._runner is None:
                runner, holders = self._running.get(self._key) or (_Runner(*self._key), 0)
                self._running[self._key] = (runner, holders + 1)
                self._runner = runner

    def stop(self) -> None:
        """End it, within 1 s, unless another tracker holds it too. May be called more than once."""
        # Ended under the lock, so that a successor finds the camera free.
        with self._registry:
            runner, self._runner = self._runner, None
            if runner is None:
                return
            holders = self._running[self._key][1] - 1
            if holders:
                self._running[self._key] = (runner, holders)
            else:
                del self._running[self._key]
                runner.stop()

    def notice(self) -> Notice | None:
        """Why it does not run or sends nothing; None while nothing is known to be wrong."""
        runner = self._runner
        return None if runner is None else runner.notice()


class _Runner:
    """The program itself, on a thread that starts it again whenever it ends."""

    def __init__(self, folder: str, camera: int, port: int) -> None:
        self._folder = paths.ROOT / Path(folder).expanduser()
        self._camera, self._port = camera, port
        self._extra: tuple[str, ...] = FRAME_RATE
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = time.monotonic()
        self._said: deque[str] = deque(maxlen=60)
        self._problem: Notice | None = None
        self._thread = threads.start(self._run, "openseeface-process")

    def stop(self) -> None:
        self._ending.set()
        self._let_go()
        self._thread.join(END_SECONDS)
        self._kill()

    def notice(self) -> Notice | None:
        if self._process is None or time.monotonic() - self._begun < SETTLED_SECONDS:
            return self._problem
        # It runs on while every picture fails.
        return explain(tuple(self._said), str(self._folder))

    def _run(self) -> None:
        failures = 0
        while not self._ending.is_set():
            self._begun = time.monotonic()
            try:
                self._problem = self._why(self._once(command(self._folder, self._camera, self._port, self._extra)))
            except OpenSeeFaceError as error:
                self._problem = error.notice
            except OSError as error:
                self._problem = Notice("openseeface_ended", detail=error.strerror or str(error))
            if self._problem is None:
                continue
            failures = 1 if time.monotonic() - self._begun >= SOUND_SECONDS else failures + 1
            self._ending.wait(WAITS[min(failures, len(WAITS)) - 1])

    def _once(self, wanted: Sequence[str]) -> int:
        """Run it to its end; the exit code. Raises OSError when it cannot be started."""
        self._said.clear()
        process = subprocess.Popen(
            [keeper_python(), "-I", str(KEEPER), *wanted],
            # It looks for its models beside itself.
            cwd=Path(wanted[1] if wanted[1].endswith(".py") else wanted[0]).parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=sys.platform != "win32",
            **hidden(),
        )
        self._process = process
        if self._ending.is_set():  # stopped while it was being started
            self._let_go()
        assert process.stdout is not None
        with process.stdout as pipe:
            for line in iter(lambda: pipe.readline(LONGEST_LINE), b""):
                self._said.append(line.decode("utf-8", "replace").rstrip())
        code = process.wait()
        self._let_go()
        self._process = None
        return code

    def _why(self, code: int) -> Notice | None:
        """Why it ended; None when it is to be started again at once, differently."""
        said = tuple(self._said)
        if code == 2 and self._extra and any("unrecognized arguments" in line for line in said):
            self._extra = ()
            return None
        last = next((line.strip() for line in reversed(said) if line.strip()), f"exit code {code}")
        return explain(said, str(self._folder)) or Notice("openseeface_ended", detail=last[:200])

    def _let_go(self) -> None:
        """Close the keeper's stdin: it ends the program."""
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()

    def _kill(self) -> None:
        """What the keeper did not end in time."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if sys.platform == "win32":
            subprocess.Popen(["taskkill", "/F", "/T", "/PID", str(process.pid)], stdin=subprocess.DEVNULL, **hidden())
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def command(folder: Path, camera: int, port: int, extra: Sequence[str] = FRAME_RATE) -> list[str]:
    """The program in the user's folder with its arguments. Raises OpenSeeFaceError where there is none."""
    arguments = ["-s", "1", "-c", str(camera), "-i", "127.0.0.1", "-p", str(port), "--model", "3", *extra]
    if sys.platform == "win32":
        for program in (folder / "facetracker.exe", folder / "Binary" / "facetracker.exe"):
            if program.is_file():
                return [str(program), *arguments]
    script = folder / "facetracker.py"
    if script.is_file():
        return [_python(folder), str(script), *arguments]
    if not folder.is_dir():
        raise OpenSeeFaceError("openseeface_no_folder", folder=str(folder))
    raise OpenSeeFaceError("openseeface_no_program", folder=str(folder))


def _python(folder: Path) -> str:
    """The Python that runs facetracker.py: of an environment inside the folder, else the system's."""
    inside = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    for name in _ENVIRONMENTS:
        python = folder.joinpath(name, *inside)
        if python.is_file():
            return str(python)
    for name in ("py", "python") if sys.platform == "win32" else ("python3", "python"):
        found = shutil.which(name)
        # Without the Store's Python installed, its alias opens the Store instead of failing.
        if found and "WindowsApps" not in found:
            return found
    raise OpenSeeFaceError("openseeface_no_python", folder=str(folder))


def keeper_python() -> str:
    """A Python that is certainly one: inside OBS `sys.executable` may be OBS itself."""
    own = environment.python()
    if own.is_file():
        return str(own)
    return sys.executable


def explain(lines: Sequence[str], folder: str) -> Notice | None:
    """What the program's last words mean; None where they are not known."""
    text = "\n".join(lines)
    if "in estimate_depth" in text and "not aligned" in text:
        return Notice("openseeface_opencv", folder=folder)
    missing = _MODULE.search(text)
    if missing:
        return Notice("openseeface_module", module=missing.group(1).partition(".")[0], folder=folder)
    if "There was no valid input" in text or "Failed to reinitialize camera" in text:
        return Notice("openseeface_camera")
    if "NO_SUCHFILE" in text or "NoSuchFile" in text:
        return Notice("openseeface_incomplete", folder=folder)
    return None
