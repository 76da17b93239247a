from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ezvtb_core.commands import COMMANDS, entry, test
from ezvtb_core.commands.console import Console, system_locale
from ezvtb_core.link import environment, installer, paths
from ezvtb_core.link.environment import BASE, State
from ezvtb_core.link.installer import InstallCancelledError
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import SettingsError


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this process ran in a complete environment."""
    monkeypatch.setattr(environment, "state", lambda *_: State("ready", Notice("environment_ready", python="3.12.1")))
    monkeypatch.setattr(environment, "is_current", lambda *_: True)


def script(*argv: str, root: Path = paths.ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / paths.SCRIPT.name), *argv]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=os.sep, env={**os.environ, **environ})


def test_help_lists_every_command_but_the_workers(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["--help"], {"LANG": "C"}) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS if name != "worker")
    assert "worker" not in shown
    assert entry.main([], {"LANG": "zh_CN.UTF-8"}) == entry.BAD_INPUT
    assert "用法" in capsys.readouterr().out


def test_unknown_command_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["dance"], {}) == entry.BAD_INPUT
    assert "no command dance" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoticeError("obs_no_display"), entry.FAILED),
        (SettingsError("preset_name", name="x"), entry.BAD_INPUT),
        (InstallCancelledError("install_cancelled"), entry.INTERRUPTED),
        (KeyboardInterrupt(), entry.INTERRUPTED),
    ],
)
def test_errors_are_sentences_with_their_exit_code(ready: None, monkeypatch, capsys, error: BaseException, code: int) -> None:
    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(entry, "_target", lambda _: fail)
    assert entry.main(["bench"], {}) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip() and "Traceback" not in said.err


def test_bad_flags_are_a_sentence_and_exit_2(ready: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["doctor", "--nonsense"], {}) == entry.BAD_INPUT
    assert "doctor: unrecognized arguments: --nonsense" in capsys.readouterr().err


def test_the_environment_is_made_first_and_progress_stays_off_stdout(monkeypatch, capsys) -> None:
    made: list[tuple[str, ...]] = []

    def install(extras: tuple[str, ...], progress: installer.Progress) -> None:
        made.append(tuple(extras))
        progress("packages", 0.5, Notice("install_unpacking"))

    monkeypatch.setattr(environment, "state", lambda *_: State("missing", Notice("environment_missing")))
    monkeypatch.setattr(installer, "install", install)
    monkeypatch.setattr(entry, "_target", lambda _: lambda argv, console: 7)
    assert entry.main(["test", "-k", "x"], {}) == 7
    assert made == [("test", "video", "window", "art", "webcam")]
    said = capsys.readouterr()
    assert said.out == ""
    assert "First start" in said.err
    assert " 50% Unpacking" in said.err


def test_the_worker_never_installs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(environment, "state", lambda *_: State("missing", Notice("environment_missing")))
    monkeypatch.setattr(environment, "is_current", lambda *_: False)
    monkeypatch.setattr(installer, "install", lambda *_: pytest.fail("installed"))
    assert entry.main(["worker"], {}) == entry.FAILED
    assert "not installed yet" in capsys.readouterr().err


def test_test_passes_expect_and_arguments_on(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command, cwd: called.append(command) or 3)
    assert test.run(["-k", "pose"], Console({"EXPECT": "obs,shared"})) == 3
    assert called[0][1:3] == ["-m", "pytest"]
    assert "--expect=obs,shared" in called[0]
    assert called[0][-2:] == ["-k", "pose"]


def test_runs_from_anywhere() -> None:
    done = script("--version")
    assert done.returncode == 0
    assert done.stdout.strip()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """The program in a folder with a space and letters of two scripts, with a real but empty environment that counts as ready."""
    root = tmp_path / "x y" / "测试 é"
    for name in ("ezvtb_core", "trackers", "presets", "requirements", "data/locale"):
        shutil.copytree(paths.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(paths.SCRIPT, root)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    environment.write_stamp([BASE], root)
    yield root


def test_the_command_line_is_run_again_in_the_environment(elsewhere: Path) -> None:
    done = script("doctor", "--json", root=elsewhere, LANG="C")
    facts = json.loads(done.stdout.splitlines()[-1])
    python = next(each for each in facts["findings"] if each["area"] == "python")
    assert Path(python["facts"]["path"]).parent == environment.python(elsewhere).parent
    # The environment is empty: that is a finding, not a traceback.
    assert any(each["area"] == "packages" and each["level"] == "problem" for each in facts["findings"])
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_exit_code_of_the_second_run_is_passed_on(elsewhere: Path) -> None:
    done = script("doctor", "--nonsense", root=elsewhere)
    assert done.returncode == entry.BAD_INPUT
    assert "unrecognized arguments" in done.stderr


@pytest.mark.needs("posix")
def test_a_pipe_that_closes_early_is_no_traceback() -> None:
    command = f'"{sys.executable}" "{paths.SCRIPT}" --help'
    done = subprocess.run(command + " | head -0 2>/dev/null || exit 0", shell=True, capture_output=True, text=True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("environ", "locale"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en-US"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "de_DE"}, "zh-CN"),
        ({"LANG": "fr_FR.UTF-8"}, "en-US"),
    ],
)
def test_language_of_the_system(environ: dict[str, str], locale: str) -> None:
    assert system_locale(environ) == locale


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_in_a_terminal_stays_on_one_line() -> None:
    screen = Terminal()
    console = Console({}, io.StringIO(), screen, "en-US")
    for step in range(11):
        console.progress(step / 10, "Drawing")
    console.tell("cli_interrupted")
    assert screen.getvalue().count("\n") == 2
    assert screen.getvalue().endswith("100% Drawing\nStopped.\n")


def test_a_log_gets_few_lines() -> None:
    log = io.StringIO()
    console = Console({}, io.StringIO(), log, "en-US")
    for step in range(1001):
        console.progress(step / 1000, f"Drawing {step}/1000")
    assert 4 <= len(log.getvalue().splitlines()) <= 7


def test_an_old_code_page_is_no_traceback() -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console({}, narrow, io.StringIO(), "zh-CN").line("完成")
    narrow.seek(0)
    assert narrow.read() == "??\n"
