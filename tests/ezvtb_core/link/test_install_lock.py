from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ezvtb_core.link import paths
from ezvtb_core.link.install_lock import LOCK, InstallBusyError, locked

HOLD = """
import pathlib, sys
from ezvtb_core.link.install_lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], cwd=paths.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path):
            assert (tmp_path / ".venv" / LOCK).exists()


def test_second_installer_is_told_who_is_at_work(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with pytest.raises(InstallBusyError, match=str(process.pid) if sys.platform != "win32" else "already"), locked(tmp_path):
            raise AssertionError("two installers at once")
    finally:
        end(process)


def test_the_lock_of_a_killed_installer_is_not_in_the_way(tmp_path: Path) -> None:
    end(holder(tmp_path))
    with locked(tmp_path):
        pass


def test_a_lock_file_that_was_left_behind_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / LOCK).write_text("1")
    with locked(tmp_path):
        pass
