"""The `.venv` beside the script: is it there, complete and as the requirement files ask. Standard library only, Python 3.8+.

Looking never starts a process and never writes, so the panel may ask often. `installer.py` makes the environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple

from ezvtb_core.link import paths
from ezvtb_core.link.interpreters import find_interpreter
from ezvtb_core.link.messages import Notice

__all__ = [
    "BASE",
    "State",
    "extras",
    "find_interpreter",
    "fingerprint",
    "is_current",
    "python",
    "site_packages",
    "stamped",
    "state",
]

BASE = "base"
"""The requirement file that every start needs; the others are extras, installed when a command asks for them."""
STAMP = "ezvtuber.json"
"""Written into the environment last: what was installed, as a hash per requirement file."""
UNFINISHED = "ezvtuber-unfinished"
"""Lies in the environment while packages are being written; found at a start, the environment is made anew."""


@dataclass(frozen=True)
class State:
    """What is known about the environment."""

    name: str
    """`ready`, `missing`, `incomplete` (an installation was interrupted) or `outdated` (the requirement files changed)."""
    notice: Notice

    @property
    def ready(self) -> bool:
        """True when a worker can be started in it."""
        return self.name == "ready"


def python(root: Path = paths.ROOT) -> Path:
    """Where the environment's interpreter is, whether it exists or not."""
    folder = root / paths.VENV.name
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def is_current(root: Path = paths.ROOT) -> bool:
    """True when this very process runs in the environment."""
    try:
        return os.path.samefile(sys.prefix, str(root / paths.VENV.name))
    except OSError:
        return False


def state(needed: Iterable[str] = (), root: Path = paths.ROOT) -> State:
    """Whether the environment holds the base packages and the extras in `needed`. Never raises."""
    folder = root / paths.VENV.name
    if not folder.is_dir():
        return State("missing", Notice("environment_missing"))
    if not _starts(folder, root) or (folder / UNFINISHED).exists():
        return State("incomplete", Notice("environment_incomplete"))
    found = stamped(root)
    if BASE not in found:
        return State("incomplete", Notice("environment_incomplete"))
    for name in (BASE, *needed):
        if name not in found:
            return State("outdated", Notice("environment_extra_missing", extra=name))
        if found[name] != fingerprint(name, root):
            return State("outdated", Notice("environment_outdated"))
    return State("ready", Notice("environment_ready", python=_settings(folder).get("version", "?")))


def extras(root: Path = paths.ROOT) -> List[str]:
    """Names of the requirement files but the base one, sorted."""
    return sorted(file.stem for file in (root / "requirements").glob("*.txt") if file.stem != BASE)


def requirement_file(name: str, root: Path = paths.ROOT) -> Path:
    """The pip requirement file of `base` or an extra."""
    return root / "requirements" / (name + ".txt")


def fingerprint(name: str, root: Path = paths.ROOT) -> str:
    """SHA-256 of what a requirement file asks for; comments and line ends do not count. Empty when there is no such file."""
    try:
        text = requirement_file(name, root).read_text(encoding="utf-8")
    except OSError:
        return ""
    lines = [line.split(" #")[0].strip() for line in text.splitlines()]
    wanted = "\n".join(line for line in lines if line and not line.startswith("#"))
    return hashlib.sha256(wanted.encode("utf-8")).hexdigest()


def stamped(root: Path = paths.ROOT) -> Dict[str, str]:
    """What the last complete installation installed: requirement file → fingerprint. Empty when there was none."""
    try:
        data = json.loads((root / paths.VENV.name / STAMP).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in data["installed"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_stamp(installed: Iterable[str], root: Path = paths.ROOT) -> None:
    """Note that these requirement files are installed as they are now. Raises OSError."""
    target = root / paths.VENV.name / STAMP
    content: Dict[str, Any] = {"installed": {name: fingerprint(name, root) for name in sorted(installed)}}
    fresh = target.with_name(STAMP + ".new")
    fresh.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(str(fresh), str(target))


def site_packages(root: Path = paths.ROOT) -> Optional[Tuple[str, str]]:
    """Folder of the environment's packages and its Python version (`3.11`); None when there is no environment."""
    folder = root / paths.VENV.name
    version = ".".join(_settings(folder).get("version", "").split(".")[:2])
    if not version:
        return None
    library = folder / "Lib" if sys.platform == "win32" else folder / "lib" / ("python" + version)
    packages = library / "site-packages"
    return (str(packages), version) if packages.is_dir() else None


def _starts(folder: Path, root: Path) -> bool:
    """False when the interpreter is gone, ours or the one that the environment was made with (uninstalled, upgraded)."""
    home = _settings(folder).get("home", "")
    return bool(home) and os.path.isdir(home) and python(root).is_file()


def _settings(folder: Path) -> Dict[str, str]:
    """pyvenv.cfg as a dictionary; `version` is `version_info` where another tool made the environment. Empty when unreadable."""
    try:
        text = (folder / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = [line.partition("=") for line in text.splitlines() if "=" in line]
    found = {key.strip().lower(): value.strip() for key, _, value in pairs}
    if "version_info" in found:
        found.setdefault("version", found["version_info"])
    return found
