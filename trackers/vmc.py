"""The tracker that listens to programs that speak the VMC protocol (VSeeFace, Warudo, VirtualMotionCapture, …) over UDP."""

from __future__ import annotations

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose
from trackers.context import Context
from trackers.face_reader import FaceReader
from trackers.listening import Advice
from trackers.network import NetworkTracker
from trackers.udp import UdpReceiver
from trackers.vmc_map import express
from trackers.vmc_puppet import Puppet


class VmcTracker(NetworkTracker):
    """A `Tracker`. Uses the settings `vmc_port` and `listen_lan`. It only listens, as a marionette does."""

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__("VMC", settings.vmc_port, lan=settings.listen_lan)
        # Senders spread one moment over several datagrams.
        self._receivers = [UdpReceiver(settings.vmc_port, self._on_packet, lan=settings.listen_lan, every=True)]
        self._reader = FaceReader("vmc", settings, context)
        self._puppet = Puppet()

    def stop(self) -> None:
        """See `Tracker`."""
        super().stop()
        self._reader.close()

    def update(self, settings: Settings) -> None:
        """Take over the settings that apply live, all of which are the reader's."""
        self._reader.update(settings)

    def recentre(self) -> None:
        """See `Tracker`."""
        self._reader.recentre()

    def _changed_sender(self) -> None:
        self._puppet = Puppet()

    def _read(self, payload: bytes, arrival: float) -> tuple[bool, TrackedPose | None]:
        known, moment = self._puppet.read(payload, arrival)
        if moment is None:
            return known, None
        tracked = self._reader.read(moment.frame)
        if tracked is not None and moment.weights is not None:
            tracked = express(tracked, moment.weights)
        return known, tracked

    def _advice(self) -> Advice:
        waiting = Notice("vmc_waiting", address=self._words.address, port=self._words.port)
        return Advice(waiting, Notice("vmc_silent"), Notice("vmc_absent"))
