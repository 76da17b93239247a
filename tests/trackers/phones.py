"""Fake phones: they wait to be asked, as the apps do, and answer where the apps answer."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Sequence

from ezvtb_core.pose import TrackedPose, Tracker
from tests.peers import Sender, free_port, wait_until
from trackers.face import FaceFrame


class FakePhone(threading.Thread):
    """Listens on a port of this computer; once asked with one of `starts`, sends `frames` in a loop at `rate` to `reply_port`.

    `asked` lists every request. `pause` silences it, `port` is where it is asked. With `json_ports` the port to answer to comes
    from the request and it sends for as long as it is asked to (VTube Studio).
    """

    def __init__(
        self,
        frames: Sequence[bytes],
        reply_port: int,
        starts: Sequence[bytes] = (),
        *,
        rate: float = 60.0,
        json_ports: bool = False,
    ) -> None:
        super().__init__(name="fake-phone", daemon=True)
        self.frames, self.rate = frames, rate
        self.asked: list[bytes] = []
        self.sent = 0
        self.streaming = False
        self.pause = False
        self._reply_port, self._starts, self._json = reply_port, starts, json_ports
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.bind(("127.0.0.1", 0))
        self._ear.settimeout(0.001)
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # the apps send from an arbitrary port
        self._until = float("inf")
        self._ended = threading.Event()

    @property
    def port(self) -> int:
        return int(self._ear.getsockname()[1])

    def __enter__(self) -> FakePhone:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self.join(5.0)
        self._ear.close()
        self._out.close()

    def run(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError, ConnectionError):
                self._hear(self._ear.recv(2048))
            now = time.monotonic()
            if not self.streaming or self.pause or now > self._until:
                due = now
            elif now >= due:
                self._out.sendto(self.frames[self.sent % len(self.frames)], ("127.0.0.1", self._reply_port))
                self.sent += 1
                due = max(due + 1 / self.rate, now - 0.1)

    def _hear(self, text: bytes) -> None:
        self.asked.append(text)
        if self._json:
            request = json.loads(text)
            assert request["messageType"] == "iOSTrackingDataRequest"
            assert 0.5 <= request["time"] <= 10
            assert 1 <= len(request["sentBy"]) <= 32
            self._reply_port = request["ports"][0]
            self._until = time.monotonic() + request["time"]
            self.streaming = True
        elif text in self._starts:
            self.streaming = True
        elif b"STOP" in text or b"Stop" in text:
            self.streaming = False


class TcpPhone(FakePhone):
    """Asked over UDP, it connects to `reply_port` and sends its frames with the terminator, cut at random places."""

    def run(self) -> None:
        chance = random.Random(1)
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                self._hear(self._ear.recv(2048))
            if not self.streaming:
                continue
            try:
                with socket.create_connection(("127.0.0.1", self._reply_port), timeout=5) as link:
                    while not self._ended.is_set() and self.streaming:
                        waiting = b"".join(
                            self.frames[(self.sent + each) % len(self.frames)] + b"___iFacialMocap" for each in range(4)
                        )
                        self.sent += 4
                        while waiting:
                            cut = chance.randint(1, 2500)
                            link.sendall(waiting[:cut])
                            waiting = waiting[cut:]
                            time.sleep(0.002)
            except OSError:
                time.sleep(0.02)


class Spy:
    """Keeps every face that a tracker hands to its reader, and what the reader made of it."""

    def __init__(self, tracker: Tracker) -> None:
        self.frames: list[FaceFrame] = []
        self.poses: list[TrackedPose | None] = []
        reader = tracker._reader  # type: ignore[attr-defined]
        original: Callable[[FaceFrame], TrackedPose | None] = reader.read

        def read(frame: FaceFrame) -> TrackedPose | None:
            found = original(frame)
            self.frames.append(frame)
            self.poses.append(found)
            return found

        reader.read = read


def send_in_step(port: int, spy: Spy, frames: Sequence[Sequence[bytes]]) -> None:
    """Send the datagrams of each frame and wait until its face was read: every face, in order, over the real socket."""
    with Sender(port) as sender:
        for datagrams in frames:
            before = len(spy.frames)
            for datagram in datagrams:
                sender.send(datagram)
            assert wait_until(lambda before=before: len(spy.frames) > before, poll=0.0003)


def free_ports(count: int) -> list[int]:
    """Several at once."""
    found: list[int] = []
    while len(found) < count:
        port = free_port()
        if port not in found:
            found.append(port)
    return found
