"""Frames that a phone sends over a TCP connection that it opens to us; in everything else like `trackers.udp.UdpReceiver`.

A port that another program holds is tried again every second. Several connections are heard: after a break of the network the
old one of a phone that has come back may hang for minutes.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import selectors
import socket
import sys
import threading
import time

from ezvtb_core.link import threads
from ezvtb_core.link.messages import Notice
from trackers.sockets import spell
from trackers.traffic import Counter, OnDatagram, Traffic
from trackers.udp import RETRY_SECONDS

logger = logging.getLogger(__name__)

LARGEST_FRAME = 65536
"""Bytes without a terminator after which a connection is cut: a real frame has about 1300."""
_MOST_CONNECTIONS = 4
_JOIN_SECONDS = 0.9


class _Connection:
    """One connection, and what has come of a frame that is not complete."""

    def __init__(self, opened: socket.socket, sender: str) -> None:
        self.socket = opened
        self.sender = sender
        self.rest = b""

    def read(self, terminator: bytes) -> list[bytes]:
        """The frames that are complete now, oldest first. Raises OSError when the connection is over or sends nonsense."""
        received = self.socket.recv(LARGEST_FRAME)
        if not received:
            raise ConnectionResetError(errno.ECONNRESET, "closed by the phone")
        *frames, self.rest = (self.rest + received).split(terminator)
        if len(self.rest) > LARGEST_FRAME:
            raise OSError(errno.EMSGSIZE, "no end of a frame")
        return frames


class TcpReceiver:
    """A tracker's ear on a TCP port. `start` and `stop` are called from one thread.

    `on_frame` runs on the port's thread, with each frame without its `terminator`; of frames that arrive together only the
    newest one that it accepts is used. If it raises, the frame counts as rejected and the error is logged.
    """

    def __init__(self, port: int, on_frame: OnDatagram, terminator: bytes) -> None:
        self.port = port
        self._counter = Counter(on_frame, f"TCP port {port}")
        self._terminator = terminator
        self._listening = False
        self._problem: Notice | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._bell: socket.socket | None = None

    def start(self) -> None:
        """Begin listening; returns at once. Trouble shows in `traffic`."""
        ear, self._bell = socket.socketpair()
        self._thread = threads.start(lambda: self._run(ear), f"tcp-{self.port}")

    def stop(self) -> None:
        """End listening and every connection. May be called more than once."""
        self._stopping = True
        if self._thread is not None and self._bell is not None:
            with contextlib.suppress(OSError):
                self._bell.send(b"!")
            self._thread.join(_JOIN_SECONDS)
            self._bell.close()
            self._thread = None

    def traffic(self) -> Traffic:
        """A snapshot, from any thread."""
        return self._counter.traffic(self._listening, self._problem)

    def _run(self, ear: socket.socket) -> None:
        with ear:
            while not self._stopping:
                try:
                    self._serve(ear)
                except OSError as error:
                    notice = _explain(error, self.port)
                    if notice != self._problem:
                        logger.warning("TCP port %d: %s; trying again every %g s", self.port, error, RETRY_SECONDS)
                    self._problem = notice
                self._listening = False
                if not self._stopping:
                    with selectors.DefaultSelector() as selector:
                        selector.register(ear, selectors.EVENT_READ)
                        selector.select(RETRY_SECONDS)

    def _serve(self, ear: socket.socket) -> None:
        """Serve until told to stop. Raises OSError when the port cannot be had."""
        connections: list[_Connection] = []
        with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
            for listener in _listen(self.port):
                stack.enter_context(listener)
                selector.register(listener, selectors.EVENT_READ, data=None)
            selector.register(ear, selectors.EVENT_READ, data=ear)
            self._problem, self._listening = None, True
            logger.info("listening on TCP port %d", self.port)
            try:
                while not self._stopping:
                    for key, _ in selector.select(60.0):
                        if key.data is None:
                            self._welcome(key.fileobj, selector, connections)
                        elif key.data in connections:
                            self._hear(key.data, selector, connections)
            finally:
                for connection in connections:
                    connection.socket.close()

    def _welcome(self, listener: object, selector: selectors.BaseSelector, connections: list[_Connection]) -> None:
        assert isinstance(listener, socket.socket)
        try:
            opened, address = listener.accept()
        except OSError:
            return  # it was gone again before we came to it
        opened.setblocking(False)
        connections.append(_Connection(opened, spell(address[0], address[1])))
        selector.register(opened, selectors.EVENT_READ, data=connections[-1])
        logger.info("%s has connected to TCP port %d", connections[-1].sender, self.port)
        if len(connections) > _MOST_CONNECTIONS:
            self._part(connections[0], selector, connections)

    def _hear(self, connection: _Connection, selector: selectors.BaseSelector, connections: list[_Connection]) -> None:
        try:
            frames = connection.read(self._terminator)
        except BlockingIOError:
            return
        except OSError as error:
            logger.info("connection of %s is over: %s", connection.sender, error)
            if error.errno == errno.EMSGSIZE:
                self._counter.reject(connection.sender, time.monotonic())
            self._part(connection, selector, connections)
            return
        arrival = time.monotonic()
        for frame in reversed(frames):
            if self._counter.offer(frame, connection.sender, arrival):
                return

    @staticmethod
    def _part(connection: _Connection, selector: selectors.BaseSelector, connections: list[_Connection]) -> None:
        selector.unregister(connection.socket)
        connection.socket.close()
        connections.remove(connection)


def _listen(port: int) -> list[socket.socket]:
    """Listening sockets on all interfaces; IPv6 where the system has it. Raises OSError when the IPv4 port cannot be had."""
    opened = [_open(socket.AF_INET, "0.0.0.0", port)]  # noqa: S104 - the phone is another device
    with contextlib.suppress(OSError):
        opened.append(_open(socket.AF_INET6, "::", port))
    return opened


def _open(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Without it the port stays closed for a minute after a connection on it has ended.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setblocking(False)
        listener.bind((address, port))
        listener.listen(_MOST_CONNECTIONS)
    except OSError:
        listener.close()
        raise
    return listener


def _explain(error: OSError, port: int) -> Notice:
    if error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)):
        return Notice("tcp_port_in_use", port=port)
    return Notice("tcp_port_failed", port=port, detail=error.strerror or str(error))
