"""trackers/tcp.py over real sockets: frames cut and joined, bounds, reconnection, a port in use."""

import contextlib
import socket
import threading
import time

import pytest

import trackers.tcp
from ezvtb_core.link.locale import say
from tests.peers import wait_until
from tests.trackers import ears
from trackers.tcp import LARGEST_FRAME, TcpReceiver

END = b"___iFacialMocap"


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ear(ears.Ear):
    """Of a TCP port."""

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self.receiver = TcpReceiver(port or free_tcp_port(), self.take, END)

    def connect(self, address: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection((address, self.receiver.port), timeout=10)


def test_frames_cut_at_every_place() -> None:
    text = b"one" + END + b"two" + END
    with Ear() as ear, ear.connect() as link:
        for cut in range(1, len(text)):
            ear.got.clear()
            link.sendall(text[:cut])
            time.sleep(0.001)
            link.sendall(text[cut:])
            assert wait_until(lambda: bool(ear.got) and ear.got[-1] == b"two")
            assert ear.got in ([b"one", b"two"], [b"two"])  # of frames that arrive together the newest counts


def test_newest_accepted_of_those_that_arrive_together() -> None:
    with Ear() as ear, ear.connect() as link:
        link.sendall(END.join([b"1", b"2", b"?", b"!", b""]))
        assert wait_until(lambda: ear.receiver.traffic().rejected == 2)
        assert ear.got == [b"2"]
        assert ear.receiver.traffic().sender.startswith("127.0.0.1:")


def test_a_connection_without_an_end_is_cut_and_the_next_one_works() -> None:
    with Ear() as ear:
        with ear.connect() as link:
            with pytest.raises(OSError):
                for _ in range(1000):
                    link.sendall(bytes(LARGEST_FRAME // 4))
                    time.sleep(0.001)
            assert ear.receiver.traffic().rejected == 1
        with ear.connect() as link:
            link.sendall(b"fine" + END)
            assert wait_until(lambda: ear.got == [b"fine"])


def test_reconnecting_and_hanging_connections() -> None:
    with Ear() as ear:
        links = []
        for number in range(20):
            links.append(ear.connect())
            links[-1].sendall(str(number).encode() + END)
            assert wait_until(lambda number=number: bool(ear.got) and ear.got[-1] == str(number).encode())
        for link in links:
            link.close()
        with ear.connect() as link:
            link.sendall(b"last" + END)
            assert wait_until(lambda: ear.got[-1] == b"last")


def test_ipv6() -> None:
    with Ear() as ear:
        try:
            link = ear.connect("::1")
        except OSError as error:
            pytest.skip(f"this machine has no IPv6 loopback: {error}")
        with link:
            link.sendall(b"six" + END)
            assert wait_until(lambda: ear.got == [b"six"])


def test_port_in_use_says_so_and_works_once_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers.tcp, "RETRY_SECONDS", 0.05)
    port = free_tcp_port()
    with socket.socket() as squatter:
        squatter.bind(("0.0.0.0", port))
        squatter.listen()
        ear = Ear(port)
        ear.receiver.start()
        try:
            assert wait_until(lambda: ear.receiver.traffic().problem is not None)
            problem = ear.receiver.traffic().problem
            assert problem is not None
            assert f"TCP port {port}" in say(problem, "en-US")
            squatter.close()
            assert wait_until(lambda: ear.receiver.traffic().listening)
            assert ear.receiver.traffic().problem is None
        finally:
            ear.receiver.stop()


def test_stopping_ends_threads_and_connections() -> None:
    port = free_tcp_port()
    for _ in range(10):
        with Ear(port) as ear, ear.connect() as link:
            link.sendall(b"half a frame")
            ear.receiver.stop()
            ear.receiver.stop()
            with contextlib.suppress(ConnectionResetError):
                assert link.recv(10) == b""
    assert not [thread for thread in threading.enumerate() if "tcp-" in thread.name]
