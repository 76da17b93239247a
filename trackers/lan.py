"""The tracker that shows what another computer with EZVTuber sees."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers.context import Context
from trackers.lan_key import LanKey
from trackers.lan_packet import Gate, is_signed_with, parse
from trackers.lan_playout import Playout
from trackers.listening import Advice, Listening
from trackers.udp import UdpReceiver

TELL_SECONDS = 3.0
"""What was refused, and another sender, are spoken of for this long."""


class LanTracker:
    """A `Tracker`. Uses the settings `lan_port` and `lan_key`. Poses are taken as they come: the other computer has mapped
    and calibrated them."""

    def __init__(self, settings: Settings, _context: Context) -> None:
        self._receiver = UdpReceiver(settings.lan_port, self._on_datagram, lan=True, every=True)
        self._key = LanKey()
        self._key.set(settings.lan_key)
        self._gate = Gate()
        self._listening = Listening("EZVTuber", "EZVTuber", settings.lan_port, lan=True)
        self._playout = Playout()
        self._session: int | None = None
        self._notify: Callable[[], None] | None = None
        self._second: tuple[float, str] = (float("-inf"), "")
        """When somebody else than the one that is followed sent last, and who it is."""
        self._refused: tuple[float, Notice] = (float("-inf"), Notice("tracker_starting"))
        """When a pose was refused last, and why."""

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """See `Tracker`."""
        self._notify = notify
        self._receiver.start()

    def stop(self) -> None:
        """See `Tracker`."""
        self._receiver.stop()

    def update(self, settings: Settings) -> None:
        """Take over the setting that applies live: the key."""
        self._key.set(settings.lan_key)

    def latest(self) -> TrackedPose | None:
        """See `Tracker`; its time is that of its arrival."""
        return self._playout.latest(time.monotonic())

    def recentre(self) -> None:
        """See `Tracker`; done on the other computer, which knows the face."""

    def status(self) -> TrackerStatus:
        """See `Tracker`."""
        traffic, now = self._receiver.traffic(), time.monotonic()
        second_at, second = self._second
        refused_at, why = self._refused
        waiting = Notice("lan_waiting", address=self._listening.address, port=self._receiver.port)
        advice = Advice(waiting, Notice("lan_silent"), Notice("lan_absent"))
        second = second if now - second_at < TELL_SECONDS else ""
        judged = self._listening.judge(traffic, self.latest(), now, advice, "", second)
        # Whoever knows the port but not the key says more than silence does.
        if judged.state in ("waiting", "lost") and now - refused_at < TELL_SECONDS and refused_at > traffic.last_accepted:
            return replace(judged, notice=why)
        return judged

    def _on_datagram(self, payload: bytes, sender: str, arrival: float) -> bool:
        packet = parse(payload)
        if packet is None:
            return False
        if packet.pose is None:
            self._refused = (arrival, Notice("lan_version", sender=sender))
            return False
        key = self._key.value
        if self._key.wanted and key is None:
            return False  # the key is derived at this moment
        if key is not None and not (packet.signed and is_signed_with(payload, key)):
            wrong = Notice("lan_wrong_key", sender=sender) if packet.signed else Notice("lan_no_key", sender=sender)
            self._refused = (arrival, wrong)
            return False
        verdict = self._gate.admit(packet, arrival)
        if verdict == "other":
            self._second = (arrival, sender)
            return False
        if verdict == "taken" and packet.present:
            if packet.session != self._session:
                self._session = packet.session
                self._playout.restart()
            due = self._playout.add(packet.milliseconds, TrackedPose(arrival, packet.pose, packet.position))
            if due and self._notify is not None:
                self._notify()
        return True
