from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from ezvtb_core.commands import install
from ezvtb_core.link import installer
from ezvtb_core.link.installer import InstallCancelledError, InstallError
from ezvtb_core.link.messages import Notice


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def pretend(monkeypatch: pytest.MonkeyPatch, outcome: Callable[[Callable[[], bool]], None]) -> None:
    def work(extras: list[str], progress: installer.Progress, cancelled: Callable[[], bool]) -> None:
        progress("packages", 0.123456, Notice("install_downloading", package="numpy", size="16"))
        outcome(cancelled)

    monkeypatch.setattr(installer, "install", work)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))


def test_lines_for_the_panel(monkeypatch: pytest.MonkeyPatch, console) -> None:
    pretend(monkeypatch, lambda _: None)
    assert install.run(["--json"], console) == 0
    first, last = (json.loads(line) for line in console.out.splitlines())
    assert first == {
        "stage": "packages", "fraction": 0.1235, "text": "Downloading numpy (16 MB)…",
        "code": "install_downloading", "params": {"package": "numpy", "size": "16"},
    }  # fmt: skip
    assert last == {"done": True}


def test_an_error_is_the_last_line(monkeypatch: pytest.MonkeyPatch, console) -> None:
    def fail(_: Callable[[], bool]) -> None:
        raise InstallError("install_offline")

    pretend(monkeypatch, fail)
    assert install.run(["--json"], console) == 1
    assert console.data == {"error": {"code": "install_offline", "params": {}}}


@pytest.mark.parametrize("how", ["stdin", "signal"])
def test_cancel(monkeypatch: pytest.MonkeyPatch, console, how: str) -> None:
    def wait(cancelled: Callable[[], bool]) -> None:
        if how == "signal":
            signal.raise_signal(signal.SIGTERM)
        for _ in range(5_000_000):
            if cancelled():
                raise InstallCancelledError("install_cancelled")
        pytest.fail("not cancelled")

    pretend(monkeypatch, wait)
    if how == "stdin":
        monkeypatch.setattr(sys, "stdin", io.StringIO("hello\ncancel\n"))
    assert install.run(["--json"], console) == 1
    assert console.data["error"]["code"] == "install_cancelled"


def test_for_people(monkeypatch: pytest.MonkeyPatch, console) -> None:
    pretend(monkeypatch, lambda _: None)
    assert install.run(["video"], console) == 0
    assert console.out == ""
    assert "12% Downloading numpy (16 MB)…" in console.err
    assert "Ready" in console.err
