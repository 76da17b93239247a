from __future__ import annotations

import json
import threading

import pytest

from ezvtb_core.commands import devices, entry
from trackers.camera.devices import Camera


def test_parts_that_hang_or_fail_cost_their_own_list_only() -> None:
    hangs = threading.Event()

    def hang() -> list[str]:
        hangs.wait()
        return ["late"]

    def fail() -> list[str]:
        raise OSError("no driver")

    found, late = devices.gather({"cameras": hang, "microphones": fail, "addresses": lambda: ["192.0.2.1"]}, limit=0.2)
    hangs.set()
    assert found == {"cameras": [], "microphones": [], "addresses": ["192.0.2.1"]}
    assert late == ["cameras"]


def test_names_for_programs_and_for_people(monkeypatch: pytest.MonkeyPatch, console) -> None:
    monkeypatch.setattr("trackers.camera.devices.cameras", lambda: [Camera("USB 摄像头", ((0, 200),))])
    monkeypatch.setitem(devices.PARTS, "microphones", list)
    assert devices.run(["--json"], console) == 0
    assert console.data["cameras"] == ["USB 摄像头"]
    assert console.data["microphones"] == []
    assert all(not address.startswith("127.") for address in console.data["addresses"])
    assert devices.run([], console) == 0
    assert "Cameras\n  USB 摄像头\nMicrophones\n  none\n" in console.out


@pytest.mark.slow
def test_the_command_line_knows_it(capsys) -> None:
    assert entry.main(["devices", "--json"], {"LANG": "C"}) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"cameras", "microphones", "addresses", "late"}
