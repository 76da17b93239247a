"""What all trackers that listen to the network share: ports, one sender at a time, the newest pose, and what the panel says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers.listening import Advice, Listening, recognise
from trackers.traffic import Traffic, merge

SWITCH_SECONDS = 0.5
"""A sender that has been silent this long may be replaced by another one, or by itself from another port."""
_REMEMBERED_SECONDS = 2.0
"""How long a sender that is ignored is spoken of, and a port that was left is remembered, after its last packet."""
_MOST_LEFT = 64
_PROGRAM_PACKETS = 3
"""A port that sent fewer is not remembered: of apps that take a new one for every packet, one comes round again in the end."""


class Receiver(Protocol):
    """`udp.UdpReceiver` or `tcp.TcpReceiver`."""

    port: int

    def start(self) -> None:
        """Begin listening; returns at once."""

    def stop(self) -> None:
        """End listening."""

    def traffic(self) -> Traffic:
        """A snapshot."""


class OneSender:
    """Which of several senders is followed.

    Another device only when the one that is followed has been silent for `SWITCH_SECONDS`; the device whose address is
    `preferred` at once. Another port of the same device at once too, as programs that begin again have another one and some apps
    take a new one for every packet; but never back to a port that was left, so that of two programs on one computer the later one
    is followed.
    """

    def __init__(self, preferred: str = "") -> None:
        self._preferred = preferred
        self._current = ""
        self._heard = float("-inf")
        self._packets = 0
        self._left: dict[str, float] = {}
        self._other = ""
        self._other_heard = float("-inf")

    def admits(self, sender: str, now: float) -> bool:
        """Whether a packet of `sender` (`address:port`) may be used now."""
        if sender == self._current or now - self._heard >= SWITCH_SECONDS:
            return True
        host, followed = _host(sender), _host(self._current)
        left = self._left.get(sender, float("-inf"))
        if (host == self._preferred != followed) or (host == followed and now - left > _REMEMBERED_SECONDS):
            return True
        if sender in self._left:
            self._left[sender] = now
        self._other, self._other_heard = sender, now
        return False

    def replaces(self, sender: str, now: float) -> bool:
        """Whether a packet of `sender`, which is admitted, may be of another person than those before."""
        return _host(sender) != _host(self._current) or (sender != self._current and now - self._heard >= SWITCH_SECONDS)

    def follow(self, sender: str, now: float) -> None:
        """A packet of `sender` was used."""
        if sender != self._current:
            self._left = {
                port: heard for port, heard in self._left.items() if now - heard <= _REMEMBERED_SECONDS and port != sender
            }
            if self._packets >= _PROGRAM_PACKETS and len(self._left) < _MOST_LEFT:
                self._left[self._current] = now
            self._packets = 0
            if sender == self._other:
                self._other = ""
        self._current, self._heard = sender, now
        self._packets += 1

    def heard_since(self, time: float) -> bool:
        """Whether a packet was used after `time`."""
        return self._heard > time

    def second(self, now: float) -> str:
        """A sender that is ignored at present, empty when there is none."""
        return self._other if now - self._other_heard <= _REMEMBERED_SECONDS else ""


def _host(sender: str) -> str:
    return sender.rpartition(":")[0].strip("[]")


class NetworkTracker:
    """A `Tracker` without its settings: derived classes say how packets are read and what to say while nothing comes."""

    def __init__(self, name: str, port: int, *, lan: bool, peer: str = "", kind: str = "") -> None:
        """`name`: of the program that sends, for people. `port`: the one to be typed there. `peer`: address of the phone.

        `kind`: of the packets as `listening.recognise` calls it, where that is not the name.
        """
        self._words = Listening(name, kind or name, port, lan=lan, peer=peer)
        self._senders = OneSender(peer)
        self._receivers: Sequence[Receiver] = ()
        self._latest: TrackedPose | None = None
        self._notify: Callable[[], None] | None = None
        self._foreign = ""
        self._reading = threading.Lock()

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """See `Tracker`."""
        self._notify = notify
        for receiver in self._receivers:
            receiver.start()

    def stop(self) -> None:
        """See `Tracker`."""
        for receiver in self._receivers:
            receiver.stop()

    def latest(self) -> TrackedPose | None:
        """See `Tracker`."""
        return self._latest

    def status(self) -> TrackerStatus:
        """See `Tracker`."""
        now = time.monotonic()
        traffic = merge([receiver.traffic() for receiver in self._receivers])
        return self._words.judge(traffic, self._latest, now, self._advice(), self._foreign, self._senders.second(now))

    def _read(self, payload: bytes, arrival: float) -> tuple[bool, TrackedPose | None]:
        """(whether the packet is of the protocol, its pose if there is a face in it). Must not raise."""
        raise NotImplementedError

    def _advice(self) -> Advice:
        """What the panel says when nothing moves."""
        raise NotImplementedError

    def _changed_sender(self) -> None:
        """A packet of another sender than before is about to be read: forget what only the old one said."""

    def _on_packet(self, payload: bytes, sender: str, arrival: float) -> bool:
        """For the receivers, each of which may have a thread of its own."""
        with self._reading:
            if not self._senders.admits(sender, arrival):
                return False
            if self._senders.replaces(sender, arrival):
                self._changed_sender()
            known, pose = self._read(payload, arrival)
            if not known:
                self._foreign = recognise(payload)
                return False
            self._senders.follow(sender, arrival)
            if pose is not None:
                self._latest = pose
        if pose is not None and self._notify is not None:
            self._notify()
        return True
