"""The one UDP receive loop of all trackers.

A tracker makes a `UdpReceiver` and gets every datagram in a callback on the port's own daemon thread. Receivers of one
process that name the same port share its sockets and thread, so that two avatars can follow two faces of one sender.
Sockets that fail, or a port that another program holds, are tried again every second until they work.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import ClassVar

from ezvtb_core.link.messages import Notice
from trackers.sockets import MAX_DATAGRAM, Datagram, drain, explain, is_loopback, open_sockets, spell
from trackers.traffic import Counter, OnDatagram, Traffic

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
JOIN_SECONDS = 1.0


class UdpReceiver:
    """One tracker's ear on a UDP port. `start` and `stop` are called from one thread; never from the callbacks.

    `on_datagram` runs on the port's thread. If it raises, the datagram counts as rejected and the error is logged, at most
    every 30 s. By default of all datagrams waiting only the newest accepted one is used; with `every`, each is handed
    on in order (protocols that spread one pose over several datagrams). `lan` listens on all interfaces, else on
    127.0.0.1 and ::1 only. `on_tick`, if given, runs on the same thread every `tick_seconds` while the port is open, the
    first time at once: the place for handshakes.
    """

    def __init__(
        self,
        port: int,
        on_datagram: OnDatagram,
        *,
        lan: bool = False,
        every: bool = False,
        on_tick: Callable[[], None] | None = None,
        tick_seconds: float = 1.0,
    ) -> None:
        self.port = port
        self.lan = lan
        self._counter = Counter(on_datagram, f"UDP port {port}")
        self._every = every
        self._on_tick = on_tick
        self._tick_seconds = tick_seconds
        self._next_tick = float("-inf")
        self._shared: _Port | None = None
        self._problem: Notice | None = None

    def start(self) -> None:
        """Begin listening; returns at once. Trouble shows in `traffic`. Does nothing when already started."""
        if self._shared is None:
            try:
                _Port.attach(self)
            except OSError as error:  # no descriptors or threads left
                self._problem = explain(error, self.port)

    def stop(self) -> None:
        """End listening; a callback that is running then is the last one. May be called more than once."""
        if self._shared is not None:
            self._shared.detach(self)
            self._shared = None

    def send(self, payload: bytes, address: str, port: int) -> bool:
        """Send from the listening socket, so that answers come back to it. `address` is numeric (a name would block).

        Returns False when the port is not open or the system refuses.
        """
        return self._shared is not None and self._shared.send(payload, address, port)

    def traffic(self) -> Traffic:
        """A snapshot, from any thread."""
        shared = self._shared
        if shared is None:
            return self._counter.traffic(False, self._problem)
        return self._counter.traffic(shared.listening, shared.problem)

    def deliver(self, batch: list[Datagram]) -> None:
        """Called by the port's thread with what was waiting, oldest first."""
        for payload, address, port, arrival in batch if self._every else reversed(batch):
            if not self.lan and not is_loopback(address):
                continue
            if self._counter.offer(payload, spell(address, port), arrival) and not self._every:
                return

    def tick(self, now: float) -> float:
        """Called by the port's thread; returns when to call again at the latest."""
        if self._on_tick is None:
            return float("inf")
        if now >= self._next_tick:
            self._next_tick = now + self._tick_seconds
            try:
                self._on_tick()
            except Exception:  # noqa: BLE001 - the thread's border; logged, at most every 30 s
                self._counter.log("handshake on %s failed")
        return self._next_tick


class _Port:
    """Sockets and thread of one port, shared by every receiver of this process that listens on it."""

    _open_ports: ClassVar[dict[int, _Port]] = {}
    _registry: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, first: UdpReceiver) -> None:
        self.listening = False
        self.problem: Notice | None = None
        self._number = first.port
        self._receivers: tuple[UdpReceiver, ...] = (first,)
        self._sockets: dict[int, socket.socket] = {}
        self._stopping = False
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"udp-{first.port}", daemon=True)

    @classmethod
    def attach(cls, receiver: UdpReceiver) -> None:
        with cls._registry:
            port = cls._open_ports.get(receiver.port)
            known = port is not None
            port = port or cls(receiver)
            receiver._shared = port  # before the thread starts: the first tick already sends
            if known:
                port._receivers = (*port._receivers, receiver)
                port._wake()
            else:
                cls._open_ports[receiver.port] = port
                port._thread.start()

    def detach(self, receiver: UdpReceiver) -> None:
        # Joined under the lock, so that a successor on the same port finds it free.
        with self._registry:
            self._receivers = tuple(other for other in self._receivers if other is not receiver)
            self._wake()
            if not self._receivers:
                del self._open_ports[self._number]
                self._stopping = True
                self._wake()
                self._thread.join(JOIN_SECONDS)
                self._bell.close()
                if self._thread.is_alive():
                    logger.warning("the thread of UDP port %d is still busy and will end later", self._number)

    def send(self, payload: bytes, address: str, port: int) -> bool:
        chosen = self._sockets.get(socket.AF_INET6 if ":" in address else socket.AF_INET)
        if chosen is None:
            return False
        try:
            return chosen.sendto(payload, (address, port)) == len(payload)
        except OSError as error:
            logger.debug("sending to %s failed: %s", spell(address, port), error)
            return False

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it will wake anyway; closed: the thread has ended
            self._bell.send(b"!")

    def _run(self) -> None:
        with self._ear:
            while not self._stopping:
                lan = self._wants_lan()
                try:
                    self._sockets = open_sockets(self._number, lan)
                    self.problem, self.listening = None, True
                    logger.info("listening on UDP port %d (%s)", self._number, "all interfaces" if lan else "this computer")
                    self._receive(lan)
                except OSError as error:
                    self._fail(error)
                except Exception as error:  # the tracker thread's border: it must outlive anything
                    logger.exception("UDP port %d", self._number)
                    self._fail(OSError(str(error)))
                finally:
                    self.listening = False
                    sockets, self._sockets = self._sockets, {}
                    for opened in sockets.values():
                        opened.close()
                if self.problem is not None:
                    self._pause()

    def _receive(self, lan: bool) -> None:
        """Serve until the thread must stop or other interfaces are wanted. Raises OSError when a socket fails."""
        room = memoryview(bytearray(MAX_DATAGRAM))
        with selectors.DefaultSelector() as selector:
            for source in (self._ear, *self._sockets.values()):
                selector.register(source, selectors.EVENT_READ, data=source)
            while True:
                now = time.monotonic()
                wait = min((receiver.tick(now) for receiver in self._receivers), default=now) - now
                for key, _ in selector.select(min(max(wait, 0.0), 60.0)):
                    if key.data is self._ear:
                        self._silence()
                        continue
                    batch = drain(key.data, room)
                    for receiver in self._receivers:
                        receiver.deliver(batch)
                if self._stopping or lan != self._wants_lan():
                    return

    def _wants_lan(self) -> bool:
        return any(receiver.lan for receiver in self._receivers)

    def _silence(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._ear.recv(4096):
                pass

    def _pause(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ)
            if selector.select(RETRY_SECONDS):
                self._silence()

    def _fail(self, error: OSError) -> None:
        notice = explain(error, self._number)
        if notice != self.problem:
            logger.warning("UDP port %d: %s; trying again every %g s", self._number, error, RETRY_SECONDS)
        self.problem = notice
