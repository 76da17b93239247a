from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.assemble import Assembly
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.status import EngineStatus
from ezvtb_core.service import EngineService
from tests.ezvtb_core.engine_fakes import until

FRAME = 512 * 512 * 4
LIVELY = {"quantise": 0, "idle_motion": 200, "smoothing": 0, "fps": 60}
"""Every tick has a pose of its own."""


@pytest.fixture
def service() -> Iterator[EngineService]:
    made = EngineService(Assembly("fake"))
    yield made
    made.stop()


@pytest.fixture
def buffer() -> Iterator[FrameBuffer]:
    made = FrameBuffer.create(FRAME)
    yield made
    made.close()


def picture(folder: Path, name: str, shade: int) -> str:
    path = folder / name
    pixels = np.zeros((512, 512, 4), np.uint8)
    pixels[60:, 150:360] = (shade, shade, shade, 255)
    Image.fromarray(pixels).save(path)
    return str(path)


def reaches(service: EngineService, source: str, **wanted: object) -> None:
    def reached() -> bool:
        status = service.status()[source]
        return all(getattr(status, name) == value for name, value in wanted.items())

    until(reached)


def grows(buffer: FrameBuffer, frames: int = 5) -> None:
    first = buffer.newest()
    until(lambda: buffer.newest() >= first + frames)


def test_open_publishes_premultiplied_frames(service, buffer, tmp_path):
    service.open("a", {**LIVELY, "character": picture(tmp_path, "a.png", 200)}, buffer.name, FRAME)
    grows(buffer)
    seen: list[bytes] = []
    frame = buffer.read(lambda found: seen.append(buffer.copy(found)))
    assert frame is not None and (frame.width, frame.height) == (512, 512)
    pixels = np.frombuffer(seen[-1], np.uint8).reshape(512, 512, 4)
    assert pixels[400, 256].tolist() == [200, 200, 200, 255]
    assert (pixels[..., :3] <= pixels[..., 3:]).all()
    reaches(service, "a", state="running", model="picture", width=512, tracker="idle", tracker_state="live")


def test_good_unreadable_good_keeps_frames_flowing(service, buffer, tmp_path):
    """No gap of more than 30 frames (half a second here) at any change; measured gaps are 1 to 3."""
    good, other, bad = picture(tmp_path, "a.png", 200), picture(tmp_path, "b.png", 90), tmp_path / "bad.png"
    bad.write_bytes(Path(good).read_bytes()[:200])
    service.open("a", {**LIVELY, "character": good}, buffer.name, FRAME)
    grows(buffer)
    moments: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        newest = buffer.newest()
        while not ended.is_set():
            if buffer.newest() > newest:
                newest = buffer.newest()
                moments.append(time.perf_counter())
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(3):
            service.update("a", {**LIVELY, "character": str(bad)})
            reaches(service, "a", state="error")
            assert service.status()["a"].notice.code == "picture_damaged"
            assert str(bad) in service.status()["a"].notice.params["path"]
            grows(buffer)
            service.update("a", {**LIVELY, "character": other})
            reaches(service, "a", state="running", notice=Notice("engine_running"))
            grows(buffer)
    finally:
        ended.set()
        watcher.join()
    assert max(np.diff(moments)) < 30 / 60
    seen: list[bytes] = []
    buffer.read(lambda found: seen.append(buffer.copy(found)))
    assert np.frombuffer(seen[-1], np.uint8).reshape(512, 512, 4)[400, 256, 0] == 90


def test_two_sources_share_one_session(buffer):
    service, second = EngineService(), FrameBuffer.create(FRAME)
    try:
        service.open("a", {}, buffer.name, FRAME)
        service.open("b", {}, second.name, FRAME)
        grows(buffer, 1)
        grows(second, 1)
        assert len(service.assembly.sessions) == 1
        service.update("b", {"cpu_threads": 1})
        until(lambda: len(service.assembly.sessions) == 2)
        service.close("a")
        until(lambda: len(service.assembly.sessions) == 1)
        reaches(service, "b", state="running")
        service.close("b")
        assert len(service.assembly.sessions) == 0
    finally:
        service.stop()
        second.close()


def test_first_picture_that_is_missing_is_a_status(service, buffer):
    service.open("a", {"character": "/nowhere/a.png"}, buffer.name, FRAME)
    reaches(service, "a", state="error", notice=Notice("picture_missing", path="/nowhere/a.png"))
    assert buffer.newest() == 0
    service.update("a", {})
    reaches(service, "a", state="running", model="puppet")


def test_frame_buffer_that_is_too_small_is_a_sentence_and_another_one_helps(service, buffer):
    small = FrameBuffer.create(256 * 256 * 4)
    service.open("a", LIVELY, small.name, small.capacity)
    reaches(service, "a", state="error")
    notice = service.status()["a"].notice
    assert (notice.code, notice.params["width"], notice.params["capacity"]) == ("framebuffer_frame", 512, 256 * 256 * 4)
    service.buffer("a", buffer.name, FRAME)
    reaches(service, "a", state="running")
    grows(buffer)
    small.close()


@pytest.mark.parametrize(
    ("name", "code"), [("ezvtuber-frames-1-gone", "framebuffer_gone"), ("../../etc/passwd", "framebuffer_name")]
)
def test_frame_buffer_that_is_not_there(service, buffer, name, code):
    service.open("a", LIVELY, name, FRAME)
    reaches(service, "a", state="error")
    assert service.status()["a"].notice.code == code
    service.buffer("a", buffer.name, FRAME)
    grows(buffer)


def test_bad_settings_become_warnings(service, buffer):
    service.open("a", {"fps": 1e9, "nonsense": 1, "smoothing": "much"}, buffer.name, FRAME)
    until(lambda: len(service.status()["a"].warnings) == 2)
    reaches(service, "a", state="running")
    service.update("a", {"fps": 30})
    reaches(service, "a", warnings=[])


def test_unknown_sources_and_actions_are_no_trouble(service, buffer):
    service.update("x", {})
    service.act("x", "recentre")
    service.show("x", True)
    service.buffer("x", buffer.name, FRAME)
    service.close("x")
    service.open("a", {}, buffer.name, FRAME)
    service.act("a", "recentre")
    service.act("a", "explode")
    service.feed("x", "sound", None)
    with pytest.raises(ValueError, match="smell"):
        service.feed("a", "smell", None)
    reaches(service, "a", state="running")


def test_hidden_and_shown(service, buffer):
    service.open("a", LIVELY, buffer.name, FRAME)
    grows(buffer)
    service.show("a", False)
    reaches(service, "a", state="hidden")
    service.show("a", True)
    reaches(service, "a", state="running")
    grows(buffer)


def test_opening_again_replaces(service, buffer):
    second = FrameBuffer.create(FRAME)
    service.open("a", LIVELY, buffer.name, FRAME)
    grows(buffer)
    service.open("a", LIVELY, second.name, FRAME)
    newest = buffer.newest()
    grows(second)
    assert buffer.newest() == newest
    service.close("a")
    second.close()


def test_status_while_sources_come_and_go(service, buffer):
    ended, trouble = threading.Event(), []

    def ask() -> None:
        while not ended.is_set():
            for status in service.status().values():
                if EngineStatus.from_json(status.to_json()).state not in ("starting", "running", "hidden"):
                    trouble.append(status)

    asker = threading.Thread(target=ask)
    asker.start()
    for round_ in range(10):
        service.open(str(round_ % 3), LIVELY, buffer.name, FRAME)
        service.update(str(round_ % 3), {**LIVELY, "mirror": True})
    ended.set()
    asker.join()
    assert not trouble


def test_two_hundred_cycles_leave_no_thread_and_no_file(buffer):
    service = EngineService(Assembly("fake"))
    before = {thread.ident for thread in threading.enumerate()}
    files = Path("/proc/self/fd")
    open_files = len(list(files.iterdir())) if files.is_dir() else 0
    for cycle in range(200):
        service.open(str(cycle % 3), {"fps": 120}, buffer.name, FRAME)
        if cycle % 2:
            service.close(str(cycle % 3))
    service.stop()
    until(lambda: {thread.ident for thread in threading.enumerate()} <= before)
    assert len(service.assembly.sessions) == 0
    if open_files:
        assert len(list(files.iterdir())) <= open_files + 2


def test_stop_with_several_sources(buffer):
    service = EngineService(Assembly("fake"))
    for source in "abc":
        service.open(source, LIVELY, buffer.name, FRAME)
    service.stop()
    service.stop()
    assert service.status() == {}
    newest = buffer.newest()
    time.sleep(0.05)
    assert buffer.newest() == newest
