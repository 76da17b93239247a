from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ezvtb_core.commands import entry, obs, obs_program
from ezvtb_core.commands.obs import ObsError
from ezvtb_core.commands.obs_program import ObsProgram
from ezvtb_core.link import paths
from tests.xvfb import virtual_screen

CANVAS = (1280, 720)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for OBS: writes down what it was called with and runs for a moment. Returns its config folder."""
    path = tmp_path / "obs program"
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/called"\nexec sleep 3\n')
    path.chmod(0o755)
    found = ObsProgram(str(path), (str(path),), tmp_path / "obs-studio", (29, 1))
    monkeypatch.setattr(obs_program, "find", lambda _: found)
    monkeypatch.setattr(entry, "ensure", lambda *_: None)
    monkeypatch.setattr(obs, "STARTED_AFTER", 0.5)
    return found.config


@pytest.fixture
def screen(console):
    console.environ = {"DISPLAY": ":9"}
    return console


def test_collection_holds_script_scene_and_avatar() -> None:
    data = obs.collection("EZVTuber", CANVAS, "Scene", "Avatar")
    assert data["modules"]["scripts-tool"] == [{"path": paths.SCRIPT.as_posix(), "settings": {}}]
    avatar, scene = data["sources"]
    assert avatar["id"] == obs.SOURCE_KIND == "ezvtuber_avatar"
    assert scene["settings"]["items"][0]["name"] == avatar["name"]
    assert scene["settings"]["items"][0]["bounds"] == {"x": 1280.0, "y": 720.0}
    assert data["current_scene"] == scene["name"] == data["scene_order"][0]["name"]


@pytest.mark.needs("posix")
def test_first_start(program: Path, screen, tmp_path: Path) -> None:
    assert obs.run([], screen) == 0
    written = program / "basic" / "scenes" / "EZVTuber.json"
    assert json.loads(written.read_text(encoding="utf-8"))["name"] == "EZVTuber"
    assert (tmp_path / "called").read_text().splitlines() == ["--collection", "EZVTuber"]
    assert [file for file in program.rglob("*") if file.is_file()] == [written], "nothing else is touched"


@pytest.mark.needs("posix")
def test_an_existing_collection_is_used_as_it_is(program: Path, screen) -> None:
    scenes = program / "basic" / "scenes"
    scenes.mkdir(parents=True)
    mine = scenes / "Whatever.json"
    mine.write_text('{"name": "EZVTuber", "mine": true}')
    before = mine.stat().st_mtime_ns
    assert obs.run([], screen) == 0
    assert list(scenes.iterdir()) == [mine]
    assert mine.stat().st_mtime_ns == before
    assert "used as it is" in screen.err


@pytest.mark.needs("posix")
def test_a_name_of_ones_own(program: Path, screen, tmp_path: Path) -> None:
    assert obs.run(["--collection", "我的 直播/1"], screen) == 0
    written = program / "basic" / "scenes" / "我的_直播_1.json"
    assert json.loads(written.read_text(encoding="utf-8"))["name"] == "我的 直播/1"
    assert (tmp_path / "called").read_text().splitlines() == ["--collection", "我的 直播/1"]


def test_a_damaged_file_of_that_name_is_not_replaced(tmp_path: Path, console) -> None:
    file = tmp_path / "EZVTuber.json"
    file.write_text("{broken")
    assert obs.find_collection(tmp_path, "EZVTuber") == file
    (tmp_path / "list.json").write_text("[]")
    assert obs.find_collection(tmp_path, "Other") is None
    with pytest.raises(FileExistsError):
        obs.write_collection(tmp_path, "EZVTuber", CANVAS, console)


def test_missing_obs_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, console) -> None:
    monkeypatch.setattr(obs_program, "find", lambda _: None)
    with pytest.raises(ObsError, match=r"obsproject\.com/download"):
        obs.run([], console)


@pytest.mark.needs("linux")
def test_no_display(program: Path, console) -> None:
    with pytest.raises(ObsError, match="needs a display"):
        obs.run([], console)
    assert not program.exists()


@pytest.mark.needs("posix")
def test_an_obs_that_does_not_start(program: Path, screen, tmp_path: Path) -> None:
    (tmp_path / "obs program").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(ObsError, match="exit code 3"):
        obs.run([], screen)
    (tmp_path / "obs program").unlink()
    with pytest.raises(ObsError, match="did not start"):
        obs.run([], screen)


def test_a_folder_that_cannot_be_written(tmp_path: Path, program: Path, screen) -> None:
    (tmp_path / "obs-studio").write_text("a file where a folder should be")
    with pytest.raises(ObsError, match="cannot be written"):
        obs.run([], screen)


@pytest.mark.needs("posix")
def test_it_does_not_wait_for_obs(program: Path, screen) -> None:
    started = time.monotonic()
    obs.run([], screen)
    assert time.monotonic() - started < 2.5


def processes_of(config: Path) -> list[int]:
    """Processes that were started with this configuration folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"XDG_CONFIG_HOME={config}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def obs_runs_already() -> bool:
    """Ours would ask whether to start a second one, and nobody is there to answer."""
    return subprocess.run(["pgrep", "-x", "obs"], stdout=subprocess.DEVNULL).returncode == 0


@pytest.fixture
def real_screen(require) -> Iterator[str]:
    require("obs")
    if obs_runs_already():
        require("obs", "another OBS is running on this machine")
    with virtual_screen("1280x720x24") as name:
        yield name


@pytest.mark.obs
@pytest.mark.slow
def test_real_obs_shows_the_avatar(real_screen: str, tmp_path: Path) -> None:
    """A first start of OBS ever: our collection, our script, our source kind, a worker, and a clean end."""
    environ = {**os.environ, "DISPLAY": real_screen, "XDG_CONFIG_HOME": str(tmp_path), "LANG": "C"}
    done = subprocess.run([sys.executable, str(paths.SCRIPT), "obs"], env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    logs = tmp_path / "obs-studio" / "logs"

    def log() -> str:
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in logs.glob("*.txt"))

    try:
        ends = time.monotonic() + 60
        while "engine host process is ready" not in log() and time.monotonic() < ends:
            time.sleep(0.2)
        assert "Loaded python script: obs_ezvtuber.py" in log()
        assert "source: 'Avatar' (ezvtuber_avatar)" in log()
        assert "engine host process is ready" in log()
    finally:
        running = processes_of(tmp_path)
        for process in running:
            if Path("/proc", str(process), "comm").read_text().strip() == "obs":
                os.kill(process, signal.SIGINT)
        ends = time.monotonic() + 20
        while processes_of(tmp_path) and time.monotonic() < ends:
            time.sleep(0.1)
        for process in processes_of(tmp_path):
            os.kill(process, signal.SIGKILL)
    assert "Number of memory leaks: 0" in log()
