"""Damaged packets of every protocol through the trackers of the network, to the pose: nothing may raise, be out of range or grow.

    python bench/fuzz_trackers.py [--count 1000000] [--seed 0] [--json FILE]

Each packet is of the tracker's own or of another protocol, sound or damaged, or random bytes; the clock is made up, 60 per
second. Exits with 1 when something was wrong.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ezvtb_core.link.settings import Settings  # noqa: E402 - the path comes first
from ezvtb_core.pose import HIGHEST, LOWEST, TrackedPose, neutral  # noqa: E402
from tests.captures.openseeface_synthetic import face  # noqa: E402
from tests.captures.phone_streams import ifacialmocap, message, perfect_sync, vmc, vtube_studio  # noqa: E402
from tests.trackers.mutation import mutate  # noqa: E402
from trackers import create, lan_packet  # noqa: E402
from trackers.context import Context  # noqa: E402
from trackers.lan import LanTracker  # noqa: E402
from trackers.listening import recognise  # noqa: E402
from trackers.network import NetworkTracker  # noqa: E402

Read = Callable[[bytes, float], tuple[bool, TrackedPose | None]]
KINDS = ("ifacialmocap", "vtube_studio", "vmc", "openseeface", "lan")


@dataclass
class Tally:
    """What happened to the packets of one tracker."""

    packets: int = 0
    known: int = 0
    poses: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def sound_packets(random: np.random.Generator) -> dict[str, list[bytes]]:
    """A few dozen good packets of every protocol."""
    found: dict[str, list[bytes]] = {kind: [] for kind in KINDS}
    for number in range(24):
        shapes, head = random.random(52), tuple(random.normal(0.0, 15.0, 3))
        app = ("iFacialMocap", "Facemotion3d", "MeowFace")[number % 3]
        found["ifacialmocap"].append(
            ifacialmocap(shapes, head, eyes=tuple(random.normal(0, 9, 6)), version=1 + number % 2, app=app)
        )
        position = tuple(random.normal(0, 10, 3))
        app = ("VTube Studio", "MeowFace")[number % 2]
        found["vtube_studio"].append(vtube_studio(shapes, head, position, milliseconds=5000 * number, app=app))
        presets = [(name, float(value)) for name, value in zip(("A", "I", "U", "Joy", "Blink", "LookUp"), shapes, strict=False)]
        found["vmc"] += vmc(perfect_sync(shapes) if number % 2 else presets, head, per_datagram=(1000, 30)[number % 3 == 0])
        found["vmc"].append(message("/VMC/Ext/OK", 1, 3, 0, 1).dgram)
        one = face(right=head[0], up=head[1], tilt=head[2], lips=float(shapes[0]), face_id=number % 3, position=tuple(shapes[:3]))
        found["openseeface"].append(one if number % 4 else one + face(face_id=5))
        pose = np.clip(neutral() + random.normal(0, 0.5, 45), LOWEST, HIGHEST).astype(np.float32)
        found["lan"].append(_lan(number, pose))
    return found


def _lan(number: int, pose: np.ndarray) -> bytes:
    return lan_packet.pack(
        lan_packet.Packet(lan_packet.VERSION, session=1, number=number + 1, milliseconds=number * 16, present=True, pose=pose)
    )


def readers(folder: Path) -> dict[str, Read]:
    """What each tracker does with a packet, without the socket."""
    found: dict[str, Read] = {}
    for kind in KINDS:
        tracker = create(Settings(tracker=kind), Context(calibrations=folder / kind))
        if isinstance(tracker, NetworkTracker):
            found[kind] = tracker._read
        else:
            assert isinstance(tracker, LanTracker)
            found[kind] = _through(tracker)
    return found


def _through(tracker: LanTracker) -> Read:
    def read(payload: bytes, time: float) -> tuple[bool, TrackedPose | None]:
        known = tracker._on_datagram(payload, "192.168.1.9:5", time)
        return known, tracker._playout.latest(time) if known else None

    return read


def fault(tracked: TrackedPose) -> str:
    """What is wrong with a pose; empty when nothing is."""
    pose = tracked.pose
    if pose.shape != (45,) or pose.dtype != np.float32:
        return f"shape {pose.shape}, type {pose.dtype}"
    if not np.isfinite(pose).all() or (pose < LOWEST).any() or (pose > HIGHEST).any():
        return f"values {pose[(pose < LOWEST) | (pose > HIGHEST) | ~np.isfinite(pose)]}"
    return "" if all(map(math.isfinite, tracked.position)) else f"position {tracked.position}"


def choose(kind: str, sound: dict[str, list[bytes]], random: np.random.Generator) -> bytes:
    """The next packet for a tracker."""
    luck = random.random()
    if luck < 0.05:
        return random.bytes(int(random.integers(0, 2000)))
    if luck < 0.15:
        kind = KINDS[int(random.integers(len(KINDS)))]
    packet = sound[kind][int(random.integers(len(sound[kind])))]
    return packet if luck > 0.9 else mutate(packet, random)


def fuzz(count: int, seed: int, folder: Path) -> tuple[dict[str, Tally], list[float]]:
    """(what happened by tracker, MiB of Python's memory at the start and at every tenth of the way)."""
    random = np.random.default_rng(seed)
    sound, tallies, reading = sound_packets(random), {kind: Tally() for kind in KINDS}, readers(folder)
    memory: list[float] = []
    tracemalloc.start()
    for number in range(count):
        if number % max(count // 10, 1) == 0:
            gc.collect()
            memory.append(tracemalloc.get_traced_memory()[0] / 2**20)
        kind = KINDS[number % len(KINDS)]
        tally, packet = tallies[kind], choose(kind, sound, random)
        tally.packets += 1
        began = time.perf_counter()
        try:
            known, tracked = reading[kind](packet, number / 60.0)
            recognise(packet)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            tally.wrong.append(f"{type(error).__name__}: {error} for {packet[:80]!r}")
            continue
        tally.seconds += time.perf_counter() - began
        tally.known += known
        if tracked is not None:
            tally.poses += 1
            problem = fault(tracked)
            if problem:
                tally.wrong.append(f"{problem} for {packet[:80]!r}")
    gc.collect()
    memory.append(tracemalloc.get_traced_memory()[0] / 2**20)
    tracemalloc.stop()
    return tallies, memory


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print("| tracker | packets | of its protocol | with a pose | wrong | µs per packet |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tallies, memory = fuzz(options.count, options.seed, Path(folder))
    rows: dict[str, Any] = {}
    for kind, tally in tallies.items():
        each = tally.seconds / max(tally.packets, 1) * 1e6
        rows[kind] = {"packets": tally.packets, "known": tally.known, "poses": tally.poses, "wrong": len(tally.wrong)}
        print(f"| {kind} | {tally.packets} | {tally.known} | {tally.poses} | {len(tally.wrong)} | {each:.0f} |")
        for problem in tally.wrong[:5]:
            print("  ", problem)
    print(f"{options.count} packets in {time.monotonic() - began:.0f} s")
    print(f"MiB of memory on the way: {' '.join(f'{each:.2f}' for each in memory)}")
    if options.json:
        options.json.write_text(json.dumps({"trackers": rows, "memory_mib": memory}, indent=1))
    return 1 if any(tally.wrong for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
