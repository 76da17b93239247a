"""The tracker that looks at the person itself: a camera, or a source of OBS, and MediaPipe's FaceLandmarker."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from ezvtb_core.link import catalogue, threads
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers.camera.capture import CameraPictures
from trackers.camera.feed import ObsPictures
from trackers.camera.pictures import Picture, Pictures
from trackers.context import Context
from trackers.face_landmarker import FaceLandmarker
from trackers.face_reader import FaceReader

logger = logging.getLogger(__name__)

LOST_SECONDS = 0.5
"""No face for this long is said; a turned head or a hand costs single pictures."""
RETRY_SECONDS = 2.0
"""Between two looks for packages or a model that were missing: what gets installed is used without a restart."""
JOIN_SECONDS = 0.8
LOG_SECONDS = 30.0
DARK = 16.0
"""Mean of 0..255 below which a picture is black: a cover, a privacy switch, or no light."""


class WebcamTracker:
    """A `Tracker`. Uses the settings `webcam_source`, `camera`, `webcam_fps` and `models_folder`, and those of `FaceReader`."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._reader = FaceReader("webcam", settings, context)
        self._latest: TrackedPose | None = None
        self._notify: Callable[[], None] | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._pictures: Pictures | None = None
        self._problem: Notice | None = None
        self._dark = False
        self._next_log = float("-inf")
        self._arrivals: deque[float] = deque(maxlen=128)
        """When the last pictures had been looked at."""

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """See `Tracker`."""
        self._notify = notify
        self._thread = threads.start(self._run, "webcam")

    def stop(self) -> None:
        """See `Tracker`."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
            self._thread = None
        self._reader.close()

    def update(self, settings: Settings) -> None:
        """Take over the settings that apply live: those of `FaceReader`."""
        self._settings = settings
        self._reader.update(settings)

    def latest(self) -> TrackedPose | None:
        """See `Tracker`."""
        return self._latest

    def recentre(self) -> None:
        """See `Tracker`; the next half second becomes straight ahead."""
        self._reader.recentre()

    def status(self) -> TrackerStatus:
        """See `Tracker`."""
        now = time.monotonic()
        rate = float(sum(now - arrival <= 1.0 for arrival in tuple(self._arrivals)))
        state, notice = self._judge(now, rate)
        return TrackerStatus(state, notice, rate)

    def _judge(self, now: float, rate: float) -> tuple[str, Notice]:
        pictures, latest = self._pictures, self._latest
        if self._problem is not None:
            return "error", self._problem
        if pictures is None:
            return "starting", Notice("webcam_starting")
        trouble = pictures.notice()
        if trouble is not None:
            return "starting" if trouble.code == "webcam_opening" else "error", trouble
        if not self._arrivals:
            return "starting", Notice("webcam_opening", name=pictures.label)
        if latest is not None and now - latest.time <= LOST_SECONDS:
            return "live", Notice("webcam_live", name=pictures.label, rate=round(rate))
        state = "waiting" if latest is None else "lost"
        if self._dark:
            return state, Notice("webcam_dark", name=pictures.label)
        return state, Notice("webcam_no_face", name=pictures.label)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._follow()
            except NoticeError as error:
                self._problem = error.notice
            except Exception as error:  # noqa: BLE001 - the tracker thread's border; shown, logged, and begun again
                self._log()
                self._problem = Notice("webcam_failed", detail=str(error)[:200])
            self._ending.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        """Look at pictures until the end. Raises NoticeError when that cannot begin."""
        with contextlib.closing(FaceLandmarker(catalogue.folders(self._settings.models_folder))) as landmarker:
            if self._ending.is_set():
                return  # loading took long, and nobody waits for it any more: leave the camera alone
            with contextlib.closing(self._open()) as pictures:
                self._pictures, self._problem = pictures, None
                try:
                    while not self._ending.is_set():
                        picture = pictures.take(0.1)
                        if picture is not None:
                            self._look(landmarker, picture)
                finally:
                    self._pictures = None

    def _log(self) -> None:
        now = time.monotonic()
        if now >= self._next_log:
            self._next_log = now + LOG_SECONDS
            logger.exception("the webcam tracker failed")

    def _open(self) -> Pictures:
        settings = self._settings
        if settings.webcam_source == "obs":
            return ObsPictures(self._context.feeds, settings.webcam_fps)
        return CameraPictures(settings.camera, settings.webcam_fps)

    def _look(self, landmarker: FaceLandmarker, picture: Picture) -> None:
        frame, mesh = landmarker.find(picture, mesh=self._settings.mapping == "easyvtuber")
        self._arrivals.append(time.monotonic())
        pose = self._reader.read(frame, mesh)
        if pose is None:
            self._dark = not frame.present and float(picture.rgb[::16, ::16].mean()) < DARK
            return
        self._latest = pose
        if self._notify is not None:
            self._notify()
