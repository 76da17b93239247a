"""ezvtb_core/commands/doctor_trackers.py: each tracker's needs are looked at, quickly, and each lack has a next step."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest

import trackers.listening
import trackers.pointer
from ezvtb_core.commands import devices, doctor, doctor_trackers
from ezvtb_core.commands.finding import Finding
from ezvtb_core.link import catalogue, downloads, environment, paths
from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import OPTIONS


@pytest.fixture(autouse=True)
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "is_current", lambda *_: True)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalogue, "folders", lambda _: (tmp_path,))
    return tmp_path


def codes(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    found = list(findings)
    for finding in found:
        for locale in ("en-US", "zh-CN"):
            assert "{" not in say(finding.notice, locale)
        json.dumps(finding.to_json("en-US"))
    return [(finding.level, finding.notice.code) for finding in found]


def test_every_port_is_looked_at() -> None:
    found = list(doctor_trackers.listening())
    codes(found)
    assert {finding.facts["tracker"] for finding in found} == {"ifacialmocap", "vtube_studio", "vmc", "openseeface", "lan"}
    assert all(finding.facts["port"] == OPTIONS[f"{finding.facts['tracker']}_port"].default for finding in found)


def test_address_and_firewall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "addresses", lambda: ["192.168.1.5", "10.0.0.2"])
    monkeypatch.setattr(trackers.listening, "firewall", lambda port: Notice("firewall_ufw", port=port))
    found = list(doctor_trackers.network())
    assert codes(found) == [("ok", "doctor_address"), ("ok", "doctor_firewall")]
    assert "192.168.1.5" in say(found[0].notice, "en-US")
    assert "ufw allow 49983/udp" in say(found[1].notice, "en-US")
    assert found[0].facts == {"addresses": ["192.168.1.5", "10.0.0.2"]}
    monkeypatch.setattr(trackers.listening, "firewall", lambda port: Notice("firewall_other", port=port))
    assert codes(doctor_trackers.network()) == [("ok", "doctor_address")]
    monkeypatch.setattr(devices, "addresses", list)
    assert codes(doctor_trackers.network()) == [("note", "doctor_no_network")]


def test_webcam(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_trackers, "_has", lambda package: package != "mediapipe")
    assert codes(doctor_trackers.webcam()) == [("note", "webcam_not_installed")]
    monkeypatch.setattr(doctor_trackers, "_has", lambda _: True)
    assert codes(doctor_trackers.webcam()) == [("note", "webcam_no_model")]
    wanted = downloads.DOWNLOADS["face_landmarker"]
    wanted.target(models).parent.mkdir()
    wanted.target(models).write_bytes(b"half of it")
    assert codes(doctor_trackers.webcam()) == [("problem", "webcam_model_damaged")]
    with wanted.target(models).open("r+b") as file:
        file.truncate(wanted.size)
    (finding,) = doctor_trackers.webcam()
    assert (finding.notice.code, finding.facts["model"]) == ("doctor_webcam", str(wanted.target(models)))


def test_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(code: int, out: bytes = b"", err: bytes = b"") -> None:
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=code, stdout=out, stderr=err))

    answers(0, b"chatter\nALSA\n")
    (finding,) = doctor_trackers.sound()
    assert (finding.level, finding.facts["sound"]) == ("ok", "ALSA")
    answers(1, err=b"Traceback\nOSError: PortAudio library not found\n")
    (finding,) = doctor_trackers.sound()
    assert finding.level == "note"
    assert "PortAudio library not found" in say(finding.notice, "en-US")

    def hangs(command: list[str], **options: object) -> None:
        raise subprocess.TimeoutExpired(command, doctor_trackers.SOUND_SECONDS)

    monkeypatch.setattr(subprocess, "run", hangs)
    assert codes(doctor_trackers.sound()) == [("note", "sound_library")]


def test_sound_as_it_is_here() -> None:
    assert codes(doctor_trackers.sound())[0] in (("ok", "doctor_sound"), ("note", "sound_library"))


class _Pointer:
    closed = False

    def place(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def test_pointer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _Pointer()
    monkeypatch.setattr(trackers.pointer, "open_pointer", lambda: found)
    assert codes(doctor_trackers.pointer()) == [("ok", "doctor_pointer")]
    assert found.closed

    def refuse() -> None:
        raise trackers.pointer.PointerError("mouse_wayland")

    monkeypatch.setattr(found, "place", refuse)
    (finding,) = doctor_trackers.pointer()
    assert (finding.level, finding.notice.code, finding.facts["pointer"]) == ("note", "mouse_wayland", False)


def test_pointer_as_it_is_here() -> None:
    assert len(codes(doctor_trackers.pointer())) == 1


def test_vmc(monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes(doctor_trackers.vmc()) == [("ok", "doctor_vmc")]
    monkeypatch.setattr(doctor_trackers, "_has", lambda _: False)
    (finding,) = doctor_trackers.vmc()
    assert "python-osc" in say(finding.notice, "en-US")


def test_recordings_and_broken_expressions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "CLIPS", tmp_path)
    monkeypatch.setattr(paths, "EXPRESSIONS", tmp_path)
    assert codes(doctor_trackers.kept()) == []
    (tmp_path / "a.npz").write_bytes(b"")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bad.json").write_text("{")
    assert codes(doctor_trackers.kept()) == [("ok", "doctor_clips"), ("note", "expression_damaged")]


def test_before_the_installation_only_ports_are_looked_at(monkeypatch: pytest.MonkeyPatch, console) -> None:
    monkeypatch.setattr(environment, "is_current", lambda *_: False)
    monkeypatch.setattr(paths, "CLIPS", paths.ROOT / "nowhere")
    assert list(doctor._trackers(console)) == []
    assert list(doctor._ports(console))


def test_packages() -> None:
    assert doctor_trackers._has("numpy")
    assert not doctor_trackers._has("no_such_package_anywhere")


def test_it_is_quick(console) -> None:
    began = time.perf_counter()
    found = [*doctor._ports(console), *doctor._trackers(console)]
    print(f"{len(found)} findings in {time.perf_counter() - began:.2f} s")
    assert len(found) > 8
