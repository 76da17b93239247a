"""trackers/sockets.py: opening, draining and the sentences for what fails."""

import errno
import ipaddress
import socket
import sys

import pytest

from tests.peers import Sender, free_port, wait_until
from trackers.sockets import DRAIN_LIMIT, MAX_DATAGRAM, Datagram, drain, explain, is_loopback, lan_address, open_sockets, spell

ROOM = memoryview(bytearray(MAX_DATAGRAM))


def _close(sockets: dict[int, socket.socket]) -> None:
    for opened in sockets.values():
        opened.close()


def test_largest_datagram_arrives_whole() -> None:
    port, got = free_port(), list[Datagram]()
    sockets = open_sockets(port, lan=False)

    def arrived() -> bool:
        got.extend(drain(sockets[socket.AF_INET], ROOM))
        return bool(got)

    try:
        with Sender(port) as sender:
            sender.send(bytes(65507))
            assert wait_until(arrived)
            assert len(got[0][0]) == 65507
            assert got[0][1:3] == ("127.0.0.1", sender.port)
    finally:
        _close(sockets)


def test_drain_is_bounded_and_in_order() -> None:
    port, got = free_port(), list[Datagram]()
    sockets = open_sockets(port, lan=False)
    try:
        with Sender(port) as sender:
            for number in range(DRAIN_LIMIT + 50):
                sender.send(number.to_bytes(4, "little"))
        first = drain(sockets[socket.AF_INET], ROOM)
        assert len(first) <= DRAIN_LIMIT
        got = first + drain(sockets[socket.AF_INET], ROOM)
    finally:
        _close(sockets)
    numbers = [int.from_bytes(payload, "little") for payload, *_ in got]
    assert numbers == sorted(numbers)


def test_loopback_only_unless_lan() -> None:
    for lan, address in ((False, "127.0.0.1"), (True, "0.0.0.0")):
        sockets = open_sockets(free_port(), lan)
        try:
            assert sockets[socket.AF_INET].getsockname()[0] == address
        finally:
            _close(sockets)


def test_a_port_is_never_shared_with_another_socket() -> None:
    port = free_port()
    sockets = open_sockets(port, lan=False)
    try:
        with pytest.raises(OSError) as caught:
            open_sockets(port, lan=False)
        assert caught.value.errno == errno.EADDRINUSE
        # even a socket that tries to steal the port with SO_REUSEADDR gets nothing (on Windows: SO_EXCLUSIVEADDRUSE)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief, pytest.raises(OSError):
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            thief.bind(("127.0.0.1", port))
    finally:
        _close(sockets)


def test_windows_asks_for_exclusive_use_and_never_for_reuse(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[tuple[object, ...]] = []

    class Recorder(socket.socket):
        def setsockopt(self, *arguments: object) -> None:  # type: ignore[override]
            options.append(arguments)

    monkeypatch.setattr(socket, "socket", Recorder)
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", -5, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    _close(open_sockets(free_port(), lan=False))
    assert (socket.SOL_SOCKET, -5, 1) in options
    assert not any(option[1] == socket.SO_REUSEADDR for option in options)


class _Scripted:
    """A socket whose recvfrom_into answers as told."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)

    def recvfrom_into(self, room: memoryview) -> tuple[int, object]:
        answer = self._answers.pop(0) if self._answers else BlockingIOError()
        if isinstance(answer, Exception):
            raise answer
        payload, sender = answer  # type: ignore[misc]
        room[: len(payload)] = payload
        return len(payload), sender


def test_port_unreachable_reports_of_windows_are_ignored() -> None:
    reset = ConnectionResetError(10054, "WSAECONNRESET")
    scripted = _Scripted(reset, (b"a", ("127.0.0.1", 5)), reset, (b"b", ("::1", 6, 0, 0)))
    got = drain(scripted, ROOM)  # type: ignore[arg-type]
    assert [entry[:3] for entry in got] == [(b"a", "127.0.0.1", 5), (b"b", "::1", 6)]


def test_a_failed_socket_is_not_hidden() -> None:
    with pytest.raises(OSError):
        drain(_Scripted(OSError(errno.ENETDOWN, "down")), ROOM)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "port", "code"),
    [
        (OSError(errno.EADDRINUSE, "x"), 11573, "udp_port_in_use_by"),
        (OSError(errno.EADDRINUSE, "x"), 40404, "udp_port_in_use"),
        (PermissionError(errno.EACCES, "x"), 80, "udp_port_denied"),
        (OSError(errno.ENETDOWN, "Network is down"), 80, "udp_port_failed"),
    ],
)
def test_errors_become_sentences(error: OSError, port: int, code: str) -> None:
    notice = explain(error, port)
    assert notice.code == code
    assert notice.params["port"] == port


def test_addresses() -> None:
    assert is_loopback("127.0.0.53")
    assert is_loopback("::1")
    assert not is_loopback("192.168.1.7")
    assert spell("::1", 5) == "[::1]:5"
    assert spell("10.0.0.1", 5) == "10.0.0.1:5"
    ipaddress.IPv4Address(lan_address())
