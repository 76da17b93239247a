"""From a datagram to the pose that can be had, and what it costs: every tracker of the network over a real socket.

    python bench/tracker_latency.py [--rate 60] [--seconds 20] [--only vmc] [--json FILE]

A process of its own sends protocol-exact frames. `latency` is from just before the last datagram of a frame is sent until the
tracker says that a new pose is there; `share` is the time that the port's thread used of one core (Linux), `process` that of the
whole process, which does nothing else. `bare` is the bound: a thread in a blocking `recv` that looks at nothing,
with the datagrams of OpenSeeFace; what is above it is ours.
"""

from __future__ import annotations

import argparse
import json
import math
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ezvtb_core.link.settings import Settings  # noqa: E402 - the path comes first
from tests.captures.openseeface_synthetic import face  # noqa: E402
from tests.captures.phone_streams import ifacialmocap, perfect_sync, vmc, vtube_studio  # noqa: E402
from tests.peers import Sender, free_port  # noqa: E402
from trackers import create  # noqa: E402
from trackers.context import Context  # noqa: E402

KINDS = ("bare", "ifacialmocap", "vtube_studio", "vmc", "openseeface")
_LOOP = 600
"""Frames that are made beforehand and repeated."""


def frames(kind: str) -> list[list[bytes]]:
    """The datagrams of each of `_LOOP` frames of a head that turns and a mouth that speaks."""
    found = []
    for number in range(_LOOP):
        phase = number / _LOOP * 2 * math.pi
        head = (8 * math.sin(5 * phase), 20 * math.sin(3 * phase), 6 * math.sin(2 * phase))
        shapes = [0.5 + 0.5 * math.sin((20 + each) * phase + each) for each in range(52)]
        if kind == "ifacialmocap":
            found.append([ifacialmocap(shapes, head)])
        elif kind == "vtube_studio":
            found.append([vtube_studio(shapes, head, milliseconds=1_700_000_000_000)])
        elif kind == "vmc":
            found.append(vmc(perfect_sync(shapes), head))
        else:
            found.append([face(up=head[0], right=head[1], tilt=head[2], lips=0.4 * shapes[0])])
    return found


def send(kind: str, port: int, rate: float, seconds: float) -> None:
    """The sending process: prints when it sent what completes each frame, as JSON."""
    ready, moments = frames(kind), []
    start = time.monotonic()
    with Sender(port) as sender:
        for number in range(round(rate * seconds)):
            time.sleep(max(start + number / rate - time.monotonic(), 0.0))
            *first, last = ready[number % _LOOP]
            for datagram in first:
                sender.send(datagram)
            moments.append(time.monotonic())
            sender.send(last)
    print(json.dumps(moments))


class Bare:
    """The least that a tracker can be."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._port = port
        self._ending = False

    def start(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        threading.Thread(target=self._run, name=f"udp-{self._port}", daemon=True).start()

    def _run(self) -> None:
        while self._socket.recv(65535) and not self._ending:
            self._notify()

    def stop(self) -> None:
        self._ending = True
        with Sender(self._port) as sender:
            sender.send(b"end")


def measure(kind: str, rate: float, seconds: float) -> dict[str, Any]:
    """One run; milliseconds and shares of one core in percent."""
    port, came = free_port(), []
    with tempfile.TemporaryDirectory() as folder:
        tracker: Any = Bare(port)
        if kind != "bare":
            settings = Settings(**{"tracker": kind, f"{kind}_port": port})
            tracker = create(settings, Context(calibrations=Path(folder)))
        tracker.start(lambda: came.append(time.monotonic()))
        time.sleep(0.5)
        ear = next(thread for thread in threading.enumerate() if thread.name == f"udp-{port}")
        command = [sys.executable, __file__, "--send", kind, "--port", str(port), "--rate", str(rate), "--seconds", str(seconds)]
        began, thread_before, process_before = time.monotonic(), _used(ear), time.process_time()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        passed, thread_after, process_after = time.monotonic() - began, _used(ear), time.process_time()
        tracker.stop()
    sent, got = np.array(json.loads(done.stdout)), np.array(came)
    owner = np.searchsorted(sent, got, side="right") - 1
    waits = (got - sent[np.maximum(owner, 0)])[owner >= 0] * 1e3
    p50, p99 = np.percentile(waits, (50, 99))
    return {
        "tracker": kind,
        "poses": len(got),
        "frames": len(sent),
        "p50": round(float(p50), 3),
        "p99": round(float(p99), 3),
        "max": round(float(waits.max()), 2),
        "share": round((thread_after - thread_before) / passed * 100, 2),
        "process": round((process_after - process_before) / passed * 100, 2),
    }


def _used(thread: threading.Thread) -> float:
    """Seconds of processor time of a thread; not a number where the system does not say."""
    if not hasattr(time, "pthread_getcpuclockid") or thread.ident is None:
        return math.nan
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--send", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send(options.send, options.port, options.rate, options.seconds)
        return
    rows = []
    print("| tracker | poses of frames | latency p50 / p99 / max, ms | share of a core, thread / process |")
    print("| --- | --- | --- | --- |")
    for kind in [options.only] if options.only else KINDS:
        row = measure(kind, options.rate, options.seconds)
        rows.append(row)
        print(
            f"| {kind} | {row['poses']} of {row['frames']} | {row['p50']:.2f} / {row['p99']:.2f} / {row['max']:.1f} "
            f"| {row['share']:.1f} % / {row['process']:.1f} % |",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
