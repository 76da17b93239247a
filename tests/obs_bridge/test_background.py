"""Commands that buttons start: heard, shown, cancelled. The program is a stand-in that speaks the lines of the real one."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from ezvtb_core.link import paths
from ezvtb_core.link.messages import Notice, NoticeError
from obs_bridge import background, installation
from obs_bridge.background import FaceModelDownload, Program
from obs_bridge.installation import Installation
from tests.peers import wait_until

PROGRAM = """
import json, sys, time
arguments = sys.argv[1:]
def say(value): print(json.dumps(value), flush=True)
{body}
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program in the place of the command line; it is run with this interpreter."""

    def write(body: str) -> None:
        script = tmp_path / "program.py"
        script.write_text(PROGRAM.format(body=body))
        monkeypatch.setattr(paths, "SCRIPT", script)
        here = type("Here", (), {"path": sys.executable})
        monkeypatch.setattr(background.interpreters, "find_interpreter", lambda: here)

    return write


class Told:
    """Counts what a task tells."""

    def __init__(self) -> None:
        self.changes = self.arrivals = 0
        self.over = threading.Event()

    def changed(self) -> None:
        self.changes += 1

    def arrived(self) -> None:
        self.arrivals += 1


def finish(task: background.Task) -> None:
    assert wait_until(lambda: not task.busy(), 20)


def test_a_download_shows_how_far_it_is_and_what_it_came_to(program):
    program(
        "assert arguments == ['models', 'download', 'face_landmarker', '--json']\n"
        "for percent in range(0, 101, 2): say({'fraction': percent / 100, 'code': 'download_fetching', 'params': {}})\n"
        "say({'done': True})"
    )
    told = Told()
    task = FaceModelDownload(told.changed, told.arrived)
    assert task.progress() is None
    task.download()
    assert task.busy()
    finish(task)
    assert task.progress() == Notice("face_model_done")
    assert wait_until(lambda: told.arrivals == 1, 5)
    assert 15 <= told.changes <= 25, "the panel is drawn again every twentieth"
    assert task.button_label("en-US") == "Download the face model"


def test_while_it_runs_the_button_counts_and_it_can_be_cancelled(program):
    program(
        "say({'fraction': 0.42, 'code': 'x', 'params': {}})\n"
        "assert sys.stdin.readline() == 'cancel\\n'\n"
        "say({'error': {'code': 'setup_failed', 'params': {'detail': 'cancelled'}}})"
    )
    told = Told()
    task = FaceModelDownload(told.changed, told.arrived)
    task.download()
    assert wait_until(lambda: "42" in task.button_label("en-US"), 20)
    assert task.progress() == Notice("setup_progress", percent="42", step={"code": "x", "params": {}})
    task.download()  # a second press changes nothing
    task.stop()
    finish(task)
    assert task.progress() == Notice("setup_failed", detail="cancelled")
    assert told.arrivals == 0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "print('no json')",
        "say([1])",
        "print('x' * 100000)",
        "say({'code': 'x', 'fraction': 'much', 'params': {}})",
        "sys.exit(3)",
    ],
)
def test_a_program_that_ends_without_a_last_word_has_failed(program, body):
    program(body)
    task = FaceModelDownload(lambda: None, lambda: None)
    task.download()
    finish(task)
    assert task.progress() == Notice("face_model_failed", detail="")


def test_a_program_that_cannot_be_started_is_explained(program, monkeypatch):
    program("")
    monkeypatch.setattr(background.interpreters, "find_interpreter", lambda: type("Gone", (), {"path": "/no/such/python"}))
    task = FaceModelDownload(lambda: None, lambda: None)
    task.download()
    finish(task)
    said = task.progress()
    assert said is not None and said.code == "face_model_failed" and "no/such/python" in said.params["detail"]

    def none() -> None:
        raise NoticeError("python_missing")

    monkeypatch.setattr(background.interpreters, "find_interpreter", none)
    task.download()
    finish(task)
    assert task.progress() == Notice("python_missing")


def test_extras_are_installed_on_top_and_engines_are_told(program, monkeypatch):
    program("say({'done': True}) if arguments == ['install', 'webcam', '--json'] else sys.exit(1)")
    monkeypatch.setattr(installation.environment, "state", lambda: installation.environment.State("ready", Notice("x")))
    told = Told()
    task = Installation(told.changed, told.arrived)
    task.look()
    task.install("webcam")
    finish(task)
    assert wait_until(lambda: told.changes == 2, 5)
    assert wait_until(lambda: told.arrivals == 1, 5)
    assert task.progress() == Notice("setup_extra_done")


def test_the_first_installation_tells_no_engine_because_none_runs(program, monkeypatch):
    program("say({'done': True}) if arguments == ['install', '--json'] else sys.exit(1)")
    monkeypatch.setattr(installation.environment, "state", lambda: installation.environment.State("missing", Notice("x")))
    told = Told()
    task = Installation(told.changed, told.arrived)
    assert not task.needed()
    task.look()
    assert task.needed() and task.button_label("en-US") == "Install"
    task.install()
    finish(task)
    assert (task.progress(), told.arrivals) == (Notice("setup_done"), 0)


def test_a_program_can_be_ended_by_force(program):
    program("say({'here': 1}); time.sleep(60)")
    run = Program(sys.executable, ["devices"])
    answers = run.answers()
    assert next(answers) == {"here": 1}
    began = time.monotonic()
    run.kill()
    assert list(answers) == []
    assert time.monotonic() - began < 30
