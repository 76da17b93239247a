from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ezvtb_core.commands import models_download
from ezvtb_core.commands.console import UsageError
from ezvtb_core.link import downloads, fetch
from ezvtb_core.link.downloads import DownloadError
from tests.ezvtb_core.link.file_server import Behaviour, serving

CONTENT = random.Random(5).randbytes(400_000)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    real = downloads.DOWNLOADS["face_landmarker"]
    small = dataclasses.replace(real, size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setitem(downloads.DOWNLOADS, "face_landmarker", small)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    monkeypatch.setattr(fetch, "PAUSE", 0.01)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def placed(folder: Path) -> Path:
    return folder / "mediapipe" / "face_landmarker.task"


def test_for_people(tmp_path: Path, console) -> None:
    with serving(Behaviour(CONTENT)) as url:
        assert models_download.run(["face_landmarker", "--models", str(tmp_path), "--from", url], console) == 0
    assert placed(tmp_path).read_bytes() == CONTENT
    assert "Apache-2.0" in console.err
    assert str(placed(tmp_path)) in console.err
    assert console.out == ""


def test_lines_for_the_panel(tmp_path: Path, console) -> None:
    with serving(Behaviour(CONTENT)) as url:
        assert models_download.run(["face_landmarker", "--models", str(tmp_path), "--from", url, "--json"], console) == 0
    lines = [json.loads(line) for line in console.out.splitlines()]
    assert lines[-1] == {"done": True}
    assert all(set(line) == {"stage", "fraction", "text", "code", "params"} for line in lines[:-1])
    fractions = [line["fraction"] for line in lines[:-1]]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_an_error_is_the_last_line(tmp_path: Path, console) -> None:
    with serving(Behaviour(b"wrong")) as url:
        assert models_download.run(["face_landmarker", "--models", str(tmp_path), "--from", url, "--json"], console) == 1
    assert console.data["error"]["code"] == "download_wrong"


def test_an_error_for_people_is_raised(tmp_path: Path, console) -> None:
    with serving(Behaviour(b"", status=503)) as url, pytest.raises(DownloadError, match="503"):
        models_download.run(["face_landmarker", "--models", str(tmp_path), "--from", url], console)


@pytest.mark.parametrize("how", ["stdin", "signal"])
def test_cancel(tmp_path: Path, console, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    def stop() -> None:
        if how == "signal":
            # As the system would, but from the server's thread.
            signal.raise_signal(signal.SIGTERM)

    if how == "stdin":
        monkeypatch.setattr(sys, "stdin", io.StringIO("hello\ncancel\n"))
    behaviour = Behaviour(CONTENT, breaks_after=[0] * 100, on_block=stop)
    if how == "signal":
        behaviour.breaks_after = [100_000] + [0] * 100
    with serving(behaviour) as url:
        assert models_download.run(["face_landmarker", "--models", str(tmp_path), "--from", url, "--json"], console) == 1
    assert console.data["error"]["code"] == "download_cancelled"
    assert not placed(tmp_path).exists()


def test_without_a_name_it_lists_what_there_is(tmp_path: Path, console) -> None:
    assert models_download.run(["--models", str(tmp_path)], console) == 0
    assert "face_landmarker" in console.out
    assert "not here" in console.out
    assert models_download.run(["--models", str(tmp_path), "--json"], console) == 0
    (listed,) = console.data["downloads"]
    assert (listed["name"], listed["there"], listed["licence"]) == ("face_landmarker", False, "Apache-2.0")


def test_bad_input(console) -> None:
    with pytest.raises(UsageError, match="face_landmarker"):
        models_download.run(["face_landmaker"], console)
    with pytest.raises(UsageError, match="exactly one"):
        models_download.run(["--from", "x"], console)
