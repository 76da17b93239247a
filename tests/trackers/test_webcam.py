"""The webcam tracker with real MediaPipe: pictures of the bundled character from a camera that is not there, and from OBS."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ezvtb_core import pose
from ezvtb_core.link.feeds import Feed, Feeds
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.settings import Settings
from tests.peers import wait_until
from tests.trackers.camera.fakes import MODELS, FakeCapture, needs_model, needs_opencv, portrait
from trackers import create, face_landmarker, webcam
from trackers.camera.capture import CameraPictures
from trackers.camera.devices import CAP_V4L2, Camera
from trackers.context import Context
from trackers.webcam import WebcamTracker

pytestmark = needs_opencv
BLACK = np.zeros((480, 640, 3), np.uint8)
WALL = np.full((480, 640, 3), 128, np.uint8)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., WebcamTracker]]:
    """Starts trackers on a camera of the test's, and stops them at the end."""
    made: list[WebcamTracker] = []

    def make(camera: FakeCapture | None = None, feeds: Feeds | None = None, notify: Any = None, **settings: Any):
        found = [] if camera is None else [Camera("USB camera", ((0, CAP_V4L2),))]
        monkeypatch.setattr(
            webcam, "CameraPictures", functools.partial(CameraPictures, find=lambda: found, open_capture=lambda *_: camera)
        )
        chosen = Settings(**{"tracker": "webcam", "models_folder": str(MODELS), **settings})
        made.append(WebcamTracker(chosen, Context(feeds=feeds or Feeds(), calibrations=tmp_path, clips=tmp_path)))
        made[-1].start(notify)
        return made[-1]

    yield make
    for tracker in made:
        tracker.stop()


def code(tracker: WebcamTracker) -> str:
    return tracker.status().notice.code


@needs_model
def test_a_face_gives_poses_and_is_said(watch) -> None:
    told = threading.Event()
    tracker = watch(FakeCapture(portrait()), notify=told.set)
    assert wait_until(lambda: tracker.status().state == "live", 30.0)
    assert told.is_set()
    latest = tracker.latest()
    assert latest is not None
    assert time.monotonic() - latest.time < 5.0
    assert latest.pose.shape == (pose.SIZE,)
    assert ((latest.pose >= pose.LOWEST) & (latest.pose <= pose.HIGHEST)).all()
    status = tracker.status()
    assert status.notice.params["name"] == "USB camera"
    assert 0 < status.rate <= 60
    tracker.recentre()
    tracker.update(Settings(tracker="webcam", models_folder=str(MODELS), mapping="easyvtuber"))
    before = tracker.latest()
    assert wait_until(lambda: tracker.latest() is not before)


@needs_model
def test_a_lost_face_a_covered_lens_and_back(watch) -> None:
    camera = FakeCapture(portrait())
    tracker = watch(camera)
    assert wait_until(lambda: tracker.status().state == "live", 30.0)
    camera.picture = WALL
    assert wait_until(lambda: (tracker.status().state, code(tracker)) == ("lost", "webcam_no_face"))
    lost = tracker.latest()
    camera.picture = BLACK
    assert wait_until(lambda: code(tracker) == "webcam_dark")
    assert tracker.latest() is lost
    camera.picture = portrait()
    assert wait_until(lambda: tracker.status().state == "live")


@needs_model
def test_an_unplugged_camera_is_an_error_until_it_is_back(watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trackers.camera.capture.LOST_SECONDS", 0.05)
    monkeypatch.setattr("trackers.camera.capture.RETRY_SECONDS", 0.05)
    camera = FakeCapture(portrait())
    tracker = watch(camera)
    assert wait_until(lambda: tracker.status().state == "live", 30.0)
    camera.gives = False
    assert wait_until(lambda: tracker.status().state == "error")
    camera.gives = True
    camera.released.clear()
    assert wait_until(lambda: tracker.status().state == "live")


@needs_model
def test_no_camera_at_all(watch) -> None:
    tracker = watch(None)
    assert wait_until(lambda: code(tracker) == "webcam_no_camera", 30.0)
    assert tracker.status().state == "error"
    assert tracker.latest() is None


@needs_model
def test_a_source_of_obs(watch) -> None:
    feeds = Feeds()
    tracker = watch(feeds=feeds, webcam_source="obs")
    assert wait_until(lambda: code(tracker) == "webcam_no_source", 30.0)
    buffer = FrameBuffer.create(640 * 480 * 4)
    feeds.set("camera", Feed(buffer.name, buffer.capacity, "Cam in OBS"))
    bgra = np.dstack([portrait(), np.full((480, 640), 255, np.uint8)])

    def follow() -> bool:
        buffer.publish(memoryview(np.ascontiguousarray(bgra)).cast("B"), 640, 480)
        return tracker.status().state == "live"

    assert wait_until(follow, poll=0.02)
    assert tracker.status().notice.params["name"] == "Cam in OBS"
    tracker.stop()
    buffer.close()


def test_a_model_that_arrives_is_used_without_a_restart(watch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(webcam, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr("ezvtb_core.link.paths.MODELS", tmp_path / "none")
    tracker = watch(FakeCapture(portrait()), models_folder=str(tmp_path))
    assert wait_until(lambda: code(tracker) == "webcam_no_model")
    assert tracker.status().state == "error"
    source = MODELS / "mediapipe" / "face_landmarker.task"
    if not source.is_file():
        pytest.skip("MISSING MODEL: mediapipe/face_landmarker.task is not beside this repository")
    (tmp_path / "new.part").write_bytes(source.read_bytes())
    (tmp_path / "new.part").rename(tmp_path / "face_landmarker.task")
    assert wait_until(lambda: tracker.status().state == "live", 30.0)


def test_missing_packages_are_named(watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_landmarker, "installed", lambda: False)
    tracker = watch(FakeCapture())
    assert wait_until(lambda: code(tracker) == "webcam_not_installed")
    assert tracker.status().state == "error"


@needs_model
def test_an_error_inside_is_shown_and_begun_again(watch, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setattr(webcam, "RETRY_SECONDS", 0.3)
    broken = [True]
    real = face_landmarker.face_frame

    def fail(*arguments: Any) -> Any:
        if broken[0]:
            raise RuntimeError("graph has errors")
        return real(*arguments)

    monkeypatch.setattr(face_landmarker, "face_frame", fail)
    camera = FakeCapture(portrait())
    tracker = watch(camera)
    assert wait_until(lambda: code(tracker) == "webcam_failed", 30.0)
    assert camera.released.is_set()
    camera.released.clear()
    broken[0] = False
    assert wait_until(lambda: tracker.status().state == "live", 30.0)


@needs_model
def test_stopped_while_it_loads_it_leaves_the_camera_alone(watch, monkeypatch: pytest.MonkeyPatch) -> None:
    loading, go_on = threading.Event(), threading.Event()

    class Slow(face_landmarker.FaceLandmarker):
        def __init__(self, folders: Any) -> None:
            super().__init__(folders)
            loading.set()
            go_on.wait()

    monkeypatch.setattr(webcam, "FaceLandmarker", Slow)
    opened: list[Any] = []
    tracker = watch(FakeCapture())
    monkeypatch.setattr(webcam, "CameraPictures", lambda *_: opened.append(1))
    assert code(tracker) == "webcam_starting"
    assert loading.wait(30.0)
    monkeypatch.setattr(webcam, "JOIN_SECONDS", 0.02)
    thread = tracker._thread
    tracker.stop()
    go_on.set()
    assert thread is not None
    thread.join(10.0)
    assert not thread.is_alive()
    assert opened == []


@needs_model
def test_stopping_frees_the_camera(watch) -> None:
    camera = FakeCapture(portrait())
    tracker = watch(camera)
    assert wait_until(lambda: tracker.latest() is not None, 30.0)
    tracker.stop()
    assert camera.released.is_set()
    tracker.stop()


def test_it_is_in_the_table() -> None:
    assert isinstance(create(Settings(tracker="webcam")), WebcamTracker)
