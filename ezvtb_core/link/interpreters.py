"""Finding a Python that can run the engine. Standard library only, Python 3.8+: also used inside OBS.

Inside OBS `sys.executable` cannot be trusted: on Windows it is OBS itself, on Linux whatever `python3` comes first on PATH.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ezvtb_core.link.messages import NoticeError

OLDEST = (3, 10)
PREFERRED = ((3, 12), (3, 11), (3, 13), (3, 10), (3, 14))
"""Versions that have ready-made packages of everything, the best proven first. Newer ones are tried last."""
PROBE_LIMIT = 20.0
"""Seconds an interpreter may take to describe itself (a first start under a virus scanner is slow)."""
_PROBE = """
import importlib.util as u, json, platform, struct, sys
has = lambda name: u.find_spec(name) is not None
print(json.dumps({
    "version": list(sys.version_info[:3]), "executable": sys.executable, "kind": platform.python_implementation(),
    "bits": struct.calcsize("P") * 8, "free_threaded": "t" in getattr(sys, "abiflags", ""),
    "venv": has("venv"), "ensurepip": has("ensurepip"), "pip": has("pip"),
}))
"""


class InterpreterError(NoticeError):
    """No Python on this machine can run the engine; the sentence says what to install."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that was started and described itself."""

    path: str
    version: Tuple[int, int, int]
    ensurepip: bool
    """It can give a new environment its pip (Debian and Ubuntu split that off)."""
    pip: bool
    venv: bool
    regular: bool
    """CPython, 64 bit, with the GIL: what packages are made for."""

    @property
    def usable(self) -> bool:
        """True when it can make an environment for the engine."""
        return self.venv and self.regular and self.version >= OLDEST

    @property
    def name(self) -> str:
        """Version for people, `3.12.1`."""
        return "%d.%d.%d" % self.version


def find_interpreter() -> Interpreter:
    """The Python to make the environment with: this one where possible, else the best that is installed.

    Starts each candidate (up to a second each). Raises InterpreterError when none will do.
    """
    second_best: Optional[Interpreter] = None
    refused: List[str] = []
    for candidate in working():
        if candidate.usable and candidate.ensurepip:
            return candidate
        if candidate.usable and second_best is None:
            second_best = candidate
        elif not candidate.usable:
            refused.append(candidate.name)
    if second_best is not None:
        return second_best
    code = {"win32": "python_needed_windows", "darwin": "python_needed_mac"}.get(sys.platform, "python_needed_linux")
    raise InterpreterError(code, found=", ".join(dict.fromkeys(refused)) or "-", oldest="%d.%d" % OLDEST)


def working() -> Iterator[Interpreter]:
    """Every interpreter found that starts, each once, in the order of preference."""
    seen = set()
    for path in candidates():
        found = probe(path)
        if found is not None and found.path not in seen:
            seen.add(found.path)
            yield found


def probe(path: str) -> Optional[Interpreter]:
    """Start `path` and let it describe itself; None when it is no Python or does not work."""
    try:
        # -I: a PYTHONPATH or PYTHONHOME meant for another Python must not decide.
        done = subprocess.run(
            [path, "-I", "-c", _PROBE], stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_LIMIT, **hidden()
        )
        facts = json.loads(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
        major, minor, micro = facts["version"]
        regular = facts["kind"] == "CPython" and facts["bits"] == 64 and not facts["free_threaded"]
        return Interpreter(
            facts["executable"] or path, (major, minor, micro), facts["ensurepip"], facts["pip"], facts["venv"], regular
        )
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, IndexError, TypeError):
        return None


def hidden() -> Dict[str, Any]:
    """Arguments for subprocess that keep Windows from opening a console window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}


def candidates() -> Iterator[str]:
    """Paths worth trying, the best first; some may not exist or be the same."""
    base = Path(sys.base_prefix)
    version = "%d.%d" % sys.version_info[:2]
    if sys.platform == "win32":
        yield str(base / "python.exe")
    else:
        # A framework build on macOS and every build on Linux keep it here; a venv's own python leads to the same place.
        yield str(base / "bin" / ("python" + version))
        yield str(base / "bin" / "python3")
    if Path(sys.executable or "").name.lower().startswith("python"):
        yield sys.executable
    names = ["%d.%d" % wanted for wanted in PREFERRED]
    if sys.platform == "win32":
        yield from _windows(names)
    for name in ["python" + name for name in names] + ["python3", "python"]:
        found = shutil.which(name)
        # Without the Store's Python installed, its alias opens the Store instead of failing.
        if found and "WindowsApps" not in found:
            yield found
    if sys.platform != "win32":
        yield from _posix(names)


def _windows(names: List[str]) -> Iterator[str]:
    launcher = shutil.which("py")
    if launcher:
        for name in names:
            try:
                done = subprocess.run(
                    [launcher, "-" + name, "-I", "-c", "import sys; sys.stdout.buffer.write(sys.executable.encode('utf-8'))"],
                    stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_LIMIT, check=True, **hidden(),
                )  # fmt: skip
                yield done.stdout.decode("utf-8")
            except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
                continue
    homes = [Path.home() / "AppData" / "Local" / "Programs" / "Python", Path("C:/Program Files"), Path("C:/")]
    for name in names:
        for home in homes:
            yield str(home / ("Python" + name.replace(".", "")) / "python.exe")


def _posix(names: List[str]) -> Iterator[str]:
    home = Path.home()
    managed = ((home / ".pyenv/versions", "%s.*/bin/python"), (home / ".local/share/uv/python", "cpython-%s.*/bin/python3"))
    for name in names:
        yield "/opt/homebrew/bin/python" + name
        yield "/usr/local/bin/python" + name
        yield "/Library/Frameworks/Python.framework/Versions/%s/bin/python%s" % (name, name)
        yield "/usr/bin/python" + name
        for folder, pattern in managed:
            yield from (str(found) for found in sorted(folder.glob(pattern % name), reverse=True))
