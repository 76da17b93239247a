from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ezvtb_core.link import environment, installer, interpreters
from ezvtb_core.link.environment import UNFINISHED
from ezvtb_core.link.install_lock import InstallBusyError
from ezvtb_core.link.installer import InstallCancelledError, InstallError
from ezvtb_core.link.interpreters import Interpreter
from ezvtb_core.link.messages import Notice

FAKE = """#!/bin/sh
''':'
exec '{python}' "$0" "$@"
'''
# The lines above start this file with Python from any path: a first line of "#!" cannot name one with a space.
# Stands in for Python, venv and pip. The file "pip-does" says what pip does: exit code, then output.
import json, os, pathlib, shutil, sys, time
root = pathlib.Path({root!r})
arguments = [word for word in sys.argv[1:] if word != "-I"]
with (root / "calls").open("a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
if arguments[:2] == ["-m", "venv"]:
    if (root / "venv-fails").exists() and "--without-pip" not in arguments:
        sys.exit("Failing command: ensurepip is disabled")
    target = pathlib.Path(arguments[2]) / "bin"
    target.mkdir(parents=True)
    shutil.copy(sys.argv[0], target / "python")
    (target.parent / "pyvenv.cfg").write_text("home = " + {home!r} + "\\nversion = 3.11.7\\n")
elif arguments[:1] == ["-c"] and "find_spec" in arguments[1]:
    print(json.dumps({{"version": [3, 11, 7], "executable": sys.argv[0], "kind": "CPython", "bits": 64, "free_threaded": False,
                       "venv": True, "ensurepip": True, "pip": True}}))
elif arguments[:1] == ["-c"]:
    if (root / "imports-fail").exists():
        (root / "imports-fail").unlink()
        sys.exit("ImportError: DLL load failed while importing x")
elif arguments[-1] == "--version":
    print("pip 25.0 from here")
elif "install" in arguments:
    todo = (root / "pip-does").read_text().splitlines() if (root / "pip-does").exists() else ["0"]
    for line in todo[1:]:
        if line.startswith("sleep "):
            time.sleep(float(line[6:]))
        else:
            print(line, flush=True)
    if len(todo) > 2 and todo[2] == "once":
        (root / "pip-does").unlink()
    sys.exit(int(todo[0]))
"""


@pytest.fixture
def root(tmp_path: Path, require: Callable[..., None]) -> Path:
    """A program folder, and in it a fake Python: a script, so POSIX only."""
    require("posix")
    root = tmp_path / "x y 测试 é"
    (root / "requirements").mkdir(parents=True)
    (root / "requirements" / "base.txt").write_text("nothing-real\n")
    (root / "requirements" / "video.txt").write_text("nothing-real-either\n")
    fake = root / "python3"
    fake.write_text(FAKE.format(python=sys.executable, root=str(root), home=str(Path(sys.executable).parent)))
    fake.chmod(0o755)
    return root


class Run:
    """Installs with the fake Python and keeps what was said."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.progress: list[tuple[str, float, Notice]] = []

    def __call__(self, *extras: str, cancelled: Callable[[], bool] = lambda: False) -> None:
        base = Interpreter(str(self.root / "python3"), (3, 11, 7), ensurepip=True, pip=True, venv=True, regular=True)
        installer.install(extras, lambda *step: self.progress.append(step), cancelled, self.root, lambda: base)

    def pip(self, code: int, *lines: str) -> None:
        (self.root / "pip-does").write_text("\n".join([str(code), *lines]))

    def installs(self) -> list[list[str]]:
        calls = [json.loads(line) for line in (self.root / "calls").read_text().splitlines()]
        return [call for call in calls if "install" in call]


@pytest.fixture
def run(root: Path) -> Run:
    return Run(root)


def test_first_installation(run: Run, root: Path) -> None:
    run.pip(0, "Collecting numpy", "Downloading numpy.whl (15.0 MB)", "Installing collected packages: numpy")
    run("video")
    assert environment.state(["video"], root).ready
    parts = [part for _, part, _ in run.progress]
    assert parts == sorted(parts)
    assert run.progress[0][0] == "python"
    assert run.progress[-1] == ("done", 1.0, Notice("install_done"))
    assert [Path(word).name for word in run.installs()[0] if word.endswith(".txt")] == ["base.txt", "video.txt"]


def test_second_start_does_nothing(run: Run, root: Path) -> None:
    run()
    before = (root / "calls").read_text()
    run()
    assert (root / "calls").read_text() == before


def test_an_extra_is_added_to_what_is_there(run: Run, root: Path) -> None:
    run()
    run("video")
    assert len([call for call in map(json.loads, (root / "calls").read_text().splitlines()) if "venv" in call]) == 1
    assert environment.state(["video"], root).ready


def test_changed_requirements_install_again_and_keep_the_extras(run: Run, root: Path) -> None:
    run("video")
    (root / "requirements" / "base.txt").write_text("nothing-real>=2\n")
    run()
    assert len(run.installs()) == 2
    assert environment.state(["video"], root).ready


def test_unknown_extra(run: Run, root: Path) -> None:
    with pytest.raises(InstallError, match=r"magic.*Known: video"):
        run("magic")
    assert not (root / ".venv").exists()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("WARNING: Retrying: NewConnectionError: Temporary failure in name resolution", "install_offline"),
        ("ERROR: [Errno 28] No space left on device", "install_disk_full_pip"),
        ("ERROR: No matching distribution found for x", "install_no_packages"),
    ],
)
def test_failure_then_repair(run: Run, root: Path, said: str, code: str) -> None:
    run.pip(1, said)
    with pytest.raises(InstallError) as caught:
        run()
    assert caught.value.notice.code == code
    assert environment.state(root=root).name == "incomplete"
    run.pip(0)
    run()
    assert environment.state(root=root).ready


def test_a_broken_download_is_taken_up_again(run: Run) -> None:
    run.pip(1, "Downloading numpy.whl (15.0 MB)", "once", "ProtocolError: IncompleteRead")
    run()
    assert len(run.installs()) == 2


def test_no_connection_at_all_is_not_tried_three_times(run: Run) -> None:
    run.pip(1, "NewConnectionError")
    with pytest.raises(InstallError):
        run()
    assert len(run.installs()) == 1


def test_cancel_while_pip_works(run: Run, root: Path) -> None:
    run.pip(0, "Collecting numpy", "sleep 30")
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    started = time.monotonic()
    with pytest.raises(InstallCancelledError):
        run(cancelled=stop.is_set)
    assert time.monotonic() - started < 15
    assert environment.state(root=root).name == "incomplete"
    assert (root / ".venv" / UNFINISHED).exists()
    run.pip(0)
    run()
    assert environment.state(root=root).ready
    assert not (root / ".venv" / UNFINISHED).exists()


def test_a_killed_installer_is_repaired_from_nothing(run: Run, root: Path) -> None:
    run()
    (root / ".venv" / UNFINISHED).touch()
    (root / ".venv" / "half-written").mkdir()
    run()
    assert not (root / ".venv" / "half-written").exists()
    assert environment.state(root=root).ready


def test_packages_that_do_not_start_are_installed_anew_once(run: Run, root: Path) -> None:
    run()
    (root / "requirements" / "base.txt").write_text("nothing-real>=2\n")
    (root / "imports-fail").touch()
    run()
    assert environment.state(root=root).ready


def test_a_missing_windows_runtime_is_named(run: Run, root: Path) -> None:
    (root / "imports-fail").touch()
    with pytest.raises(InstallError, match="Visual C"):
        run()
    assert environment.state(root=root).name == "incomplete"


def test_disk_nearly_full_is_said_before_anything_is_made(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=20 << 20))
    with pytest.raises(InstallError, match="20 MB are free"):
        run()
    assert not run.root.joinpath("calls").exists()


def test_no_write_permission(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        # Root may write everywhere: the system's answer is put in its place.
        monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    else:
        root.chmod(0o500)
    try:
        with pytest.raises(InstallError, match="may not write"):
            run()
    finally:
        root.chmod(0o700)


def test_without_ensurepip_another_pip_is_used(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = Interpreter(str(root / "python3"), (3, 11, 7), ensurepip=False, pip=False, venv=True, regular=True)
    other = Interpreter(str(root / "python3"), (3, 9, 1), ensurepip=True, pip=True, venv=True, regular=True)
    monkeypatch.setattr(interpreters, "working", lambda: iter([base, other]))
    installer.install([], lambda *_: None, root=root, find=lambda: base)
    calls = [json.loads(line) for line in (root / "calls").read_text().splitlines()]
    assert ["-m", "venv", str(root / ".venv"), "--without-pip"] in calls
    assert ["--python", str(environment.python(root))] == run.installs()[0][2:4]


def test_without_any_pip_the_package_to_install_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = Interpreter(str(root / "python3"), (3, 11, 7), ensurepip=False, pip=False, venv=True, regular=True)
    monkeypatch.setattr(interpreters, "working", lambda: iter([base]))
    with pytest.raises(InstallError, match="apt install python3-venv"):
        installer.install([], lambda *_: None, root=root, find=lambda: base)


def test_real_pip_without_an_index(tmp_path: Path) -> None:
    """venv and pip for real; the index is an empty folder, given by pip's own configuration file."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("--no-index\nezvtuber-no-such-package\n")
    with pytest.raises(InstallError, match="ready-made packages"):
        installer.install([], lambda *_: None, root=tmp_path)
    assert environment.state(root=tmp_path).name == "incomplete"


@pytest.mark.slow
def test_real_installation_(tmp_path: Path) -> None:
    """The whole thing on this machine, through the command line, in a folder with a space and letters of two scripts."""
    from ezvtb_core.link import paths

    root = tmp_path / "x y" / "测试 é"
    for name in ("ezvtb_core", "requirements", "data", "presets"):
        shutil.copytree(paths.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "models", "logs"))
    shutil.copy(paths.SCRIPT, root)
    command = [sys.executable, str(root / paths.SCRIPT.name), "install", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if lines[-1].get("error", {}).get("code") == "install_offline":
        pytest.skip("no connection to the package index")
    assert lines[-1] == {"done": True}, lines[-1]
    assert environment.state(root=root).ready


def test_an_ensurepip_that_refuses_to_work_is_done_without(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "venv-fails").touch()
    other = Interpreter(str(root / "python3"), (3, 9, 1), ensurepip=True, pip=True, venv=True, regular=True)
    monkeypatch.setattr(interpreters, "working", lambda: iter([other]))
    run()
    assert environment.state(root=root).ready
    assert ["--python", str(environment.python(root))] == run.installs()[0][2:4]


def test_a_pip_whose_installer_was_killed_keeps_others_out(run: Run, root: Path) -> None:
    run.pip(0, "Collecting numpy", "sleep 3")
    code = (
        "import sys, pathlib; from ezvtb_core.link import installer; from ezvtb_core.link.interpreters import Interpreter\n"
        "root = pathlib.Path(sys.argv[1]); base = Interpreter(str(root / 'python3'), (3, 11, 7), True, True, True, True)\n"
        "installer.install([], lambda stage, part, notice: print(notice.code, flush=True), root=root, find=lambda: base)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while process.stdout.readline() != "install_collecting\n":
        assert process.poll() is None
    process.kill()
    process.communicate()
    with pytest.raises(InstallBusyError):
        run()
    time.sleep(4)
    run.pip(0)
    run()
    assert environment.state(root=root).ready
