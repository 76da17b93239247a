"""Both hosts, with the real engine: the same contract, word for word."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ezvtb_core.link import environment
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.hosts import EngineHost
from ezvtb_core.link.in_process import ThreadHost
from ezvtb_core.link.settings import FRAME_SIDE, Settings
from ezvtb_core.link.worker_process import ProcessHost, WorkerProcess

CAPACITY = FRAME_SIDE * FRAME_SIDE * 4


@pytest.fixture(params=[ProcessHost, ThreadHost], ids=["process", "thread"])
def host(request, require):
    require("ort-cpu")
    if request.param is ProcessHost and not environment.state().ready:
        pytest.skip("there is no environment beside the script: run `python3 obs_ezvtuber.py install`")
    changes: list[str] = []
    made = request.param(changes.append)
    made.changes = changes
    yield made
    made.stop(5.0)


@pytest.fixture
def buffer():
    made = FrameBuffer.create(CAPACITY)
    yield made
    made.close()


def wait(condition: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.01)


def frames_flow(buffer: FrameBuffer, count: int = 5) -> None:
    first = buffer.newest()
    wait(lambda: buffer.newest() >= first + count)


def test_frames_flow_and_the_status_tells(host, buffer):
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity)
    frames_flow(buffer)
    wait(lambda: host.status("a").state == "running" and host.status("a").fps > 1)
    status = host.status("a")
    assert (status.width, status.height) == (FRAME_SIDE, FRAME_SIDE)
    assert status.model_ms_p50 > 0
    assert "a" in host.changes
    assert host.host_status().state == "running"


def test_frames_are_premultiplied_bgra_with_transparency(host, buffer):
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity)
    frames_flow(buffer)
    copies: list[bytes] = []
    assert buffer.read(lambda frame: copies.append(buffer.copy(frame))) is not None
    pixels = memoryview(copies[-1])
    alpha = bytes(pixels[3::4])
    assert 0 in alpha and 255 in alpha
    assert all(max(bytes(pixels[channel::4][i] for channel in range(3))) <= alpha[i] for i in range(0, len(alpha), 37))


def test_live_settings_reach_the_engine(host, buffer):
    host.open("a", Settings(fps=60).to_json(), buffer.name, buffer.capacity)
    frames_flow(buffer)
    host.update("a", Settings(fps=5).to_json())
    wait(lambda: 0 < host.status("a").fps < 8)


def test_a_hidden_source_is_slowed_down(host, buffer):
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity)
    frames_flow(buffer)
    host.show("a", False)
    wait(lambda: host.status("a").state == "hidden")
    host.show("a", True)
    wait(lambda: host.status("a").state == "running")


def test_a_closed_source_publishes_no_more_and_others_go_on(host, buffer):
    other = FrameBuffer.create(CAPACITY)
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity)
    host.open("b", Settings().to_json(), other.name, other.capacity)
    frames_flow(buffer)
    frames_flow(other)
    host.close("a")
    time.sleep(0.5)
    last = buffer.newest()
    frames_flow(other)
    assert buffer.newest() == last
    other.close()


def test_actions_and_nonsense_do_no_harm(host, buffer):
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity)
    frames_flow(buffer)
    host.act("a", "recentre")
    host.act("a", "somersault")
    host.act("nobody", "recentre")
    host.update("nobody", {})
    host.update("a", {"fps": "often", "model": 7, "unknown": []})
    frames_flow(buffer)


def test_a_frame_buffer_of_another_size_is_explained(host, buffer):
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity * 2)
    wait(lambda: host.status("a").state == "error")
    assert host.status("a").notice.code.startswith("framebuffer_")
    small = FrameBuffer.create(4096)
    host.open("b", Settings().to_json(), small.name, small.capacity)
    wait(lambda: host.status("b").state == "error")
    assert host.status("b").notice.code.startswith("framebuffer_")
    small.close()


def test_stop_ends_everything_in_time(host, buffer):
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity)
    frames_flow(buffer)
    host.stop(5.0)
    last = buffer.newest()
    time.sleep(0.3)
    assert buffer.newest() == last
    leftover = [thread.name for thread in threading.enumerate() if thread.name.startswith("ezvtuber")]
    wait(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("ezvtuber-worker")])
    assert f"ezvtuber-{host.kind}-host" not in leftover


def worker_pid(host: EngineHost) -> int:
    connection = host._connection
    assert isinstance(connection, WorkerProcess)
    return connection.pid


@pytest.mark.parametrize("host", [ProcessHost], indirect=True, ids=["process"])
def test_a_killed_worker_is_replaced_and_frames_go_on_in_the_same_buffer(host, buffer):
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity)
    frames_flow(buffer)
    first = worker_pid(host)
    began = time.monotonic()
    os.kill(first, getattr(signal, "SIGKILL", signal.SIGTERM))
    frames_flow(buffer, 2)
    assert time.monotonic() - began < 10
    wait(lambda: host.host_status().state == "running")
    assert worker_pid(host) != first


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
@pytest.mark.parametrize("host", [ProcessHost], indirect=True, ids=["process"])
def test_a_worker_ends_when_its_input_closes(host, buffer):
    host.open("a", Settings().to_json(), buffer.name, buffer.capacity)
    frames_flow(buffer)
    pid = worker_pid(host)
    host.stop(5.0)
    assert not Path(f"/proc/{pid}").exists()
