"""Mouse: the character looks at the pointer. The mouth, from sound, is `trackers.sound`'s."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ezvtb_core.link import threads
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers.calibration_file import CalibrationFile
from trackers.context import Context
from trackers.mouse_motion import MouseMotion
from trackers.pointer import Place, Pointer, PointerError, Screen, open_pointer

logger = logging.getLogger(__name__)

RATE = 60.0
RETRY_SECONDS = 2.0
_SCREEN_SECONDS = 5.0
"""Between two looks at the size of the screen: it may be changed while this runs."""
_JOIN_SECONDS = 0.8
_LIMITS = {"x": (-65536.0, 65536.0), "y": (-65536.0, 65536.0)}


class MouseTracker:
    """Reads the pointer on a thread of its own. Where it cannot be read the character moves idly, and the status says why.

    Straight ahead is the middle of the main screen, or wherever the pointer was when `recentre` was called; that is kept.
    """

    def __init__(self, settings: Settings, context: Context, open_pointer: Callable[[], Pointer] = open_pointer) -> None:
        """`open_pointer` may raise PointerError; it is tried again every 2 s."""
        self._open = open_pointer
        self._amount = settings.idle_motion / 100
        self._motion = MouseMotion(context.seed)
        self._file = CalibrationFile(context.calibrations, "mouse")
        self._notify: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._recentre = False
        self._centre: Place | None = None
        self._away = (0.0, 0.0)
        self._latest: TrackedPose | None = None
        self._status = TrackerStatus("starting", Notice("mouse_starting"))

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """See `Tracker`."""
        self._notify = notify
        self._thread = threads.start(self._run, "mouse")

    def stop(self) -> None:
        """See `Tracker`."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def latest(self) -> TrackedPose | None:
        """See `Tracker`."""
        return self._latest

    def status(self) -> TrackerStatus:
        """See `Tracker`."""
        return self._status

    def update(self, settings: Settings) -> None:
        """See `Tracker`."""
        self._amount = settings.idle_motion / 100

    def recentre(self) -> None:
        """Take the pointer's present place as straight ahead."""
        self._recentre = True

    def _run(self) -> None:
        saved = self._file.load(_LIMITS)
        if len(saved) == len(_LIMITS):
            self._centre = Place(saved["x"], saved["y"])
        while not self._stopping.is_set():
            try:
                pointer = self._open()
                try:
                    self._follow(pointer)
                finally:
                    pointer.close()
            except PointerError as error:
                self._trouble(error.notice)
            except Exception as error:  # the tracker thread's border: it must outlive anything
                logger.exception("the mouse pointer")
                self._trouble(Notice("mouse_failed", detail=str(error)))

    def _follow(self, pointer: Pointer) -> None:
        """Until the end. Raises PointerError."""
        screen, due = pointer.screen(), time.monotonic() + _SCREEN_SECONDS
        self._status = TrackerStatus("live", Notice("mouse_live"), RATE)
        while not self._stopping.wait(1 / RATE):
            now = time.monotonic()
            if now >= due:
                screen, due = pointer.screen(), now + _SCREEN_SECONDS
            self._away = self._measure(pointer.place(), screen)
            self._move(now)

    def _measure(self, place: Place, screen: Screen) -> tuple[float, float]:
        """From straight ahead, down and right, in halves of the screen."""
        if self._recentre:
            self._recentre = False
            self._centre = place
            self._file.save(place._asdict())
        centre = self._centre or screen.centre
        return (place.y - centre.y) / (screen.height / 2), (place.x - centre.x) / (screen.width / 2)

    def _trouble(self, notice: Notice) -> None:
        """Say it, look ahead and move idly until the next try."""
        self._status = TrackerStatus("error", notice, 0.0)
        self._away = (0.0, 0.0)
        end = time.monotonic() + RETRY_SECONDS
        while time.monotonic() < end and not self._stopping.wait(1 / RATE):
            self._move(time.monotonic())

    def _move(self, now: float) -> None:
        self._latest = TrackedPose(now, self._motion.pose(*self._away, now, self._amount))
        if self._notify is not None:
            self._notify()
