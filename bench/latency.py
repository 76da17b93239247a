"""From a datagram to the frame that shows it: a synthetic OpenSeeFace stream over a real socket into a whole engine.

    python bench/latency.py [--fps 30 60] [--rate 25 30 60] [--seconds 10] [--json FILE]

Every datagram turns the head further: every frame is a new one. `wait` is the time from the arrival of the newest datagram that
a frame shows to that frame in the buffer, less the model's own time. `grid` is the same with deadlines that take no notice of
the tracker: the bound that a fixed rate sets, half a frame on average.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ezvtb_core.assemble import Assembly  # noqa: E402 - the path comes first
from ezvtb_core.link.framebuffer import Placement  # noqa: E402
from ezvtb_core.link.settings import Settings  # noqa: E402
from ezvtb_core.pacing import Rhythm  # noqa: E402
from ezvtb_core.pose import TrackedPose  # noqa: E402
from tests.captures.openseeface_synthetic import face  # noqa: E402
from tests.peers import Sender, free_port  # noqa: E402


class Sink:
    """Notes when each frame came, and how old the pose was that the engine had taken for it."""

    def __init__(self) -> None:
        self.taken = 0.0
        self.ages: list[float] = []

    def take(self, tracked: TrackedPose) -> None:
        self.taken = tracked.time

    def publish(self, pixels: memoryview, width: int, height: int) -> None:
        if self.taken:
            self.ages.append(time.monotonic() - self.taken)
            self.taken = 0.0

    def place(self, placement: Placement) -> None:
        """Nothing to time."""


def send(port: int, rate: float, ended: threading.Event) -> None:
    with Sender(port) as sender:
        start, number = time.monotonic(), 0
        while not ended.wait(max(start + number / rate - time.monotonic(), 0.0)):
            sender.send(face(right=25 * math.sin(number / rate * 3), up=8 * math.sin(number / rate * 2)))
            number += 1


def measure(fps: int, rate: float, seconds: float) -> dict[str, Any]:
    """One run; milliseconds."""
    settings = Settings(fps=fps, tracker="openseeface", openseeface_port=free_port(), quantise=0, smoothing=0)
    sink, ended = Sink(), threading.Event()
    engine = Assembly().engine(settings, "latency", sink.take)
    engine.attach(sink)
    engine.start()
    sender = threading.Thread(target=send, args=(settings.openseeface_port, rate, ended), daemon=True)
    sender.start()
    time.sleep(2.0)
    sink.ages.clear()
    time.sleep(seconds)
    status = engine.status()
    ended.set()
    sender.join()
    engine.stop()
    waits = np.array(sink.ages) * 1e3 - status.model_ms_p50
    p50, p99 = np.percentile(waits, (50, 99))
    return {"fps": fps, "rate": rate, "shown": round(status.fps, 1), "p50": round(float(p50), 2), "p99": round(float(p99), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fps", type=int, nargs="+", default=[30, 60])
    parser.add_argument("--rate", type=float, nargs="+", default=[25, 30, 60])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    near, rows = Rhythm.near, []
    for fps in options.fps:
        for rate in options.rate:
            with_beat = measure(fps, rate, options.seconds)
            Rhythm.near = lambda self, delay, period: None  # type: ignore[method-assign]
            grid = measure(fps, rate, options.seconds)
            Rhythm.near = near  # type: ignore[method-assign]
            rows.append({"wait": with_beat, "grid": grid})
            print(
                f"| {fps} | {rate:g} | {with_beat['p50']:.1f} / {with_beat['p99']:.1f} | {grid['p50']:.1f} / {grid['p99']:.1f} "
                f"| {with_beat['shown']:.0f} | {grid['shown']:.0f} |",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
