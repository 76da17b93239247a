"""The keeper as a real process: what it starts ends with whoever holds its stdin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import wait_until
from trackers import openseeface_keeper

KEEPER = str(openseeface_keeper.__file__)
LONG = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(120)"


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A child of init that nobody has asked about yet is dead too.
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def start(tmp_path: Path, script: str = LONG) -> tuple[subprocess.Popen[bytes], int]:
    note = tmp_path / "process"
    command = [sys.executable, "-I", KEEPER, sys.executable, "-c", script, str(note)]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    assert wait_until(lambda: note.exists() and bool(note.read_text()))
    return keeper, int(note.read_text())


@pytest.mark.needs("posix")
def test_closing_its_stdin_ends_the_program(tmp_path: Path) -> None:
    keeper, program = start(tmp_path)
    assert keeper.stdin is not None
    keeper.stdin.close()
    assert wait_until(lambda: not alive(program))
    keeper.wait(10)


@pytest.mark.needs("posix")
def test_a_program_that_ignores_being_asked_is_ended_anyway(tmp_path: Path) -> None:
    keeper, program = start(tmp_path, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LONG)
    assert keeper.stdin is not None
    keeper.stdin.close()
    assert wait_until(lambda: not alive(program))
    keeper.wait(10)


@pytest.mark.needs("posix")
def test_a_starter_that_is_killed_takes_the_program_with_it(tmp_path: Path) -> None:
    note = tmp_path / "process"
    starter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True);"
            "time.sleep(120)",
            *[sys.executable, "-I", KEEPER, sys.executable, "-c", LONG, str(note)],
        ]
    )
    assert wait_until(lambda: note.exists() and bool(note.read_text()))
    program = int(note.read_text())
    assert alive(program)
    starter.kill()
    starter.wait()
    assert wait_until(lambda: not alive(program))


def run(command: list[str]) -> tuple[int, bytes, bytes]:
    """Exit code and output of a keeper whose stdin stays open."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as keeper:
        assert keeper.stdout is not None and keeper.stderr is not None
        return keeper.wait(60), keeper.stdout.read().strip(), keeper.stderr.read().strip()


def test_the_exit_code_and_the_output_are_the_programs(tmp_path: Path) -> None:
    command = [sys.executable, "-I", KEEPER, sys.executable, "-c", "import sys; print('out'); sys.exit('why')"]
    assert run(command) == (1, b"out", b"why")


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    code, _, error = run([sys.executable, "-I", KEEPER, str(tmp_path / "nothing")])
    assert code == 127
    assert b"nothing" in error
