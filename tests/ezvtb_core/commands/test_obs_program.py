from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from ezvtb_core.commands import obs_program
from ezvtb_core.commands.obs_program import ObsProgram


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("OBS Studio - 29.0.2.1-1+b1 (linux)", (29, 0)),
        ("32.1.0", (32, 1)),
        ("OBS Studio - 31.0.0-rc1", (31, 0)),
        ("", None),
        ("no number", None),
    ],
)
def test_version(said: str, version: tuple[int, int] | None) -> None:
    assert obs_program._version(said) == version


@pytest.mark.parametrize(
    ("version", "python"),
    [
        ((28, 1), (3, 10)), ((29, 0), (3, 10)), ((29, 1), (3, 11)), ((30, 0), (3, 11)), ((30, 1), (3, 12)), ((32, 2), (3, 12)),
        (None, (3, 12)),
    ],
)  # fmt: skip
def test_newest_python_on_windows_and_macos(monkeypatch, version: tuple[int, int] | None, python: tuple[int, int]) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ObsProgram("obs", ("obs",), Path(), version).newest_python == python


def test_linux_takes_the_systems_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert ObsProgram("obs", ("obs",), Path(), (30, 0)).newest_python is None


@pytest.mark.needs("linux")
def test_program_and_config_on_linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "obs"
    program.write_text("#!/bin/sh\necho 'OBS Studio - 31.1.2 (linux)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = obs_program.find({"XDG_CONFIG_HOME": str(tmp_path / "config")})
    assert found == ObsProgram(str(program), (str(program),), tmp_path / "config" / "obs-studio", (31, 1))


@pytest.mark.needs("linux")
def test_flatpak(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    flatpak = tmp_path / "flatpak"
    flatpak.write_text("#!/bin/sh\necho 'Version: 30.2.3'\n")
    flatpak.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = obs_program.find({})
    assert found is not None
    assert found.command == (str(flatpak), "run", obs_program.FLATPAK)
    assert found.version == (30, 2)
    assert obs_program.FLATPAK in str(found.config)


@pytest.mark.needs("linux")
def test_nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert obs_program.find({}) is None


def test_windows_folders_and_portable_mode(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "obs-studio" / "bin" / "64bit" / "obs64.exe"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setattr(obs_program, "_output", lambda command: "32.0.1\r\n")
    environ = {"ProgramFiles": str(tmp_path), "APPDATA": str(tmp_path / "Roaming")}
    found = obs_program._windows(environ)
    assert found is not None
    assert (found.version, found.config) == ((32, 0), tmp_path / "Roaming" / "obs-studio")
    (tmp_path / "obs-studio" / "portable_mode.txt").touch()
    found = obs_program._windows(environ)
    assert found is not None
    assert found.config == tmp_path / "obs-studio" / "config" / "obs-studio"


def profile(config: Path, name: str, content: str) -> None:
    folder = config / "basic" / "profiles" / name
    folder.mkdir(parents=True)
    (folder / "basic.ini").write_text(content, encoding="utf-8-sig")


def test_canvas_of_the_profile_in_use(tmp_path: Path) -> None:
    assert obs_program.canvas(tmp_path) == obs_program.USUAL_CANVAS
    profile(tmp_path, "A", "[Video]\nBaseCX=2560\nBaseCY=1440\n")
    assert obs_program.canvas(tmp_path) == (2560, 1440)
    profile(tmp_path, "B", "[Video]\nBaseCX=1280\nBaseCY=720\n")
    for file, chosen, size in (("global.ini", "A", (2560, 1440)), ("user.ini", "B", (1280, 720))):
        (tmp_path / file).write_text(f"[Basic]\nProfileDir={chosen}\n", encoding="utf-8-sig")
        assert obs_program.canvas(tmp_path) == size


@pytest.mark.parametrize("content", ["", "no ini", "[Video]\nBaseCX=0\nBaseCY=720\n", "[Video]\nBaseCX=wide\nBaseCY=720\n"])
def test_a_damaged_profile_is_the_usual_canvas(tmp_path: Path, content: str) -> None:
    profile(tmp_path, "A", content)
    assert obs_program.canvas(tmp_path) == obs_program.USUAL_CANVAS


@pytest.mark.obs
def test_the_obs_of_this_machine() -> None:
    found = obs_program.find({})
    assert found is not None
    assert found.version is not None
    assert shutil.which("obs") == found.path
