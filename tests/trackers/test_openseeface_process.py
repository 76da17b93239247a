"""Starting OpenSeeFace, with a program in its place that takes its arguments, says what it says, and sends its packets."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ezvtb_core.link.settings import Settings
from tests.captures.openseeface_synthetic import face
from tests.peers import free_port, wait_until
from tests.trackers.test_openseeface_keeper import alive
from trackers import openseeface_process
from trackers.context import Context
from trackers.openseeface import OpenSeeFaceTracker
from trackers.openseeface_process import OpenSeeFaceError, OpenSeeFaceProcess, command, explain

FAKE = """
# Stands in for OpenSeeFace's facetracker.py: the same arguments, checked as strictly. The file "does" says what to do.
import argparse, json, os, pathlib, socket, sys, time
home = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("-i", "--ip")
parser.add_argument("-p", "--port", type=int)
parser.add_argument("-c", "--capture")
parser.add_argument("-s", "--silent", type=int)
parser.add_argument("--model", type=int, choices=[-3, -2, -1, 0, 1, 2, 3, 4])
if (home / "new").exists():
    parser.add_argument("-F", "--fps", type=int)
args = parser.parse_args()
with (home / "runs").open("a") as runs:
    runs.write(json.dumps({"process": os.getpid(), "folder": os.getcwd(), **vars(args)}) + "\\n")
does = (home / "does").read_text()
if does != "send":
    print(does, file=sys.stderr, flush=True)
    if (home / "stays").exists():
        time.sleep(120)
    sys.exit(0)
packet = (home / "packet").read_bytes()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    while True:
        out.sendto(packet, (args.ip, args.port))
        time.sleep(0.02)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of an OpenSeeFace that sends; its Python is the one of this test."""
    monkeypatch.setattr(openseeface_process, "WAITS", (0.05, 0.1))
    home = tmp_path / "Open See Face 面捕"
    (home / "venv" / "bin").mkdir(parents=True)
    (home / "venv" / "bin" / "python").symlink_to(sys.executable)
    (home / "facetracker.py").write_text(FAKE)
    (home / "does").write_text("send")
    (home / "packet").write_bytes(face())
    return home


@pytest.fixture
def start() -> Iterator[Callable[..., OpenSeeFaceProcess]]:
    made: list[OpenSeeFaceProcess] = []

    def begin(folder: Path, camera: int = 0, port: int = 1) -> OpenSeeFaceProcess:
        made.append(OpenSeeFaceProcess(str(folder), camera, port))
        made[-1].start()
        return made[-1]

    yield begin
    for process in made:
        process.stop()


def runs(folder: Path) -> list[dict]:
    file = folder / "runs"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def code(process: OpenSeeFaceProcess) -> str:
    notice = process.notice()
    return "" if notice is None else notice.code


pytestmark = pytest.mark.needs("posix")


def test_it_is_started_and_its_packets_move_the_avatar(folder: Path, start) -> None:
    port = free_port()
    tracker = OpenSeeFaceTracker(Settings(tracker="openseeface", openseeface_port=port), Context())
    tracker.start()
    process = start(folder, camera=2, port=port)
    assert wait_until(lambda: tracker.status().state == "live")
    (run,) = runs(folder)
    assert (run["capture"], run["port"], run["ip"], run["silent"], run["model"]) == ("2", port, "127.0.0.1", 1, 3)
    assert Path(run["folder"]) == folder
    assert process.notice() is None
    began = time.monotonic()
    process.stop()
    assert time.monotonic() - began < 5.0
    assert wait_until(lambda: not alive(run["process"]))
    tracker.stop()


def owned(folder: Path, port: int) -> OpenSeeFaceTracker:
    return OpenSeeFaceTracker(Settings(tracker="openseeface", openseeface_port=port, openseeface_folder=str(folder)), Context())


def test_a_tracker_that_is_told_where_it_lies_starts_it_and_ends_it(folder: Path) -> None:
    tracker = owned(folder, free_port())
    tracker.start()
    try:
        assert tracker.status().notice.code in ("tracker_starting", "openseeface_starting")
        assert wait_until(lambda: tracker.status().state == "live")
        (run,) = runs(folder)
    finally:
        tracker.stop()
    assert wait_until(lambda: not alive(run["process"]))


def test_a_tracker_says_why_the_program_that_it_starts_sends_nothing(folder: Path) -> None:
    (folder / "does").write_text("ModuleNotFoundError: No module named 'onnxruntime'")
    tracker = owned(folder, free_port())
    tracker.start()
    try:
        assert wait_until(lambda: tracker.status().notice.code == "openseeface_module")
        assert tracker.status().state == "error"
    finally:
        tracker.stop()


def test_the_frame_rate_is_asked_for_only_where_it_is_known(folder: Path, start) -> None:
    start(folder)
    assert wait_until(lambda: len(runs(folder)) == 1)
    assert "fps" not in runs(folder)[0]
    other = folder.parent / "newer"
    folder.rename(other)
    (other / "new").touch()
    start(other)
    assert wait_until(lambda: len(runs(other)) == 2)
    assert runs(other)[1]["fps"] == 30


def test_killed_it_is_started_again(folder: Path, start) -> None:
    start(folder)
    assert wait_until(lambda: len(runs(folder)) == 1)
    os.kill(runs(folder)[0]["process"], 9)
    assert wait_until(lambda: len(runs(folder)) == 2)


def test_two_trackers_share_one_and_the_last_ends_it(folder: Path, start) -> None:
    first, second = start(folder), start(folder)
    assert wait_until(lambda: len(runs(folder)) == 1)
    first.stop()
    first.stop()
    time.sleep(0.2)
    assert alive(runs(folder)[0]["process"])
    second.stop()
    assert wait_until(lambda: not alive(runs(folder)[0]["process"]))
    assert len(runs(folder)) == 1


OPENCV_5 = """
Traceback (most recent call last):
  File "tracker.py", line 835, in estimate_depth
    reference = self.camera.dot(reference)
ValueError: shapes (3,3) and (1,3) not aligned: 3 (dim 1) != 1 (dim 0)
"""


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("There was no valid input.", "openseeface_camera"),
        ("ModuleNotFoundError: No module named 'onnxruntime'", "openseeface_module"),
        (OPENCV_5, "openseeface_opencv"),
        (
            "onnxruntime.capi.onnxruntime_pybind11_state.NoSuchFile: [ONNXRuntimeError] : 3 : NO_SUCHFILE",
            "openseeface_incomplete",
        ),
        ("Segmentation fault", "openseeface_ended"),
        ("", "openseeface_ended"),
    ],
)
def test_why_it_ended_is_said(folder: Path, start, says: str, expected: str) -> None:
    (folder / "does").write_text(says)
    process = start(folder)
    assert wait_until(lambda: code(process) == expected)
    assert wait_until(lambda: len(runs(folder)) >= 3)


def test_a_program_that_runs_on_while_every_picture_fails(folder: Path, start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openseeface_process, "SETTLED_SECONDS", 0.0)
    (folder / "does").write_text(OPENCV_5)
    (folder / "stays").touch()
    process = start(folder)
    assert wait_until(lambda: code(process) == "openseeface_opencv")
    assert len(runs(folder)) == 1


def test_once_it_works_the_old_reason_is_gone(folder: Path, start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openseeface_process, "SETTLED_SECONDS", 0.2)
    (folder / "does").write_text("There was no valid input.")
    process = start(folder)
    assert wait_until(lambda: code(process) == "openseeface_camera")
    (folder / "does").write_text("send")
    assert wait_until(lambda: code(process) == "")


@pytest.mark.parametrize(("made", "expected"), [(False, "openseeface_no_folder"), (True, "openseeface_no_program")])
def test_a_folder_without_it(tmp_path: Path, start, made: bool, expected: str) -> None:
    folder = tmp_path / "empty"
    if made:
        folder.mkdir()
    process = start(folder)
    assert wait_until(lambda: code(process) == expected)


def test_windows_takes_the_ready_made_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openseeface_process.sys, "platform", "win32")
    program = tmp_path / "Binary" / "facetracker.exe"
    program.parent.mkdir()
    program.touch()
    (tmp_path / "facetracker.py").touch()
    assert command(tmp_path, 1, 11573)[0] == str(program)
    program.rename(tmp_path / "facetracker.exe")
    assert command(tmp_path, 1, 11573)[0] == str(tmp_path / "facetracker.exe")


def test_the_python_of_its_own_folder_is_preferred(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(folder, 0, 11573)[:2] == [str(folder / "venv" / "bin" / "python"), str(folder / "facetracker.py")]
    (folder / "venv").rename(folder / "elsewhere")
    found = {"python3": "/usr/bin/python3"}
    monkeypatch.setattr(openseeface_process.shutil, "which", found.get)
    assert command(folder, 0, 11573)[0] == "/usr/bin/python3"
    found.clear()
    with pytest.raises(OpenSeeFaceError, match="Python"):
        command(folder, 0, 11573)


def test_what_is_not_known_stays_unexplained() -> None:
    assert explain(["Took 5.12ms", ""], "folder") is None
