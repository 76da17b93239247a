"""The worker process at its pipes: messages in, messages out, nothing else, and an end when its input ends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ezvtb_core.link import protocol
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.settings import FRAME_SIDE, Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def worker():
    command = [sys.executable, "-X", "utf8", "-u", str(ROOT / "obs_ezvtuber.py"), "worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        yield process
        if process.poll() is None:
            process.kill()


def say(worker: subprocess.Popen[bytes], line: bytes) -> None:
    assert worker.stdin is not None
    worker.stdin.write(line + b"\n")
    worker.stdin.flush()


def hear(worker: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert worker.stdout is not None
    heard = json.loads(worker.stdout.readline())
    assert isinstance(heard, dict)
    return heard


def test_it_introduces_itself_and_gives_signs_of_life(worker):
    ready = hear(worker)["ready"]
    assert ready["protocol"] == protocol.VERSION
    assert ready["pid"] == worker.pid
    assert hear(worker) == {"status": {}}


def test_nonsense_does_not_end_it(worker):
    hear(worker)
    buffer = FrameBuffer.create(FRAME_SIDE * FRAME_SIDE * 4)
    for line in (
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"do": "fly"}',
        b'{"do": "open"}',
        b'{"do": "close", "source": []}',
    ):
        say(worker, line)
    opening = {"do": "open", "source": "a", "settings": Settings().to_json(), "buffer": buffer.name, "capacity": buffer.capacity}
    say(worker, json.dumps({**opening, "visible": True}).encode())
    end = time.monotonic() + 20
    while buffer.newest() < 3:
        assert time.monotonic() < end
        assert worker.poll() is None
        hear(worker)
    buffer.close()


def test_it_ends_when_its_input_ends(worker):
    hear(worker)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(10) == 0
