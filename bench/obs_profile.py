"""What the avatar costs OBS's graphics thread, by OBS's own profiler: beside an image source, both hosts, with a busy script.

    python bench/obs_profile.py [--seconds 20] [--json FILE]

Linux with obs, Xvfb, openbox, wmctrl and the test packages. Canvas 1280×720 at 60 frames/s, preview off, software GL: the
upload of a frame is a copy on the processor here, so the rows without upload show our own share.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.obs.harness import Collection, Obs, avatar, display  # noqa: E402 - the path comes first

BUSY = """
import threading
def spin():
    x = 0
    while True:
        x += 1
threading.Thread(target=spin, daemon=True).start()
"""
LINES = ("obs_graphics_thread", "tick_sources", "render_main_texture", "output_frame")
IMAGE = {"id": "image_source", "versioned_id": "image_source", "name": "Avatar", "enabled": True}
SCENES: dict[str, dict[str, Any]] = {
    "image_source (still picture)": {**IMAGE, "settings": {"file": str(ROOT / "data/character/still.png")}},
    "avatar, worker process, 60 new frames/s": avatar(settings={"fps": 60, "quantise": 0}),
    "avatar, worker process, 5 new frames/s": avatar(settings={"fps": 5, "quantise": 0}),
    "avatar, threads inside OBS, 60 new frames/s": avatar(settings={"fps": 60, "quantise": 0, "host": "thread"}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="measured time per scene")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    rows = []
    with display() as screen:
        for busy in (False, True):
            for name, source in SCENES.items():
                rows.append(measure(name, source, busy, screen, options.seconds))
                print(row_text(rows[-1]), flush=True)
    if options.json:
        machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()}
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1))


def measure(name: str, source: dict[str, Any], busy: bool, screen: str, seconds: float) -> dict[str, Any]:
    """One run of OBS; times in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "busy.py"
        script.write_text(BUSY)
        home = Path(folder) / "obs"
        home.mkdir()
        obs = Obs(home, screen)
        obs.start(Collection("Test", [ROOT / "obs_ezvtuber.py", *([script] if busy else [])], [source]))
        before = obs.ask("GetStats")
        time.sleep(seconds)
        after = obs.ask("GetStats")
        load = os.getloadavg()[0]
        assert obs.stop() == 0
        frames = after["renderTotalFrames"] - before["renderTotalFrames"]
        skipped = after["renderSkippedFrames"] - before["renderSkippedFrames"]
        figures = {line: profiled(obs.log, line) for line in LINES}
        return {"scene": name, "busy script": busy, "skipped %": 100 * skipped / max(frames, 1), "load": load, **figures}


def profiled(log: str, line: str) -> dict[str, float]:
    """Median, 99th percentile and maximum of one profiler line, ms."""
    # OBS writes a no-break space between number and unit.
    number = r"([\d.]+)\sms"
    found = re.search(rf"{line}[^:]*: min={number}, median={number}, max={number}, 99th percentile={number}", log)
    assert found, f"no profiler line {line}"
    return {"median": float(found[2]), "p99": float(found[4]), "max": float(found[3])}


def row_text(row: dict[str, Any]) -> str:
    """One row of the table in docs/performance.md."""
    cells = [f"{row[line]['median']:.2f} / {row[line]['p99']:.1f}" for line in ("tick_sources", "render_main_texture")]
    return f"| {row['scene']} | {'yes' if row['busy script'] else 'no'} | {' | '.join(cells)} | {row['skipped %']:.2f} |"


if __name__ == "__main__":
    main()
