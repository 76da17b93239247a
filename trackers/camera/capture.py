"""A camera of this computer through OpenCV, on a thread of its own: opening or reading may hang for as long as it likes."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from ezvtb_core.link import threads
from ezvtb_core.link.messages import Notice
from trackers.camera import devices, opencv
from trackers.camera.devices import Camera
from trackers.camera.pictures import Pace, Picture, Pixels, prepare

logger = logging.getLogger(__name__)

SIZE = (640, 480)
"""Asked of the camera; it may answer with another one."""
OPEN_SECONDS = 10.0
"""A camera that is still opening by then is reported; the attempt goes on."""
FIRST_SECONDS = 5.0
"""A camera without a first picture for this long is in use elsewhere: some open, and then give nothing."""
LOST_SECONDS = 1.5
"""No picture for this long: unplugged, or taken away by the system."""
STUCK_SECONDS = 5.0
"""A read that does not return by then is reported; the thread waits on."""
RETRY_SECONDS = 2.0
JOIN_SECONDS = 0.5


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802 - OpenCV's names
    def set(self, propId: int, value: float) -> bool: ...  # noqa: N803
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


Open = Callable[[int, int], Capture]
"""(index, API) → a capture, opened or not."""


class CameraPictures:
    """`Pictures` of the camera named `wanted`; empty: the first one. Tries again every 2 s while it cannot be had.

    `find` and `open_capture` are for tests.
    """

    def __init__(
        self,
        wanted: str,
        rate: float,
        find: Callable[[], list[Camera]] = devices.cameras,
        open_capture: Open | None = None,
    ) -> None:
        self.label = wanted
        self._wanted, self._rate, self._pace = wanted, rate, Pace(rate)
        self._find, self._open = find, open_capture
        self._ending = threading.Event()
        self._fresh = threading.Condition()
        self._newest: Picture | None = None
        self._problem: Notice | None = None
        self._opening: float | None = time.monotonic()
        self._progress = time.monotonic()
        self._thread = threads.start(self._run, "camera")

    def take(self, timeout: float) -> Picture | None:
        """See `Pictures`."""
        with self._fresh:
            self._fresh.wait_for(lambda: self._newest is not None, timeout)
            picture, self._newest = self._newest, None
            return picture

    def notice(self) -> Notice | None:
        """See `Pictures`."""
        now, opening, problem = time.monotonic(), self._opening, self._problem
        if opening is not None and now - opening > OPEN_SECONDS:
            return Notice("webcam_camera_slow", name=self.label, seconds=round(now - opening))
        if problem is not None:
            return problem
        if opening is not None:
            return Notice("webcam_opening", name=self.label)
        if now - self._progress > STUCK_SECONDS:
            return Notice("webcam_camera_stuck", name=self.label, seconds=round(now - self._progress))
        return None

    def close(self) -> None:
        """See `Pictures`. A thread that hangs in the system is left behind; it releases the camera should it ever return."""
        self._ending.set()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._opening = time.monotonic()
            try:
                problem = self._session()
            except Exception as error:  # the thread's border: OpenCV raises its own kind
                logger.warning("the camera %s failed", self.label, exc_info=True)
                problem = Notice("webcam_camera_failed", name=self.label, detail=str(error)[:200])
            self._opening, self._problem = None, problem
            self._ending.wait(RETRY_SECONDS)

    def _session(self) -> Notice | None:
        """Find the camera, open it and read until it ends; why it ended."""
        cv2 = opencv.load()
        with contextlib.suppress(AttributeError):
            # It would print its disappointment every 2 s while no camera can be had.
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        found = self._find()
        camera = devices.choose(self._wanted, found)
        if camera is None:
            names = ", ".join(each.name for each in found)
            return Notice("webcam_camera_missing", name=self._wanted, known=names) if found else Notice("webcam_no_camera")
        self.label = camera.name
        if devices.denied(camera):
            return Notice("webcam_camera_denied", name=camera.name, path=camera.path)
        for index, api in camera.ways:
            if self._ending.is_set():
                return None
            capture = self._open(index, api) if self._open is not None else cv2.VideoCapture(index, api)
            try:
                if capture.isOpened() and self._stream(cv2, capture):
                    return Notice("webcam_camera_lost", name=camera.name)
            finally:
                capture.release()
        return _unusable(camera)

    def _stream(self, cv2: Any, capture: Capture) -> bool:
        """Read until the camera fails or we end. False when not one picture came."""
        for name, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, SIZE[0]),
            (cv2.CAP_PROP_FRAME_HEIGHT, SIZE[1]),
            (cv2.CAP_PROP_FPS, self._rate),
            (cv2.CAP_PROP_BUFFERSIZE, 1),
        ):
            capture.set(name, value)
        any_came = False
        last = time.monotonic()
        while not self._ending.is_set():
            grabbed = capture.grab()
            now = time.monotonic()
            if not grabbed:
                if now - last > (LOST_SECONDS if any_came else FIRST_SECONDS):
                    return any_came
                self._ending.wait(0.01)
                continue
            last = self._progress = now
            # What is not used is not decoded either.
            if self._pace.due(now):
                decoded, pixels = capture.retrieve()
                if decoded and pixels is not None:
                    self._publish(Picture(now, prepare(cv2, _colour(pixels), cv2.COLOR_BGR2RGB)))
                    any_came = True
        return any_came

    def _publish(self, picture: Picture) -> None:
        self._opening = self._problem = None
        with self._fresh:
            self._newest = picture
            self._fresh.notify()


def _colour(pixels: Pixels) -> Pixels:
    """BGR, also of cameras that give shades of grey (infrared): (H, W) or (H, W, 1)."""
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return pixels
    grey: Pixels = pixels.reshape(pixels.shape[0], pixels.shape[1], -1)[..., :1].repeat(3, axis=2)
    return grey


def _unusable(camera: Camera) -> Notice:
    """Connected, but it cannot be opened or gives nothing: the likely reason on this system."""
    owners = devices.users(camera)
    if owners:
        return Notice("webcam_camera_busy_by", name=camera.name, owners=owners)
    if sys.platform == "win32":
        return Notice("webcam_camera_busy_windows", name=camera.name)
    if sys.platform == "darwin":
        return Notice("webcam_camera_busy_mac", name=camera.name)
    return Notice("webcam_camera_busy", name=camera.name)
