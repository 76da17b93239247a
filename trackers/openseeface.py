"""The tracker that listens to OpenSeeFace (a webcam program) over UDP, and starts it where that is asked for."""

from __future__ import annotations

from collections.abc import Callable

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers.context import Context
from trackers.listening import Advice
from trackers.network import NetworkTracker
from trackers.openseeface_follow import FaceFollower
from trackers.openseeface_process import OpenSeeFaceProcess
from trackers.udp import UdpReceiver


class OpenSeeFaceTracker(NetworkTracker):
    """A `Tracker`. Uses the settings `openseeface_…` and `listen_lan`, and those of `FaceFollower`."""

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__("OpenSeeFace", settings.openseeface_port, lan=settings.listen_lan)
        self._follower = FaceFollower(settings.openseeface_face, settings, context)
        self._receiver = UdpReceiver(settings.openseeface_port, self._on_packet, lan=settings.listen_lan)
        self._receivers = [self._receiver]
        self._recentre = False
        folder = settings.openseeface_folder
        self._process = OpenSeeFaceProcess(folder, settings.openseeface_camera, settings.openseeface_port) if folder else None

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """See `Tracker`."""
        super().start(notify)
        if self._process is not None:
            self._process.start()

    def stop(self) -> None:
        """See `Tracker`."""
        super().stop()
        if self._process is not None:
            self._process.stop()
        self._follower.close()

    def update(self, settings: Settings) -> None:
        """Take over the settings that apply live."""
        self._follower.update(settings)

    def recentre(self) -> None:
        """See `Tracker`; the next half second becomes straight ahead."""
        self._recentre = True

    def status(self) -> TrackerStatus:
        """See `Tracker`; while nothing comes, what keeps the program that was started from sending counts most."""
        heard = super().status()
        trouble = self._process.notice() if self._process is not None and heard.state in ("waiting", "lost") else None
        return heard if trouble is None else TrackerStatus("error", trouble, heard.rate)

    def _read(self, payload: bytes, arrival: float) -> tuple[bool, TrackedPose | None]:
        if self._recentre:
            self._recentre = False
            self._follower.recentre()
        return self._follower.read(payload, arrival)

    def _advice(self) -> Advice:
        if self._process is not None:
            return Advice(Notice("openseeface_starting"), Notice("openseeface_silent"), Notice("face_absent"))
        waiting = Notice("openseeface_waiting", address=self._words.address, port=self._words.port)
        return Advice(waiting, Notice("openseeface_silent"), Notice("face_absent"))
