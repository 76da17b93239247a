"""Where OBS Studio is on this machine, which version it is, and which Python it takes. Standard library only, Python 3.8+.

Looks, never writes.
"""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ezvtb_core.link.interpreters import hidden

FLATPAK = "com.obsproject.Studio"
OLDEST = (28, 0)
NEWEST_PYTHON = (((30, 1), (3, 12)), ((29, 1), (3, 11)), ((0, 0), (3, 10)))
"""From which OBS on which Python is the newest that the Windows and macOS builds load (PY_MINOR_VERSION_MAX)."""

USUAL_CANVAS = (1920, 1080)


@dataclass(frozen=True)
class ObsProgram:
    """An installed OBS."""

    path: str
    command: tuple[str, ...]
    """What starts it."""
    config: Path
    """Its folder of settings and scene collections; may not exist before its first start."""
    version: tuple[int, int] | None
    """None when it does not say."""

    @property
    def name(self) -> str:
        """Version for people."""
        return "{}.{}".format(*self.version) if self.version else "?"

    @property
    def newest_python(self) -> tuple[int, int] | None:
        """Newest Python it loads; None on Linux, where it comes linked to the system's own."""
        if sys.platform.startswith("linux"):
            return None
        return next(python for start, python in NEWEST_PYTHON if (self.version or (99, 0)) >= start)


def find(environ: Mapping[str, str]) -> ObsProgram | None:
    """The OBS of this machine, or None."""
    if sys.platform == "win32":
        return _windows(environ)
    if sys.platform == "darwin":
        return _mac()
    return _linux(environ)


def canvas(config: Path) -> tuple[int, int]:
    """Width and height of the canvas in the profile that OBS used last; USUAL_CANVAS where that is not known yet."""
    chosen = ""
    for name in ("user.ini", "global.ini"):
        chosen = chosen or _ini(config / name).get("Basic", "ProfileDir", fallback="")
    found = sorted((config / "basic" / "profiles").glob("*/basic.ini"), key=lambda file: (file.parent.name == chosen, file.name))
    if found:
        video = _ini(found[-1])
        width, height = (video.get("Video", key, fallback="") for key in ("BaseCX", "BaseCY"))
        if width.isdigit() and height.isdigit() and int(width) and int(height):
            return int(width), int(height)
    return USUAL_CANVAS


def _ini(file: Path) -> configparser.ConfigParser:
    """OBS's settings file; empty when it is not there or not readable."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, configparser.Error):
        parser.clear()
    return parser


def _linux(environ: Mapping[str, str]) -> ObsProgram | None:
    home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = shutil.which("obs")
    if path:
        return ObsProgram(path, (path,), home / "obs-studio", _version(_output([path, "--version"])))
    flatpak = shutil.which("flatpak")
    if flatpak:
        facts = _output([flatpak, "info", FLATPAK])
        if facts:
            config = Path.home() / ".var" / "app" / FLATPAK / "config" / "obs-studio"
            return ObsProgram(FLATPAK, (flatpak, "run", FLATPAK), config, _version(facts))
    return None


def _windows(environ: Mapping[str, str]) -> ObsProgram | None:
    for folder in _windows_folders(environ):
        path = folder / "bin" / "64bit" / "obs64.exe"
        if path.is_file():
            portable = any((folder / name).exists() for name in ("portable_mode.txt", "obs_portable_mode.txt"))
            home = folder / "config" if portable else Path(environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
            # The program has no console to say its version to.
            quoted = str(path).replace("'", "''")
            said = _output(["powershell", "-NoProfile", "-Command", f"(Get-Item '{quoted}').VersionInfo.ProductVersion"])
            return ObsProgram(str(path), (str(path),), home / "obs-studio", _version(said))
    return None


def _windows_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    if sys.platform == "win32":
        import winreg

        for hive in (winreg.HKEY_LOCAL_MACHINE, winreg.HKEY_CURRENT_USER):
            try:
                yield Path(winreg.QueryValue(hive, r"SOFTWARE\OBS Studio"))
            except OSError:
                continue
    for name in ("ProgramFiles", "ProgramW6432"):
        if environ.get(name):
            yield Path(environ[name]) / "obs-studio"
    if environ.get("ProgramFiles(x86)"):
        yield Path(environ["ProgramFiles(x86)"]) / "Steam" / "steamapps" / "common" / "OBS Studio"


def _mac() -> ObsProgram | None:
    for application in (Path("/Applications/OBS.app"), Path.home() / "Applications" / "OBS.app"):
        path = application / "Contents" / "MacOS" / "OBS"
        if path.is_file():
            try:
                facts = plistlib.loads((application / "Contents" / "Info.plist").read_bytes())
                said = str(facts.get("CFBundleShortVersionString", ""))
            except (OSError, ValueError):
                said = ""
            config = Path.home() / "Library" / "Application Support" / "obs-studio"
            return ObsProgram(str(application), (str(path),), config, _version(said))
    return None


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, cwd=os.sep, **hidden())
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _version(text: str) -> tuple[int, int] | None:
    found = re.search(r"(?<![\d.])(\d+)\.(\d+)(?:\.\d+)?", text)
    return (int(found.group(1)), int(found.group(2))) if found else None
