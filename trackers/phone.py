"""What trackers of phone apps share: an address that a person typed, data that have to be asked for, faces through the reader."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers.context import Context
from trackers.face import FaceFrame
from trackers.face_reader import FaceReader
from trackers.listening import Advice
from trackers.network import NetworkTracker
from trackers.sockets import numeric_address
from trackers.udp import UdpReceiver

ASK_SECONDS = 1.0
"""Between two requests."""


class PhoneTracker(NetworkTracker):
    """A tracker of a phone app. Without an address it waits for apps that send by themselves."""

    NAME: ClassVar[str]
    """Of the tracker, as in the setting."""

    def __init__(self, name: str, kind: str, port: int, settings: Settings, context: Context) -> None:
        """`name`: of the app, for people. `kind`: of its packets, for people too. `port`: of this computer."""
        self._phone = numeric_address(settings.phone_address) or ""
        super().__init__(name, port, lan=True, peer=self._phone, kind=kind)
        self._typed = settings.phone_address.strip()
        self._reader = FaceReader(self.NAME, settings, context)
        self._unreachable = False

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

    def status(self) -> TrackerStatus:
        """See `Tracker`."""
        found = super().status()
        if self._typed and not self._phone and found.state == "waiting":
            return replace(found, state="error", notice=Notice("phone_address_bad", got=self._typed[:80]))
        return found

    def _listen(self, port: int) -> UdpReceiver:
        """A receiver on `port` that asks the phone from there, if its address is known."""
        ask = self._ask if self._phone else None
        return UdpReceiver(port, self._on_packet, lan=True, on_tick=ask, tick_seconds=ASK_SECONDS)

    def _ask(self) -> None:
        """Ask the phone for data; called every `ASK_SECONDS` on a port's thread."""
        raise NotImplementedError

    def _quiet(self) -> bool:
        """Whether no data have come since the last request."""
        return not self._senders.heard_since(time.monotonic() - ASK_SECONDS)

    def _face(self, frame: FaceFrame) -> TrackedPose | None:
        return self._reader.read(frame)

    def _advice(self) -> Advice:
        return Advice(self._wanted(), Notice("phone_silent"), Notice("face_absent"))

    def _wanted(self) -> Notice:
        if not self._phone:
            return self._invite(self._words.address, self._words.port)
        if self._unreachable:
            return Notice("phone_unreachable", phone=self._phone)
        name, address, port = self._words.name, self._words.address, self._words.port
        return Notice("phone_asking", name=name, phone=self._phone, address=address, port=port)

    def _invite(self, address: str, port: int) -> Notice:
        """What to type where, while no phone is known."""
        raise NotImplementedError
