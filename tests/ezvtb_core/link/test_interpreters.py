from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ezvtb_core.link import interpreters
from ezvtb_core.link.interpreters import Interpreter, InterpreterError


def described(version: tuple[int, int, int] = (3, 12, 1), **changed: bool) -> Interpreter:
    facts = {"ensurepip": True, "pip": True, "venv": True, "regular": True, **changed}
    return Interpreter(f"/python{version}", version, **facts)


def among(monkeypatch: pytest.MonkeyPatch, *found: Interpreter) -> None:
    monkeypatch.setattr(interpreters, "working", lambda: iter(found))


def test_this_interpreter_describes_itself() -> None:
    found = interpreters.probe(sys.executable)
    assert found is not None
    assert found.version == sys.version_info[:3]
    assert found.usable == (found.regular and sys.version_info >= (3, 10))


def test_a_real_one_is_found_on_this_machine() -> None:
    assert interpreters.find_interpreter().usable


def test_a_python_path_of_the_user_does_not_break_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('not the real json')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert interpreters.probe(sys.executable) is not None


@pytest.mark.needs("posix")
@pytest.mark.parametrize("script", ["exit 1", "echo no json", "echo '{}'", "echo '[1]'", "exit 0"])
def test_what_is_no_python_is_passed_over(tmp_path: Path, script: str) -> None:
    fake = tmp_path / "python3"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    assert interpreters.probe(str(fake)) is None
    assert interpreters.probe(str(tmp_path / "missing")) is None


@pytest.mark.needs("posix")
def test_a_hanging_one_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "python3"
    fake.write_text("#!/bin/sh\nexec sleep 30\n")
    fake.chmod(0o755)
    monkeypatch.setattr(interpreters, "PROBE_LIMIT", 0.2)
    assert interpreters.probe(str(fake)) is None


def test_inside_obs_the_host_program_is_no_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", r"C:\obs\bin\64bit\obs64.exe" if sys.platform == "win32" else "/usr/bin/obs")
    assert not [path for path in interpreters.candidates() if "obs" in Path(path).name]


def test_the_first_that_can_do_everything_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    old, bare, good = described((3, 9, 1)), described(ensurepip=False), described((3, 11, 2))
    among(monkeypatch, old, bare, good)
    assert interpreters.find_interpreter() is good


def test_one_without_ensurepip_is_better_than_none(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = described(ensurepip=False)
    among(monkeypatch, described((3, 8, 1)), bare)
    assert interpreters.find_interpreter() is bare


def test_refusal_names_what_was_found_and_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    among(monkeypatch, described((3, 8, 1)), described(regular=False))
    with pytest.raises(InterpreterError, match=r"3\.8\.1, 3\.12\.1") as caught:
        interpreters.find_interpreter()
    assert "Install" in str(caught.value)


@pytest.mark.parametrize("changed", [{"venv": False}, {"regular": False}])
def test_unusable(changed: dict[str, bool]) -> None:
    assert not described(**changed).usable
    assert not described((3, 9, 9)).usable
    assert described((3, 10, 0)).usable
