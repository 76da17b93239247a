from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from ezvtb_core import backends
from ezvtb_core.commands import doctor, obs_program
from ezvtb_core.commands.obs_program import ObsProgram
from ezvtb_core.link import environment, interpreters, paths
from ezvtb_core.link.environment import State
from ezvtb_core.link.interpreters import Interpreter, InterpreterError
from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import OPTIONS
from tests.ezvtb_core.models.published import publish


@pytest.fixture(autouse=True)
def no_obs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obs_program, "find", lambda _: None)


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "state", lambda *_: State("ready", Notice("environment_ready", python="3.12.1")))
    monkeypatch.setattr(environment, "is_current", lambda *_: True)


@pytest.mark.needs("ort-cpu")
def test_usable(ready: None, console) -> None:
    assert doctor.run(["--json"], console) == 0
    facts = console.data
    assert facts["usable"]
    areas = [each["area"] for each in facts["findings"]]
    assert {"python", "environment", "obs", "backend", "character", "port", "disk", "logs"} <= set(areas)
    assert all(each["text"] and "{" not in each["text"] for each in facts["findings"])


@pytest.mark.needs("ort-cpu")
@pytest.mark.parametrize(("platform", "left_out"), [("linux", {"ort-dml", "ort-coreml"}), ("darwin", {"ort-dml"})])
def test_backends_of_other_systems_are_not_spoken_of(
    ready: None, console, monkeypatch: pytest.MonkeyPatch, platform: str, left_out: set[str]
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    found = {finding.facts["name"] for finding in doctor._backends(console)}
    assert found == set(backends.BACKENDS) - left_out - {"fake"}


@pytest.mark.needs("ort-cpu")
def test_for_people(ready: None, console) -> None:
    assert doctor.run([], console) == 0
    assert "[ note ] OBS Studio was not found" in console.out
    assert console.out.splitlines()[-1] == "Everything the avatar needs is here."


def test_before_the_installation(monkeypatch: pytest.MonkeyPatch, console) -> None:
    monkeypatch.setattr(environment, "state", lambda *_: State("missing", Notice("environment_missing")))
    monkeypatch.setattr(environment, "is_current", lambda *_: False)
    assert doctor.run([], console) == 1
    assert "[!FIX! ] EZVTuber is not installed yet" in console.out
    assert "It can be made with Python" in console.out


def test_no_python_at_all(monkeypatch: pytest.MonkeyPatch, console) -> None:
    monkeypatch.setattr(environment, "state", lambda *_: State("missing", Notice("environment_missing")))
    monkeypatch.setattr(environment, "is_current", lambda *_: False)

    def none() -> Interpreter:
        raise InterpreterError("python_needed_linux", found="3.8.1", oldest="3.10")

    monkeypatch.setattr(interpreters, "find_interpreter", none)
    assert doctor.run([], console) == 1
    assert "found: 3.8.1" in console.out


def test_a_taken_port_names_its_owner(ready: None, console) -> None:
    port = int(OPTIONS["openseeface_port"].default)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        try:
            holder.bind(("127.0.0.1", port))
        except OSError:
            pytest.skip(f"UDP port {port} is in use on this machine")
        found = list(doctor._ports(console))
    taken = next(each for each in found if each.facts["port"] == port)
    assert taken.level == "note"
    assert not taken.facts["free"]


@pytest.mark.parametrize(
    ("version", "level", "code"),
    [((27, 2), "note", "doctor_obs_old"), ((30, 0), "ok", "doctor_obs"), (None, "ok", "doctor_obs")],
)
def test_obs(monkeypatch, console, version: tuple[int, int] | None, level: str, code: str) -> None:
    monkeypatch.setattr(obs_program, "find", lambda _: ObsProgram("/usr/bin/obs", ("obs",), Path("/c"), version))
    found = next(doctor._obs(console))
    assert (found.level, found.notice.code) == (level, code)


@pytest.mark.parametrize(
    ("found", "code"),
    [([(3, 13, 0), (3, 11, 4)], "doctor_obs_python"), ([(3, 13, 0)], "doctor_obs_no_python")],
)
def test_which_python_obs_takes_on_windows_and_macos(monkeypatch, console, found, code: str) -> None:
    installed = [Interpreter(f"/p/{version[1]}/python", version, True, True, True, True) for version in found]
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(interpreters, "working", lambda: iter(installed))
    monkeypatch.setattr(obs_program, "find", lambda _: ObsProgram("OBS.app", ("OBS",), Path("/c"), (30, 0)))
    last = list(doctor._obs(console))[-1]
    assert last.notice.code == code
    assert last.notice.params["newest"] == "3.11"


def test_a_damaged_preset_is_named(monkeypatch: pytest.MonkeyPatch, console, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    monkeypatch.setattr(doctor.paths, "USER_PRESETS", tmp_path)
    found = list(doctor._presets(console))
    assert [each.level for each in found] == ["note"]


def test_every_chinese_sentence_is_chinese(ready: None, console) -> None:
    console.locale = "zh-CN"
    doctor.run([], console)
    assert "EZVTuber" in console.out
    assert "剩余" in console.out


def findings_about_models(console) -> list[doctor.Finding]:
    found = list(doctor._models(console))
    assert all("{" not in say(each.notice, locale) for each in found for locale in ("en-US", "zh-CN"))
    return found


def test_pictures_are_judged(ready: None, console, picture: Path, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "characters"
    (folder / "broken").mkdir(parents=True)
    (folder / "broken" / "character.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    picture.rename(folder / "round.png")
    monkeypatch.setattr(paths, "CHARACTERS", folder)
    found = [each for each in doctor._pictures(console) if each.level != "note"]
    assert [(each.level, Path(each.facts["path"]).name) for each in found] == [("problem", "character.png"), ("ok", "round.png")]
    assert 0 <= found[1].facts["score"] <= 100 and "round.png" in say(found[1].notice, "zh-CN")


def test_no_model_is_only_a_note(console, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(paths, "MODELS", tmp_path)
    (finding,) = findings_about_models(console)
    assert (finding.level, finding.notice.code) == ("note", "doctor_no_models")
    assert str(tmp_path) in say(finding.notice, "en-US")


def test_models_whole_incomplete_and_broken(ready: None, console, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(paths, "MODELS", tmp_path)
    publish(tmp_path, "tha3:seperable")
    (publish(tmp_path, "tha4", merged=()) / "upscaler.onnx").unlink()
    (publish(tmp_path, "tha4_student:me") / "face_morpher.onnx").write_bytes(b"<html>")
    found = {each.facts["name"]: each for each in findings_about_models(console)}
    assert {name: each.level for name, each in found.items()} == {
        "tha3:seperable": "ok",
        "tha4": "note",
        "tha4_student:me": "problem",
    }
    assert "CC-BY-4.0" in say(found["tha3:seperable"].notice, "en-US")
    assert "upscaler.onnx" in say(found["tha4"].notice, "en-US")
    assert "face_morpher.onnx" in say(found["tha4_student:me"].notice, "en-US")
