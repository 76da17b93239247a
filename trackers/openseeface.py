"""The tracker that listens to OpenSeeFace (a webcam program) over UDP."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers.context import Context
from trackers.openseeface_follow import FaceFollower
from trackers.sockets import lan_address
from trackers.udp import Traffic, UdpReceiver

logger = logging.getLogger(__name__)

LOST_SECONDS = 0.4
"""Nothing usable for this long counts as lost; the largest hole of a healthy sender on a busy machine was 0.12 s."""


class OpenSeeFaceTracker:
    """A `Tracker`. Uses the settings `openseeface_port`, `openseeface_face` and `listen_lan`."""

    def __init__(self, settings: Settings, _context: Context) -> None:
        self._follower = FaceFollower(settings.openseeface_face)
        self._receiver = UdpReceiver(settings.openseeface_port, self._on_datagram, lan=settings.listen_lan)
        self._address = "127.0.0.1"
        self._latest: TrackedPose | None = None
        self._notify: Callable[[], None] | None = None
        self._recentre = False

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """See `Tracker`."""
        self._notify = notify
        if self._receiver.lan:
            self._address = lan_address()
        self._receiver.start()

    def stop(self) -> None:
        """See `Tracker`."""
        self._receiver.stop()

    def update(self, settings: Settings) -> None:
        """Take over the settings that apply live: the face to follow."""
        self._follower.wanted = settings.openseeface_face

    def latest(self) -> TrackedPose | None:
        """See `Tracker`."""
        return self._latest

    def recentre(self) -> None:
        """See `Tracker`; the next half second becomes straight ahead."""
        self._recentre = True

    def status(self) -> TrackerStatus:
        """See `Tracker`."""
        traffic = self._receiver.traffic()
        state, notice = self._judge(traffic, time.monotonic())
        return TrackerStatus(state, notice, traffic.rate)

    def _judge(self, traffic: Traffic, now: float) -> tuple[str, Notice]:
        if traffic.problem is not None:
            return "error", traffic.problem
        if not traffic.listening:
            return "starting", Notice("tracker_starting")
        latest = self._latest
        if latest is not None and now - latest.time <= LOST_SECONDS:
            return "live", Notice("openseeface_live", sender=traffic.sender, rate=round(traffic.rate))
        state = "waiting" if latest is None else "lost"
        if now - traffic.last_accepted <= LOST_SECONDS:
            return state, Notice("openseeface_no_face", sender=traffic.sender, received=traffic.accepted)
        if traffic.last_rejected > traffic.last_accepted:
            return state, Notice(
                "openseeface_foreign", sender=traffic.stranger, port=self._receiver.port, received=traffic.rejected
            )
        if traffic.accepted:
            seconds = round(now - traffic.last_accepted)
            return state, Notice("openseeface_silent", sender=traffic.sender, seconds=seconds, received=traffic.accepted)
        return state, Notice("openseeface_waiting", address=self._address, port=self._receiver.port, received=0)

    def _on_datagram(self, payload: bytes, sender: str, arrival: float) -> bool:
        if self._recentre:
            self._recentre = False
            self._follower.recentre()
        known, pose = self._follower.read(payload, arrival)
        if pose is not None:
            self._latest = pose
            if self._notify is not None:
                self._notify()
        return known
