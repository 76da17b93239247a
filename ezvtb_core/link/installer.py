"""Makes the `.venv` beside the script: one installer for the command line, the tests and the panel in OBS.

Standard library only, Python 3.8+. What it leaves after a failure, a cancel or a power cut is repaired by the next run:
the stamp that makes an environment count as ready is written last, and pip's cache keeps what was downloaded.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterable, List

from ezvtb_core.link import environment, interpreters, paths, pip
from ezvtb_core.link.environment import BASE, STAMP, UNFINISHED
from ezvtb_core.link.install_lock import LOCK, locked
from ezvtb_core.link.interpreters import Interpreter, hidden
from ezvtb_core.link.messages import Notice, NoticeError

logger = logging.getLogger(__name__)

NEEDED_SPACE = 400 * 1024 * 1024
"""Free bytes asked for before a fresh installation: the base packages take about 230 MB and their downloads 60 MB."""
ATTEMPTS = 3
"""How often an installation that lost its connection half-way is taken up again."""
MODULES = {
    BASE: "numpy, onnxruntime, onnx, PIL, threadpoolctl, pythonosc",
    "webcam": "mediapipe, cv2",
    "video": "av",
    "window": "pygame",
    "test": "pytest, hypothesis",
    "art": "skia, onnx",
}
"""What must be importable afterwards."""

Progress = Callable[[str, float, Notice], None]
"""Called with the stage (`python`, `environment`, `packages`, `check`, `done`), the part done 0..1, and a sentence."""
Cancelled = Callable[[], bool]


class InstallError(NoticeError):
    """The environment could not be made; the sentence says what to do."""


class InstallCancelledError(InstallError):
    """The user stopped it; the next installation goes on from there."""


def install(
    extras: Iterable[str],
    progress: Progress,
    cancelled: Cancelled = lambda: False,
    root: Path = paths.ROOT,
    find: Callable[[], Interpreter] = interpreters.find_interpreter,
) -> None:
    """Make or repair the environment with the base packages and `extras`; returns at once when it is ready.

    Takes a minute on a fresh machine (about 60 MB of downloads). Raises InstallError, InstallCancelledError or
    InterpreterError. `cancelled` is asked several times a second.
    """
    needed = sorted(set(extras))
    for name in needed:
        if not environment.requirement_file(name, root).is_file():
            raise InstallError("install_extra_unknown", extra=name, known=", ".join(environment.extras(root)))
    if environment.state(needed, root).ready:
        progress("done", 1.0, Notice("install_done"))
        return
    try:
        with locked(root) as lock:
            # Another installer may have finished while we asked for the lock.
            if not environment.state(needed, root).ready:
                _Installation(root, progress, cancelled, find, lock).run(needed)
    except OSError as error:
        raise _from_os(error, root) from error
    progress("done", 1.0, Notice("install_done"))


class _Installation:
    def __init__(self, root: Path, progress: Progress, cancelled: Cancelled, find: Callable[[], Interpreter], lock: int) -> None:
        self.root = root
        self.folder = root / paths.VENV.name
        self.python = environment.python(root)
        self.progress = progress
        self.cancelled = cancelled
        self.find = find
        self.lock = lock

    def run(self, needed: List[str]) -> None:
        groups = [BASE, *sorted(set(needed) | set(environment.stamped(self.root)) - {BASE})]
        groups = [name for name in groups if environment.requirement_file(name, self.root).is_file()]
        kept = self._keep()
        self._fill(groups, fresh=not kept)
        detail = self._missing(groups)
        if detail and kept:
            # Packages that pip takes for installed do not work: an older interruption. Once more from nothing.
            logger.warning("the environment is damaged (%s): made anew", detail)
            self._fill(groups, fresh=True)
            detail = self._missing(groups)
        if detail:
            code = "install_runtime_missing" if "DLL load failed" in detail else "install_check_failed"
            raise InstallError(code, detail=detail)
        environment.write_stamp(groups, self.root)

    def _keep(self) -> bool:
        """True when what is there can be built upon: it starts, has its pip, and was not left in the middle of a write."""
        if (self.folder / UNFINISHED).exists() or not self.python.is_file():
            return False
        found = interpreters.probe(str(self.python))
        return found is not None and found.pip and found.usable

    def _fill(self, groups: List[str], fresh: bool) -> None:
        tool = self._create() if fresh else [str(self.python), "-I", "-m", "pip"]
        marker = self.folder / UNFINISHED
        marker.touch()
        command = pip.install_command(tool, [environment.requirement_file(name, self.root) for name in groups])
        for attempt in range(1, ATTEMPTS + 1):
            failure = pip.run(command, self._pip_progress, self.cancelled, self.folder, [self.lock])
            if failure is None or not failure.resumable or attempt == ATTEMPTS:
                break
            logger.warning("connection lost, attempt %d of %d", attempt + 1, ATTEMPTS)
        if failure is not None and failure.cancelled:
            raise InstallCancelledError("install_cancelled")
        # pip ended by itself, so whatever it did is whole.
        marker.unlink()
        if failure is not None:
            raise InstallError(failure.notice.code, **failure.notice.params)

    def _create(self) -> List[str]:
        """Make an empty environment and return the command that starts a pip for it."""
        self.progress("python", 0.01, Notice("install_finding_python"))
        base = self.find()
        free = shutil.disk_usage(str(self.root)).free
        if free < NEEDED_SPACE:
            raise InstallError("install_disk_full", folder=str(self.root), needed=NEEDED_SPACE >> 20, free=free >> 20)
        self._stop_if_cancelled()
        self.progress("environment", 0.03, Notice("install_creating", python=base.name))
        _empty(self.folder)
        command = [base.path, "-I", "-m", "venv", str(self.folder)]
        if base.ensurepip and not self._problem(command):
            return [str(self.python), "-I", "-m", "pip"]
        # Debian and Ubuntu split ensurepip off, or leave one that refuses to work.
        _empty(self.folder)
        problem = self._problem([*command, "--without-pip"])
        if problem:
            raise InstallError("install_environment_failed", detail=problem)
        return [*_foreign_pip(base), "--python", str(self.python)]

    def _problem(self, command: List[str]) -> str:
        """Run a command; why it failed, in its own last words, or empty."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, **hidden())
        self._stop_if_cancelled()
        output = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        return (output.splitlines()[-1] if output else "exit code %d" % done.returncode) if done.returncode else ""

    def _stop_if_cancelled(self) -> None:
        if self.cancelled():
            raise InstallCancelledError("install_cancelled")

    def _pip_progress(self, part: float, notice: Notice) -> None:
        self.progress("packages", 0.1 + 0.82 * part, notice)

    def _missing(self, groups: List[str]) -> str:
        """Why the packages cannot be imported in the new environment; empty when they can."""
        self.progress("check", 0.94, Notice("install_checking"))
        modules = ", ".join(MODULES[name] for name in groups if name in MODULES and _asks_for_something(name, self.root))
        if not modules:
            return ""
        command = [str(self.python), "-I", "-c", "import " + modules]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, **hidden())
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return (lines[-1] if lines else "exit code %d" % done.returncode) if done.returncode else ""


def _asks_for_something(name: str, root: Path) -> bool:
    lines = environment.requirement_file(name, root).read_text(encoding="utf-8").splitlines()
    return any(line.strip() and not line.strip().startswith("#") for line in lines)


def _foreign_pip(base: Interpreter) -> List[str]:
    """A pip of another Python that can install into an environment without one (needs pip 22.3). Raises InstallError."""
    others = [base] if base.pip else []
    for found in [*others, *(found for found in interpreters.working() if found.pip)]:
        version = pip.version([found.path, "-I", "-m", "pip"])
        if version >= (22, 3):
            return [found.path, "-I", "-m", "pip"]
    raise InstallError("install_venv_package", python=base.name)


def _empty(folder: Path) -> None:
    """Remove everything in `folder` but the lock that we hold. Raises OSError, for a file in use on Windows too."""
    for entry in folder.iterdir():
        if entry.name == LOCK:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(str(entry))
        else:
            entry.unlink()


def _from_os(error: OSError, root: Path) -> InstallError:
    if pip.is_disk_full(error):
        free = shutil.disk_usage(str(root)).free
        return InstallError("install_disk_full", folder=str(root), needed=NEEDED_SPACE >> 20, free=free >> 20)
    if isinstance(error, PermissionError) and os.access(str(root / paths.VENV.name / STAMP), os.R_OK):
        return InstallError("install_in_use", detail=str(error))
    if isinstance(error, PermissionError) or error.errno == 30:  # read-only file system
        return InstallError("install_no_permission", folder=str(root))
    return InstallError("install_system", detail=str(error))
