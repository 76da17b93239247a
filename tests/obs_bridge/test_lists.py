"""The panel's lists of sources, cameras, microphones and recordings."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ezvtb_core.link import paths
from ezvtb_core.link.settings import Settings
from obs_bridge import libobs as c
from obs_bridge import lists
from obs_bridge.chores import Chores
from obs_bridge.lists import Lists, entries
from obs_bridge.registration import KIND
from tests.peers import wait_until

SEEING = Settings(tracker="webcam")
HEARING = Settings(mouth_sound="obs")


class Library:
    """Some sources of OBS: name, kind, type, flags."""

    def __init__(self) -> None:
        self.sources: list[tuple[bytes | None, bytes, int, int]] = [
            (b"Microphone", b"pulse", 0, c.OBS_SOURCE_AUDIO),
            ("摄像头".encode(), b"v4l2", 0, c.OBS_SOURCE_VIDEO),
            (b"Clip", b"ffmpeg_source", 0, c.OBS_SOURCE_AUDIO | c.OBS_SOURCE_VIDEO),
            (b"Avatar", KIND, 0, c.OBS_SOURCE_VIDEO),
            (b"Group", b"group", 3, c.OBS_SOURCE_VIDEO),
            (None, b"broken", 0, 3),
        ]

    def obs_enum_sources(self, callback: Any, _: None) -> None:
        for number in range(len(self.sources)):
            assert callback(None, number + 1)

    def __getattr__(self, name: str) -> Any:
        fields = ("obs_source_get_name", "obs_source_get_id", "obs_source_get_type", "obs_source_get_output_flags")
        return lambda source: self.sources[source - 1][fields.index(name)]


@pytest.fixture
def chores():
    made = Chores()
    yield made
    made.stop(2.0)


@pytest.fixture
def library():
    return Library()


@pytest.fixture
def found(chores, library, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CLIPS", tmp_path / "clips")
    return Lists(SimpleNamespace(libobs=library), chores)  # type: ignore[arg-type]


def look(found: Lists, settings: Settings) -> int:
    """Have them looked for once more and wait for it; how often a change was told."""
    told, done = [], threading.Event()
    found.seek(settings, lambda: told.append(1))
    found._chores.later(done.set)
    assert done.wait(5)
    return len(told)


def test_sources_are_offered_by_what_they_can_do_and_changes_are_told_once(found, library):
    assert look(found, HEARING) == 1
    assert look(found, HEARING) == 0
    listed = found.entries(HEARING, "en-US")
    assert listed["sound_source"] == [("", "None"), ("Clip", "Clip"), ("Microphone", "Microphone")]
    assert listed["camera_source"] == [("", "None"), ("Clip", "Clip"), ("摄像头", "摄像头")]
    del library.sources[0]
    assert look(found, HEARING) == 1
    chosen = found.entries(Settings(mouth_sound="obs", sound_source="Microphone"), "en-US")["sound_source"]
    assert ("Microphone", "Microphone (not found)") in chosen


def test_sources_are_not_enumerated_for_panels_that_do_not_list_them(found):
    assert look(found, Settings()) == 0
    assert found.entries(Settings(), "en-US")["sound_source"] == [("", "None")]


def test_before_the_first_look_nothing_is_called_gone():
    assert entries("clip", None, "mine", "en-US") == [("", "The newest"), ("mine", "mine")]
    assert entries("clip", [], "mine", "zh-CN")[1] == ("mine", "mine（未找到）")
    assert entries("camera", ["A", "A", "B"], "B", "en-US") == [("", "The first one"), ("A", "A"), ("B", "B")]


def test_recordings_are_listed_the_newest_first(found):
    assert look(found, Settings(tracker="clip")) == 1
    assert found.entries(Settings(tracker="clip"), "en-US")["clip"] == [("", "The newest")]
    paths.CLIPS.mkdir()
    for age, name in enumerate(["new", "old 旧"]):
        file = paths.CLIPS / f"{name}.npz"
        file.touch()
        os.utime(file, (1e9 - age, 1e9 - age))
    (paths.CLIPS / "half.npz.part").touch()
    assert look(found, Settings(tracker="clip")) == 1
    assert [value for value, _ in found.entries(Settings(), "en-US")["clip"]] == ["", "new", "old 旧"]


@pytest.fixture
def devices(tmp_path, monkeypatch):
    """Puts a program in the place of the command `devices`; counts its runs."""
    runs = tmp_path / "runs"
    runs.touch()

    def write(answer: str) -> Path:
        script = tmp_path / "program.py"
        script.write_text(
            f"import sys\nopen({str(runs)!r}, 'a').write('x')\nassert sys.argv[1:] == ['devices', '--json']\n{answer}"
        )
        monkeypatch.setattr(paths, "SCRIPT", script)
        monkeypatch.setattr(lists.environment, "python", lambda: Path(sys.executable))
        return runs

    return write


def test_devices_are_asked_for_once_and_again_on_demand(found, devices):
    runs = devices("""print('{"cameras": ["Cam", 7, ""], "microphones": ["Mic"], "addresses": []}')""")
    told: list[int] = []
    found.seek(Settings(), lambda: told.append(1))
    assert runs.read_text() == "", "nobody has to wait for cameras that are not used"
    found.seek(SEEING, lambda: told.append(1))
    found.seek(SEEING, lambda: told.append(1))
    assert wait_until(lambda: bool(told), 20)
    listed = found.entries(SEEING, "en-US")
    assert listed["camera"] == [("", "The first one"), ("Cam", "Cam")]
    assert listed["microphone"] == [("", "The system's default"), ("Mic", "Mic")]
    found.seek(SEEING, lambda: told.append(2))
    assert runs.read_text() == "x"
    devices("""print('{"cameras": [], "microphones": "none"}')""")
    found.seek_again(SEEING, lambda: told.append(3))
    assert wait_until(lambda: 3 in told, 20)
    assert found.entries(SEEING, "en-US")["camera"] == [("", "The first one")]


@pytest.mark.parametrize("answer", ["", "print('[1]')", "sys.exit(2)", "print('{')"])
def test_a_command_that_says_nothing_of_use_leaves_the_lists_as_they_are_in_the_schema(found, devices, answer):
    devices(answer)
    told: list[int] = []
    found.seek(SEEING, lambda: told.append(1))
    assert wait_until(lambda: bool(told), 20)
    assert found.entries(SEEING, "en-US")["camera"] == [("", "The first one")]


def test_without_an_environment_there_are_no_devices(found, monkeypatch):
    monkeypatch.setattr(lists.environment, "python", lambda: Path("/no/such/python"))
    told: list[int] = []
    found.seek(SEEING, lambda: told.append(1))
    assert wait_until(lambda: bool(told), 20)
    assert found.entries(SEEING, "en-US")["camera"] == [("", "The first one")]


def test_unloading_ends_a_command_that_hangs(found, devices):
    runs = devices("import time\ntime.sleep(60)")
    told: list[int] = []
    found.seek(SEEING, lambda: told.append(1))
    assert wait_until(lambda: runs.read_text() == "x", 20)
    found.stop()
    assert wait_until(lambda: bool(told), 20)
