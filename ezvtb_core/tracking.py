"""The tracker of one source, replaceable while the engine reads from it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ezvtb_core.builder import Builder
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, Tracker, TrackerStatus

Listener = Callable[[TrackedPose], None]
STATUS_INTERVAL = 0.5


class TrackerSlot:
    """Holds the current tracker and replaces it on a builder thread: make the new one, stop the old one, start the new one.

    In this order because both may want the same port or camera, and a new one that cannot even be made must not cost the old
    one. Meanwhile `latest` keeps giving the last pose, which grows stale like that of any tracker. A tracker's methods are
    called from several threads, but never from two at a time. All methods but `rebuild` and `stop` are the engine thread's.
    """

    def __init__(
        self,
        make: Callable[[Settings], Tracker],
        name: str,
        listener: Listener | None = None,
        notify: Callable[[], None] | None = None,
    ) -> None:
        """`make` returns a tracker that is not started, or raises NoticeError. `listener` is told every new pose that the
        engine takes, `notify` is called by the tracker's thread for every one that is there to be taken."""
        self.status = TrackerStatus("starting", Notice("tracker_starting"))
        """What the tracker said last; why there is no new one when that failed."""
        self._make = make
        self._notify = notify
        self._builder: Builder[Tracker] = Builder(f"tracker {name}", lambda tracker: tracker.stop())
        self._listener = listener
        self._lock = threading.Lock()
        self._tracker: Tracker | None = None
        self.last: TrackedPose | None = None
        """The newest pose so far."""
        self._problem: Notice | None = None
        self._status_due = 0.0

    def rebuild(self, settings: Settings) -> None:
        """Replace the tracker by the one that `settings` ask for."""
        self._builder.request(lambda: self._replace(settings))

    def adopt(self, settings: Settings) -> None:
        """Begin to use a replacement that is ready, with the settings as they are by now."""
        outcome = self._builder.take()
        if outcome is None:
            return
        self._problem = outcome.problem
        self._status_due = 0.0
        if outcome.value is not None:
            with self._lock:
                self._tracker = outcome.value
            self.update(settings)

    def update(self, settings: Settings) -> None:
        """Apply what can be applied without a replacement."""
        with self._lock:
            if self._tracker is not None:
                self._tracker.update(settings)

    def recentre(self) -> None:
        """See `Tracker.recentre`."""
        with self._lock:
            if self._tracker is not None:
                self._tracker.recentre()

    def latest(self) -> TrackedPose | None:
        """The newest pose, None before the first."""
        with self._lock:
            found = self._tracker.latest() if self._tracker is not None else None
        if found is None:
            return self.last
        if self._listener is not None and (self.last is None or found.time != self.last.time):
            self._listener(found)
        self.last = found
        return found

    def poll(self, now: float) -> None:
        """Refresh `status`, at most twice a second."""
        if now < self._status_due:
            return
        self._status_due = now + STATUS_INTERVAL
        with self._lock:
            if self._tracker is not None:
                self.status = self._tracker.status()
        if self._problem is not None:
            self.status = TrackerStatus("error", self._problem, self.status.rate)

    def stop(self, timeout: float) -> None:
        """Release the tracker; builds that still run end by themselves."""
        self._builder.close(timeout)
        with self._lock:
            tracker, self._tracker = self._tracker, None
        if tracker is not None:
            tracker.stop()

    def _replace(self, settings: Settings) -> Tracker:
        new = self._make(settings)
        with self._lock:
            old, self._tracker = self._tracker, None
        if old is not None:
            old.stop()
        new.start(self._notify)
        return new
