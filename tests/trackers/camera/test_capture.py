"""The camera thread against a camera that does everything wrong, and against real OpenCV reading a film."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.peers import wait_until
from tests.trackers.camera.fakes import FakeCapture, needs_opencv, portrait
from trackers.camera import capture, opencv
from trackers.camera.capture import CameraPictures
from trackers.camera.devices import CAP_DSHOW, CAP_MSMF, CAP_V4L2, Camera

pytestmark = needs_opencv
USB = Camera("USB camera", ((0, CAP_V4L2),))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_SECONDS", "LOST_SECONDS", "RETRY_SECONDS"):
        monkeypatch.setattr(capture, name, 0.05)


@pytest.fixture
def watch() -> Iterator[Callable[..., CameraPictures]]:
    """Makes `CameraPictures` that are closed at the end."""
    made: list[CameraPictures] = []

    def make(opened: Callable[[int, int], object], found: list[Camera] | None = None, wanted: str = "", rate: float = 60.0):
        made.append(CameraPictures(wanted, rate, lambda: [USB] if found is None else found, opened))
        return made[-1]

    yield make
    for pictures in made:
        pictures.close()


def code(pictures: CameraPictures) -> str:
    notice = pictures.notice()
    return "" if notice is None else notice.code


def test_the_fake_has_what_opencv_has() -> None:
    cv2 = opencv.load()
    real = cv2.VideoCapture()
    fake = FakeCapture()
    for name in ("isOpened", "set", "grab", "retrieve", "release"):
        assert callable(getattr(real, name))
        assert callable(getattr(fake, name))
    # What the real one answers when it has no camera.
    assert (real.isOpened(), real.grab(), real.set(3, 640.0)) == (False, False, False)
    assert real.retrieve()[0] is False
    assert {CAP_V4L2, CAP_DSHOW, CAP_MSMF} == {cv2.CAP_V4L2, cv2.CAP_DSHOW, cv2.CAP_MSMF}
    assert cv2.CAP_AVFOUNDATION == 1200


def test_pictures_come_and_only_the_newest_is_kept(watch) -> None:
    camera = FakeCapture()
    pictures = watch(lambda *_: camera)
    assert pictures.take(5.0) is not None
    assert pictures.notice() is None
    assert pictures.label == "USB camera"
    count = camera.retrieved
    assert wait_until(lambda: camera.retrieved > count + 4)
    first = pictures.take(5.0)
    assert first is not None
    # All the others were dropped.
    second = pictures.take(5.0)
    assert second is not None
    assert second.time > first.time
    cv2 = opencv.load()
    assert camera.settings[cv2.CAP_PROP_FRAME_WIDTH] == 640
    assert camera.settings[cv2.CAP_PROP_BUFFERSIZE] == 1


def test_what_is_not_wanted_is_not_decoded(watch) -> None:
    camera = FakeCapture(interval=0.002)
    grabs = [0]

    def count() -> None:
        grabs[0] += 1

    camera.before_grab = count
    watch(lambda *_: camera, rate=5.0)
    assert wait_until(lambda: grabs[0] >= 150)
    assert camera.retrieved < grabs[0] / 4


def test_closing_releases_the_camera(watch) -> None:
    camera = FakeCapture()
    pictures = watch(lambda *_: camera)
    assert pictures.take(5.0) is not None
    pictures.close()
    assert camera.released.is_set()
    pictures.close()


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ([], "", "webcam_no_camera"),
        ([USB], "Logi", "webcam_camera_missing"),
    ],
)
def test_no_such_camera(watch, found: list[Camera], wanted: str, expected: str) -> None:
    pictures = watch(lambda *_: FakeCapture(), found=found, wanted=wanted)
    assert wait_until(lambda: code(pictures) == expected)
    assert pictures.take(0.01) is None


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", "webcam_camera_busy"), ("win32", "webcam_camera_busy_windows"), ("darwin", "webcam_camera_busy_mac")],
)
@pytest.mark.parametrize("camera", [{"opens": False}, {"gives": False}])
def test_in_use_by_another_program(watch, monkeypatch, camera: dict[str, bool], platform: str, expected: str) -> None:
    pictures = watch(lambda *_: FakeCapture(**camera))
    # After the thread was started: starting one asks for the platform too.
    monkeypatch.setattr(capture.sys, "platform", platform)
    assert wait_until(lambda: code(pictures) == expected)


@pytest.mark.needs("linux")
def test_the_program_that_uses_it_is_named(watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture.devices, "users", lambda _: "obs (42)")
    pictures = watch(lambda *_: FakeCapture(opens=False))
    assert wait_until(lambda: code(pictures) == "webcam_camera_busy_by")
    notice = pictures.notice()
    assert notice is not None
    assert notice.params["owners"] == "obs (42)"


def test_each_way_is_tried_until_one_gives_pictures(watch) -> None:
    tried: list[int] = []

    def opened(index: int, api: int) -> FakeCapture:
        tried.append(api)
        return FakeCapture(gives=api == CAP_MSMF)

    pictures = watch(opened, found=[Camera("HD", ((0, CAP_DSHOW), (1, CAP_MSMF)))])
    assert pictures.take(5.0) is not None
    assert tried == [CAP_DSHOW, CAP_MSMF]


def test_unplugged_and_plugged_in_again(watch) -> None:
    cameras: list[FakeCapture] = []

    def opened(*_: int) -> FakeCapture:
        cameras.append(FakeCapture())
        return cameras[-1]

    pictures = watch(opened)
    assert pictures.take(5.0) is not None
    cameras[0].gives = False
    assert wait_until(lambda: code(pictures) == "webcam_camera_lost")
    assert cameras[0].released.is_set()
    assert wait_until(lambda: len(cameras) > 1 and pictures.take(0.01) is not None)
    assert pictures.notice() is None


def test_an_open_that_hangs_is_said_and_hangs_nobody(watch, monkeypatch: pytest.MonkeyPatch) -> None:
    opening, release = threading.Event(), threading.Event()
    camera = FakeCapture()

    def opened(*_: int) -> FakeCapture:
        opening.set()
        release.wait()
        return camera

    pictures = watch(opened)
    assert opening.wait(5.0)
    assert code(pictures) == "webcam_opening"
    monkeypatch.setattr(capture, "OPEN_SECONDS", 0.0)
    assert code(pictures) == "webcam_camera_slow"
    monkeypatch.setattr(capture, "JOIN_SECONDS", 0.02)
    pictures.close()
    assert not camera.released.is_set()
    # Should it ever return, the thread that was left behind lets go of the camera.
    release.set()
    assert camera.released.wait(5.0)


def test_a_read_that_hangs_is_said(watch, monkeypatch: pytest.MonkeyPatch) -> None:
    hang, hanging = threading.Event(), threading.Event()
    camera = FakeCapture()
    pictures = watch(lambda *_: camera)
    assert pictures.take(5.0) is not None

    def block() -> None:
        hanging.set()
        hang.wait()

    camera.before_grab = block
    assert hanging.wait(5.0)
    monkeypatch.setattr(capture, "STUCK_SECONDS", 0.0)
    assert wait_until(lambda: code(pictures) == "webcam_camera_stuck")
    hang.set()


def test_an_error_of_opencv_is_shown_and_tried_again(watch) -> None:
    calls = [0]

    def opened(*_: int) -> FakeCapture:
        calls[0] += 1
        if calls[0] == 1:
            raise opencv.load().error("bad device")
        return FakeCapture()

    pictures = watch(opened)
    assert wait_until(lambda: calls[0] > 1 and pictures.take(0.01) is not None)


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1)])
def test_infrared_cameras_give_shades_of_grey(watch, shape: tuple[int, ...]) -> None:
    pictures = watch(lambda *_: FakeCapture(np.full(shape, 77, np.uint8)))
    picture = pictures.take(5.0)
    assert picture is not None
    assert picture.rgb.shape == (48, 64, 3)
    assert (picture.rgb == 77).all()


def test_opencv_reads_a_real_film_and_opens_it_again_at_its_end(watch, tmp_path: Path) -> None:
    cv2 = opencv.load()
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 30.0, (640, 480))
    face = portrait()
    for _ in range(20):
        writer.write(face)
    writer.release()
    opened: list[int] = []

    def read(*_: int) -> object:
        opened.append(1)
        return cv2.VideoCapture(str(film))

    pictures = watch(read)
    picture = pictures.take(10.0)
    assert picture is not None
    assert np.abs(picture.rgb.astype(int) - face[..., ::-1]).mean() < 4
    assert wait_until(lambda: len(opened) > 1 and pictures.take(0.01) is not None)


@pytest.mark.needs("linux")
def test_opencv_without_any_camera(watch) -> None:
    if Path("/dev/video0").exists():
        pytest.skip("there is a camera here")
    pictures = CameraPictures("", 30.0, lambda: [Camera("nobody", ((0, CAP_V4L2),))])
    assert wait_until(lambda: code(pictures) == "webcam_camera_busy")
    pictures.close()
    assert sys.platform.startswith("linux")
