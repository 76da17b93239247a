from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.commands import window
from ezvtb_core.frames import premultiply
from ezvtb_core.link import paths
from tests.xvfb import virtual_screen


def test_checkerboard() -> None:
    board = window.checkerboard(64, 48)
    assert board.shape == (48, 64, 4)
    assert (board[..., 3] == 255).all()
    assert set(np.unique(board[..., 0])) == {window.LIGHT, window.DARK}
    assert board[0, 0, 0] != board[0, window.SQUARE, 0] != board[window.SQUARE, window.SQUARE, 0]


def test_before_the_board() -> None:
    board = window.checkerboard(256, 1)
    straight = np.zeros((1, 256, 4), np.uint8)
    straight[0, :, 2] = 200
    straight[0, :, 3] = np.arange(256)
    shown = window.before(board, premultiply(straight))
    alpha = np.arange(256) / 255
    assert (shown[..., 3] == 255).all()
    assert np.abs(shown[0, :, 2] - (200 * alpha + board[0, :, 2] * (1 - alpha))).max() <= 1
    assert np.abs(shown[0, :, 0] - board[0, :, 0] * (1 - alpha)).max() <= 1


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ""}, False),
        ("win32", {}, True),
        ("darwin", {}, True),
    ],
)
def test_has_display(monkeypatch, platform: str, environ: dict[str, str], expected: bool) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert window.has_display(environ) is expected


@pytest.fixture
def display(require) -> Iterator[str]:
    """A display of our own."""
    require("xvfb")
    require("window")
    with virtual_screen("800x600x24") as name:
        yield name


def start(display: str, *argv: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11", "LANG": "C"}
    return subprocess.Popen(
        [sys.executable, str(paths.SCRIPT), "demo", "--json", *argv],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.needs("ort-cpu")
def test_window_for_a_while(display: str) -> None:
    out, err = start(display, "--seconds", "2").communicate(timeout=60)
    assert out.count("\n") == 1, "nothing but the result is on stdout"
    assert '"out": null' in out
    assert '"frames": 0' not in out
    assert "Esc closes" in err


@pytest.mark.needs("ort-cpu", "linux", "window")
@pytest.mark.parametrize("driver", ["", "x11"])
def test_a_display_that_cannot_be_reached_is_a_file_instead(tmp_path: Path, driver: str) -> None:
    environ = {**os.environ, "DISPLAY": ":4711", "LANG": "C", **({"SDL_VIDEODRIVER": driver} if driver else {})}
    done = subprocess.run(
        [sys.executable, str(paths.SCRIPT), "demo", "--seconds", "0.2"], env=environ, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "goes into a file instead" in done.stderr
    assert (tmp_path / "demo.gif").exists()


@pytest.mark.needs("ort-cpu", "posix")
def test_ctrl_c_closes_the_window_with_a_summary(display: str) -> None:
    process = start(display)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert '"fps"' in out
    assert "Traceback" not in err
    assert process.returncode == 0
