"""What the panel says about a tracker that listens to the network: what comes, what does not, and what to do about it."""

from __future__ import annotations

import shutil
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache

from ezvtb_core.link import ports, threads
from ezvtb_core.link.messages import Notice
from ezvtb_core.pose import TrackedPose, TrackerStatus
from trackers import lan_packet, openseeface_packet, vtube_studio_packet
from trackers.sockets import lan_address
from trackers.traffic import Traffic

LOST_SECONDS = 0.4
"""Nothing usable for this long counts as lost; the largest hole of a healthy sender on a busy machine was 0.12 s."""
FIREWALL_SECONDS = 5.0
"""Without a single packet after this long, a firewall is worth a thought."""
FOREIGN_SECONDS = 3.0
"""How long packets of another program are spoken of after the last one."""
OWNER_SECONDS = 5.0
"""Least time between two questions to the system about who has a port: they take up to a second."""
_TAKEN = ("udp_port_in_use", "udp_port_in_use_by", "udp_port_denied")


def recognise(payload: bytes) -> str:
    """The program that a packet is of, by the names in the setting Tracker; empty for what nobody knows. Never raises."""
    if payload.startswith(lan_packet.MAGIC):
        return "EZVTuber"
    if payload.startswith((b"/", b"#bundle\0")):
        return "VMC" if b"/VMC/" in payload else ""
    if payload.lstrip()[:1] == b"{":
        return "VTube Studio" if vtube_studio_packet.parse(payload, 0.0) is not None else ""
    if b"eyeBlink" in payload and b"|" in payload:
        return "iFacialMocap"
    return "OpenSeeFace" if openseeface_packet.parse(payload) else ""


class PortOwner:
    """Which program has a UDP port. The system is asked on a thread of its own; until it has answered nobody is known."""

    def __init__(self) -> None:
        self._found: dict[int, str] = {}
        self._due: dict[int, float] = {}
        self._asking = threading.Lock()

    def of(self, port: int, now: float) -> str:
        """Name and process, like `VSeeFace.exe (9120)`; empty when not known (yet). Never waits."""
        if now >= self._due.get(port, float("-inf")) and self._asking.acquire(blocking=False):
            self._due[port] = now + OWNER_SECONDS
            try:
                threads.start(lambda: self._ask(port), f"port-owner-{port}")
            except RuntimeError:  # no thread to be had: the sentence does without
                self._asking.release()
        return self._found.get(port, "")

    def _ask(self, port: int) -> None:
        try:
            found = ports.owner(port)
            self._found[port] = "" if found == "?" else found
        finally:
            self._asking.release()


@dataclass(frozen=True)
class Advice:
    """What a streamer can do, by what is missing."""

    waiting: Notice
    """Nothing has come so far. A whole sentence; the others are the end of one."""
    silent: Notice
    """Nothing comes any more."""
    absent: Notice
    """Data come, but no face is in them."""


class Listening:
    """The sentences of one tracker. Not for two threads at a time."""

    def __init__(self, name: str, kind: str, port: int, *, lan: bool, peer: str = "") -> None:
        """`name`: of the program that should send, for people. `kind`: of its packets, as `recognise` says.

        `lan`: other devices may send. `peer`: numeric address of the phone, if known.
        """
        self.name = name
        self._kind = kind
        self.port = port
        self._lan = lan
        self._peer = peer
        self._owner = PortOwner()
        self._since = float("inf")

    @property
    def address(self) -> str:
        """What has to be typed where data are sent from."""
        if not self._lan:
            return "127.0.0.1"
        return lan_address(self._peer) if self._peer else lan_address()

    def judge(
        self, traffic: Traffic, latest: TrackedPose | None, now: float, advice: Advice, foreign: str, second: str
    ) -> TrackerStatus:
        """State and sentence at `now`.

        `foreign` is the program whose packets were refused last, if it is known; `second` another sender that is ignored, empty
        when there is none.
        """
        if latest is not None and now - latest.time <= LOST_SECONDS:
            state, notice = "live", self._praise(traffic, second)
        elif traffic.problem is not None:
            state, notice = "error", self._blame(traffic.problem, now)
        elif not traffic.listening:
            state, notice = "starting", Notice("tracker_starting")
        else:
            self._since = min(self._since, now)
            state, notice = "waiting" if latest is None else "lost", self._explain(traffic, now, advice, foreign)
        return TrackerStatus(state, notice, traffic.rate)

    def _praise(self, traffic: Traffic, second: str) -> Notice:
        rate = round(traffic.rate)
        if second:
            return Notice("network_live_second", name=self.name, sender=traffic.sender, rate=rate, other=second)
        return Notice("network_live", name=self.name, sender=traffic.sender, rate=rate)

    def _explain(self, traffic: Traffic, now: float, advice: Advice, foreign: str) -> Notice:
        """Why nothing moves although the port is open."""
        if now - traffic.last_accepted <= LOST_SECONDS:
            rate = round(traffic.rate)
            return Notice("network_no_face", name=self.name, sender=traffic.sender, rate=rate, advice=advice.absent.to_json())
        if traffic.last_rejected > traffic.last_accepted and now - traffic.last_rejected <= FOREIGN_SECONDS:
            rate, sender = round(traffic.rejected_rate), traffic.stranger
            if foreign == self._kind:
                return Notice("network_damaged", rate=rate, port=self.port, sender=sender, name=self.name)
            if foreign:
                return Notice("network_other", rate=rate, port=self.port, sender=sender, name=self.name, other=foreign)
            return Notice("network_foreign", rate=rate, port=self.port, sender=sender, name=self.name)
        if traffic.accepted:
            return Notice(
                "network_silent",
                name=self.name,
                sender=traffic.sender,
                seconds=round(now - traffic.last_accepted),
                received=traffic.accepted,
                advice=advice.silent.to_json(),
            )
        return self._advise(advice.waiting, traffic, now)

    def _advise(self, waiting: Notice, traffic: Traffic, now: float) -> Notice:
        """`waiting`, followed by a likely reason when there is one."""
        if not self._lan:
            return waiting
        if self.address.startswith("127.") and not self._peer.startswith("127."):
            reason = Notice("network_none")
        elif traffic.rejected == 0 and now - self._since >= FIREWALL_SECONDS:
            reason = firewall(self.port)
        else:
            return waiting
        return Notice("network_advice", sentence=waiting.to_json(), advice=reason.to_json())

    def _blame(self, problem: Notice, now: float) -> Notice:
        """The problem with a port, with the name of the program that has it as soon as it is known."""
        port = problem.params.get("port")
        owner = self._owner.of(port, now) if problem.code in _TAKEN and isinstance(port, int) else ""
        return Notice("udp_port_owned", port=port, owner=owner) if owner else problem


def firewall(port: int) -> Notice:
    """How the firewall of this system is told to let a UDP port through."""
    if sys.platform == "win32":
        return Notice("firewall_windows", port=port)
    if sys.platform == "darwin":
        return Notice("firewall_macos")
    found = _linux_firewall()
    if found == "ufw":
        return Notice("firewall_ufw", port=port)
    if found == "firewalld":
        return Notice("firewall_firewalld", port=port)
    return Notice("firewall_other", port=port)


@lru_cache(maxsize=1)
def _linux_firewall() -> str:
    """Which of the two usual ones is installed; asking whether it is on needs the administrator."""
    if shutil.which("ufw", path="/usr/sbin:/usr/bin:/sbin:/bin"):
        return "ufw"
    return "firewalld" if shutil.which("firewall-cmd", path="/usr/bin:/bin") else ""
