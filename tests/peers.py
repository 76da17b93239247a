"""Peers for tests: a UDP sender that replays recordings, loses packets and adds garbage.

A recording is `[float64 time][uint32 length][payload]` repeated, little endian.

    python tests/peers.py FILE --port 11573 [--speed 2] [--loop] [--lose 5] [--garbage 7]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

Record = tuple[float, bytes]
CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
_RECORD = struct.Struct("<dI")


def capture(name: str) -> list[Record]:
    """A recording of a real program from `../shared/captures`. Skips the test, saying so, where it is missing."""
    file = CAPTURES / name
    if not file.exists():
        import pytest  # not needed by the command line

        pytest.skip(f"MISSING CAPTURE: {file} is not here, so nothing was compared with the real program's data")
    return read_records(file)


def read_records(file: Path) -> list[Record]:
    """All (time in seconds, payload) of a recording. Raises ValueError when its end is missing."""
    data, offset, records = file.read_bytes(), 0, []
    while offset < len(data):
        if len(data) - offset < _RECORD.size:
            raise ValueError(f"{file} ends within a record")
        moment, length = _RECORD.unpack_from(data, offset)
        offset += _RECORD.size
        if len(data) - offset < length:
            raise ValueError(f"{file} ends within a record")
        records.append((moment, data[offset : offset + length]))
        offset += length
    return records


def write_records(file: Path, records: Iterable[Record]) -> None:
    """The opposite of `read_records`."""
    file.write_bytes(b"".join(_RECORD.pack(moment, len(payload)) + payload for moment, payload in records))


def free_port() -> int:
    """A UDP port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float = 10.0, poll: float = 0.002) -> bool:
    """Poll until `condition` holds; the bound is generous because test machines are busy."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(poll)
    return condition()


class Sender:
    """A UDP socket that sends to one port of this computer. A context manager."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self._target = (address, port)
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    @property
    def port(self) -> int:
        """The port it sends from (known after the first datagram)."""
        return int(self._socket.getsockname()[1])

    def send(self, payload: bytes) -> None:
        """One datagram."""
        self._socket.sendto(payload, self._target)


class Replayer(threading.Thread):
    """Sends a recording in its own rhythm, on a thread. `sent` lists (monotonic time, index in the recording).

    `speed` 2 is twice as fast. `keep` says for each datagram in turn whether it is sent (loss is data: `[True, False]`
    loses every second one), repeated for ever. `garbage_every` n sends 300 random bytes after every n-th datagram.
    """

    def __init__(
        self,
        records: Sequence[Record],
        port: int,
        *,
        speed: float = 1.0,
        loop: bool = False,
        keep: Sequence[bool] = (True,),
        garbage_every: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__(name="replayer", daemon=True)
        self.sent: list[tuple[float, int]] = []
        self._records, self._port, self._speed, self._loop = records, port, speed, loop
        self._keep, self._garbage_every = keep, garbage_every
        self._random = random.Random(seed)
        self._stopping = threading.Event()

    def run(self) -> None:
        with Sender(self._port) as sender:
            for count, (due, index) in enumerate(self._schedule(time.monotonic())):
                if self._stopping.wait(max(due - time.monotonic(), 0.0)):
                    return
                if self._keep[count % len(self._keep)]:
                    sender.send(self._records[index][1])
                    self.sent.append((time.monotonic(), index))
                if self._garbage_every and count % self._garbage_every == 0:
                    sender.send(self._random.randbytes(300))

    def stop(self) -> None:
        """End early and wait for the end."""
        self._stopping.set()
        self.join(5.0)

    def _schedule(self, start: float) -> Iterator[tuple[float, int]]:
        first, last = self._records[0][0], self._records[-1][0]
        for turn in itertools.count() if self._loop else range(1):
            for index, (moment, _) in enumerate(self._records):
                yield start + (turn * (last - first + 0.04) + moment - first) / self._speed, index


def main() -> None:
    """The command line of the module docstring."""
    parser = argparse.ArgumentParser(description="Replay a recording of UDP datagrams to this computer.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--loop", action="store_true")
    parser.add_argument("--lose", type=int, default=0, metavar="N", help="lose every N-th datagram")
    parser.add_argument("--garbage", type=int, default=0, metavar="N", help="add random bytes after every N-th datagram")
    chosen = parser.parse_args()
    keep = [True] * (chosen.lose - 1) + [False] if chosen.lose > 0 else [True]
    replayer = Replayer(
        read_records(chosen.file),
        chosen.port,
        speed=chosen.speed,
        loop=chosen.loop,
        keep=keep,
        garbage_every=chosen.garbage,
    )
    print(f"sending {chosen.file} to 127.0.0.1:{chosen.port}, Ctrl+C ends")
    with contextlib.suppress(KeyboardInterrupt):
        replayer.run()
    print(f"{len(replayer.sent)} datagrams sent")


if __name__ == "__main__":
    main()
