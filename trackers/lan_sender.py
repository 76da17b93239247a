"""Sends every pose of this computer's tracker to another one. Never waits."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
import time
import unicodedata

from ezvtb_core.link import threads
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import OPTIONS, Settings
from ezvtb_core.pose import FloatArray, TrackedPose, neutral
from trackers.lan_key import LanKey
from trackers.lan_packet import VERSION, Packet, pack
from trackers.sockets import numeric_address, spell

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 0.2
"""With no new pose for this long the other computer is told that the tracker sees nobody."""
TROUBLE_SECONDS = 3.0
"""A refusal of the system is told for this long after it happened last."""


class LanSender:
    """What an engine tells another computer. `update`, `send` and `stop` are called by one thread, `notice` by any.

    While there is nothing to send, a thread of its own gives signs of life, so that the other side can tell a face that is
    lost from a computer that is.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._session = secrets.randbits(32)
        self._began = time.monotonic()
        self._number = 0
        self._key = LanKey()
        self._text = ""
        self._problem: Notice | None = None
        self._refused: tuple[float, str] = (float("-inf"), "")
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._last: FloatArray = neutral()
        self._sent_at = float("-inf")
        if settings is not None:
            self.update(settings)

    def update(self, settings: Settings) -> None:
        """Take over `send_to` and `lan_key`. Text that is no address shows in `notice`, and nothing is sent."""
        self._key.set(settings.lan_key)
        if settings.send_to == self._text:
            return
        self.stop()
        self._text = settings.send_to
        try:
            target = read_target(settings.send_to)
            if target is None:
                return
            line = _Line(target)
        except NoticeError as error:
            self._problem = error.notice
            return
        except OSError as error:  # this system has no IPv6, or no descriptors left
            self._problem = Notice("lan_send_failed", target=settings.send_to, detail=error.strerror or str(error))
            return
        with self._lock:
            self._line = line
        threads.start(lambda: self._keep_alive(line), "lan-sender")

    def send(self, tracked: TrackedPose) -> None:
        """Send a new pose, if there is somebody to send to. Never waits."""
        if self._line is not None:
            self._put(self._line, True, tracked.pose, tracked.position)

    @property
    def sending(self) -> bool:
        """Whether there is somebody to send to."""
        return self._line is not None

    def notice(self) -> Notice | None:
        """Why poses do not reach the other computer, as far as this one can tell; None when nothing is wrong."""
        line, (when, detail) = self._line, self._refused
        if line is not None and time.monotonic() - when < TROUBLE_SECONDS:
            return Notice("lan_send_failed", target=line.name, detail=detail)
        return self._problem

    def stop(self) -> None:
        """Release the socket. May be called more than once; `update` begins anew."""
        self._text, self._problem, self._refused = "", None, (float("-inf"), "")
        with self._lock:
            line, self._line = self._line, None
            if line is not None:
                line.close()

    def _keep_alive(self, line: _Line) -> None:
        while not line.closed.wait(KEEP_ALIVE_SECONDS / 2):
            if time.monotonic() - self._sent_at >= KEEP_ALIVE_SECONDS:
                self._put(line, False, self._last, (0.0, 0.0, 0.0))

    def _put(self, line: _Line, present: bool, pose: FloatArray, position: tuple[float, float, float]) -> None:
        key = self._key.value
        if key is None and self._key.wanted:
            return  # it is derived at this moment
        with self._lock:
            if line.closed.is_set():
                return
            now = time.monotonic()
            self._number += 1
            self._last, self._sent_at = pose, now
            milliseconds = int((now - self._began) * 1000)
            packet = Packet(VERSION, present, False, self._session, self._number, milliseconds, pose, position)
            try:
                line.socket.sendto(pack(packet, key), line.place)
            except BlockingIOError:
                return  # the system's buffer is full; the next pose is newer anyway
            except OSError as error:
                if now - self._refused[0] >= TROUBLE_SECONDS:
                    logger.warning("sending poses to %s failed: %s", line.name, error)
                self._refused = (now, error.strerror or str(error))


class _Line:
    """A socket that does not wait, and where it sends."""

    def __init__(self, target: tuple[str, int]) -> None:
        """Raises OSError where the system has no such network."""
        self.place = target
        self.name = spell(*target)
        self.closed = threading.Event()
        self.socket = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)

    def close(self) -> None:
        self.closed.set()
        self.socket.close()


def read_target(text: str) -> tuple[str, int] | None:
    """Address and port of the setting `send_to`: `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; None when it is empty.

    Names are refused: asking for one can take seconds. Raises NoticeError.
    """
    # NFKC turns the full-width digits and colons of a Chinese keyboard into plain ones.
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return None
    default = int(OPTIONS["lan_port"].default)
    written, port = _split(plain, default)
    address = numeric_address(written)
    if address is None or port is None or not 1 <= port <= 65535:
        raise NoticeError("lan_bad_target", got=text[:80], port=default)
    return address, port


def _split(text: str, default: int) -> tuple[str, int | None]:
    """Address and port; the default port where there is none, None where it is no number."""
    if text.startswith("["):
        address, closing, rest = text[1:].partition("]")
        if not closing or (rest and rest[0] != ":"):
            return text, None
        return address, _number(rest[1:]) if rest else default
    if text.count(":") > 1:
        return text, default
    address, colon, port = text.partition(":")
    return address, _number(port) if colon else default


def _number(text: str) -> int | None:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 5 else None
