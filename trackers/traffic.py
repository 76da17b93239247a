"""What has come to a port: counted for the panel, whatever the transport."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ezvtb_core.link.messages import Notice

logger = logging.getLogger(__name__)

OnDatagram = Callable[[bytes, str, float], bool]
"""(payload, sender as `address:port`, arrival) → True when it was of the tracker's protocol."""

LOG_SECONDS = 30.0


@dataclass(frozen=True)
class Traffic:
    """What a receiver has seen; times are `time.monotonic()` seconds, minus infinity for never."""

    listening: bool = False
    problem: Notice | None = None
    """Why the port cannot be opened; None while it is open or has not been tried."""
    accepted: int = 0
    rejected: int = 0
    rate: float = 0.0
    """Accepted datagrams of the last second."""
    rejected_rate: float = 0.0
    """Rejected datagrams of the last second."""
    sender: str = ""
    """`address:port` of the last accepted datagram."""
    stranger: str = ""
    """`address:port` of the last rejected datagram."""
    last_accepted: float = float("-inf")
    last_rejected: float = float("-inf")


class Counter:
    """Offers what arrives to a tracker and counts what came of it. One thread offers, any asks."""

    def __init__(self, on_datagram: OnDatagram, place: str) -> None:
        """`place` names the port in the log."""
        self._on_datagram = on_datagram
        self._place = place
        self._lock = threading.Lock()
        self._came, self._refused = _Tally(), _Tally()
        self._next_log = float("-inf")

    def offer(self, payload: bytes, sender: str, arrival: float) -> bool:
        """Whether the tracker accepted it; an exception counts as no."""
        try:
            accepted = self._on_datagram(payload, sender, arrival)
        except Exception:  # noqa: BLE001 - the thread's border; logged, at most every 30 s
            accepted = False
            self.log("a datagram on %s could not be read")
        with self._lock:
            (self._came if accepted else self._refused).add(sender, arrival)
        return accepted

    def reject(self, sender: str, arrival: float) -> None:
        """Count something that nobody could use."""
        with self._lock:
            self._refused.add(sender, arrival)

    def traffic(self, listening: bool, problem: Notice | None) -> Traffic:
        """A snapshot."""
        now = time.monotonic()
        with self._lock:
            came, refused = self._came, self._refused
            return Traffic(
                listening=listening,
                problem=problem,
                accepted=came.count,
                rejected=refused.count,
                rate=came.rate(now),
                rejected_rate=refused.rate(now),
                sender=came.sender,
                stranger=refused.sender,
                last_accepted=came.last,
                last_rejected=refused.last,
            )

    def log(self, text: str) -> None:
        """The exception being handled, at most every 30 s; `text` has a `%s` for the place."""
        now = time.monotonic()
        if now >= self._next_log:
            self._next_log = now + LOG_SECONDS
            logger.exception(text, self._place)


class _Tally:
    """How many, how often, the last one."""

    def __init__(self) -> None:
        self.count = 0
        self.sender = ""
        self.last = float("-inf")
        self._recent: deque[float] = deque(maxlen=4096)

    def add(self, sender: str, arrival: float) -> None:
        self.count += 1
        self.sender, self.last = sender, arrival
        self._recent.append(arrival)

    def rate(self, now: float) -> float:
        """Of the last second."""
        while self._recent and now - self._recent[0] > 1.0:
            self._recent.popleft()
        return float(len(self._recent))


def merge(several: Sequence[Traffic]) -> Traffic:
    """The traffic of one tracker that listens on several ports: it is listening when one of them is open."""
    latest = max(several, key=lambda each: each.last_accepted)
    refused = max(several, key=lambda each: each.last_rejected)
    return Traffic(
        listening=any(each.listening for each in several),
        problem=next((each.problem for each in several if each.problem is not None), None),
        accepted=sum(each.accepted for each in several),
        rejected=sum(each.rejected for each in several),
        rate=sum(each.rate for each in several),
        rejected_rate=sum(each.rejected_rate for each in several),
        sender=latest.sender,
        stranger=refused.stranger,
        last_accepted=latest.last_accepted,
        last_rejected=refused.last_rejected,
    )
