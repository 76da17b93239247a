"""What listening to and looking at other sources costs OBS: time per block of sound, and time that OBS is kept from drawing.

    python bench/obs_taps.py [--seconds 15] [--json FILE]

Linux with obs, Xvfb, openbox, wmctrl and the packages for tests and video. Software GL: drawing and reading back a picture are
work of the processor here, so the rows about pictures are an upper bound, not what a graphics card takes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.obs import material  # noqa: E402 - the path comes first
from tests.obs.conftest import Studio  # noqa: E402
from tests.obs.harness import avatar, display  # noqa: E402
from tests.obs.test_taps import ALONE, HEARING, SEEING, feed_of  # noqa: E402

SPY = """
import time
avatar = next(iter(holder().implementation._taps._avatars.values()))
spy = sys.modules["_spy"] = type(sys)("_spy")
spy.times = {"picture": [], "callback": [], "poll": []}
def timed(kind, function, section=None):
    def call(*arguments):
        began = time.perf_counter()
        result = function(*arguments)
        spy.times[kind].append(section() if section else time.perf_counter() - began)
        return result
    return call
if avatar.camera is not None:
    grabber = avatar.camera._grabber
    grabber.take = timed("picture", grabber.take, lambda: grabber.seconds)
if avatar.sound is not None:
    for number, sink in list(holder().sinks.items()):
        holder().sinks[number] = timed("callback", sink)
    if avatar.sound._poll is not None:
        avatar.sound._poll._take = timed("poll", avatar.sound._poll._take)
"""
CASES: dict[str, tuple[dict[str, Any], bool, tuple[int, int]]] = {
    "nothing": ({}, True, (1280, 720)),
    "sound by callback": (HEARING, True, (1280, 720)),
    "sound looked at": (HEARING, False, (1280, 720)),
    "pictures of 1280×720": (SEEING, True, (1280, 720)),
    "pictures of 1920×1080": (SEEING, True, (1920, 1080)),
}


def spread(values: list[float]) -> dict[str, float]:
    """Milliseconds."""
    ordered = sorted(values)
    places = {"p50": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "max": len(ordered) - 1}
    return {"n": len(ordered), **{name: round(ordered[place] * 1000, 3) for name, place in places.items()}}


def measure(
    folder: Path, screen: str, settings: dict[str, Any], alone: bool, size: tuple[int, int], seconds: float
) -> dict[str, Any]:
    """One OBS at 30 frames/s with an avatar, a video and a sound."""
    obs = Studio(folder, screen, fps=30).open(avatar(settings=settings))
    if alone:
        obs.inside(ALONE)
    obs.create("Camera", material.media(material.video(folder / "video.mkv", *size)), kind="ffmpeg_source")
    obs.create("Voice", material.media(material.tones(folder / "tones.wav")), kind="ffmpeg_source")
    for kind, wanted in (("sound", "sound_source" in settings), ("camera", "camera_source" in settings)):
        if wanted:
            feed_of(obs, kind)
    time.sleep(4)
    obs.inside(SPY)
    before = obs.ask("GetStats")
    time.sleep(seconds)
    times, after = obs.inside("result = sys.modules['_spy'].times"), obs.ask("GetStats")
    obs.hang_up()
    assert (obs.stop(), obs.leaks()) == (0, 0)
    found: dict[str, Any] = {kind: spread(values) for kind, values in times.items() if values}
    found["skipped frames"] = after["renderSkippedFrames"] - before["renderSkippedFrames"]
    found["frames"] = after["renderTotalFrames"] - before["renderTotalFrames"]
    found["ms per frame of OBS"] = round(after["averageFrameRenderTime"], 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder, display() as screen:
        for number, (name, (settings, alone, size)) in enumerate(CASES.items()):
            place = Path(folder) / str(number)
            place.mkdir()
            results[name] = measure(place, screen, settings, alone, size, options.seconds)
            print(f"{name}: {json.dumps(results[name], ensure_ascii=False)}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
