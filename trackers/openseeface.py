"""The tracker that listens to OpenSeeFace (a webcam program) over UDP."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers.openseeface_map import FaceMapper
from trackers.openseeface_packet import Face, parse
from trackers.sockets import lan_address
from trackers.udp import Traffic, UdpReceiver

logger = logging.getLogger(__name__)

LOST_SECONDS = 0.4
"""Nothing usable for this long counts as lost; the largest hole of a healthy sender on a busy machine was 0.12 s."""
SWITCH_SECONDS = 1.0
"""The face that is followed may be missing this long before another one is taken."""
WORST_FIT = 100.0
"""Fit error in pixels. The program marks a new face as fitted from its first frame, with errors of 2200, 750, 110 and angles
that mean nothing; from the fourth frame on 4 to 20 is usual, and up to 75 was allowed for pictures 1920 wide."""
_MOST_FACES = 64
"""Calibrations kept, one per face id."""


def choose(faces: Sequence[Face], wanted: int, followed: int | None) -> Face | None:
    """The face to follow: id `wanted`, else the one `followed` so far, else the one with the lowest fit error.

    Only fitted faces with a believable fit error count; None when there is none.
    """
    usable = {face.id: face for face in faces if face.fitted and 0.0 <= face.error < WORST_FIT}
    for known in (wanted, followed):
        if known is not None and known in usable:
            return usable[known]
    return min(usable.values(), key=lambda face: face.error, default=None)


class FaceFollower:
    """Datagrams → poses of one person, for a single thread; a calibration is kept for each face id."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self._mappers: dict[int, FaceMapper] = {}
        self._followed: int | None = None
        self._seen = float("-inf")

    def read(self, payload: bytes, now: float) -> tuple[bool, TrackedPose | None]:
        """(was it OpenSeeFace's, the pose if a usable face was in it). `now` in seconds, not decreasing. Never raises."""
        faces = parse(payload)
        face = choose(faces, self.wanted, self._followed)
        if face is None:
            return bool(faces), None
        if face.id not in (self.wanted, self._followed) and now - self._seen < SWITCH_SECONDS:
            return True, None  # a blink of the detector must not make the avatar jump to the neighbour
        self._followed, self._seen = face.id, now
        if face.id not in self._mappers:
            while len(self._mappers) >= _MOST_FACES:
                del self._mappers[next(iter(self._mappers))]
            self._mappers[face.id] = FaceMapper()
        return True, self._mappers[face.id].map(face, now)

    def recentre(self) -> None:
        """Calibrate again whoever is seen from now on."""
        for mapper in self._mappers.values():
            mapper.recentre()


class OpenSeeFaceTracker:
    """A `Tracker`. Uses the settings `openseeface_port`, `openseeface_face` and `listen_lan`."""

    def __init__(self, settings: Settings, _seed: int = 0) -> None:
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
