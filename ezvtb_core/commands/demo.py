"""`demo`: the main job outside OBS. A character animated through the whole pipeline, in a window or into a file."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ezvtb_core.assemble import Assembly, cast, movement
from ezvtb_core.commands import entry, setting_flags, writers
from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.commands.measure import Recorder, TimedModel
from ezvtb_core.commands.window import Window, WindowError, has_display
from ezvtb_core.commands.writers import Pixels, Writer
from ezvtb_core.engine import Engine, Parts
from ezvtb_core.frames import unpremultiply
from ezvtb_core.link.feeds import Feeds
from ezvtb_core.link.framebuffer import Placement
from ezvtb_core.link.installer import InstallError
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.pacing import Clock, Pacer
from ezvtb_core.performer import Cast
from trackers.context import Context
from trackers.idle import IdleTracker

DEFAULT_SECONDS = 10.0
DEFAULT_FILE = "demo.gif"
BACKGROUND = "#808080"
LONGEST = 3600.0
PATIENCE = 30.0
"""Seconds until the first frame after which something is wrong."""


def run(argv: list[str], console: Console) -> int:
    """Run the demo. Raises UsageError for bad input before anything is drawn, NoticeError for what fails later."""
    options = _parse(argv, console)
    settings = setting_flags.read(options)
    if options.out:
        writers.check(options.out)
    if options.record:
        writers.check_writable(options.record)
    try:
        model = TimedModel(Assembly().model(settings))
    except NoticeError as error:
        raise UsageError(error.notice.code, **error.notice.params) from error
    window = None if options.out else _window(model.size, console)
    out = options.out or Path(DEFAULT_FILE)
    if window is None:
        writers.check(out)
        if out.suffix.lower() in writers.FILMS:
            entry.ensure(("video",), console)
    demo = _Demo(settings, model, options, console)
    try:
        summary = demo.film(out) if window is None else demo.show(window)
    finally:
        demo.close()
    if options.record:
        summary["recorded"] = demo.recorder.save(options.record)
        console.tell("demo_recorded", path=str(options.record), poses=summary["recorded"])
    _sum_up(summary, options.json, console)
    return 0 if summary["frames"] and summary["state"] != "error" else 1


def _window(size: tuple[int, int], console: Console) -> Window | None:
    """A window, or None and a sentence where there can be none."""
    try:
        if not has_display(console.environ):
            raise WindowError("window_no_display")
        entry.ensure(("window",), console)
        return Window(size, console)
    except (WindowError, InstallError) as error:
        console.say(error.notice)
        console.tell("demo_into_file", path=str(Path(DEFAULT_FILE).resolve()))
        return None


class _Sink:
    """Keeps the newest frame of an engine, premultiplied BGRA."""

    def __init__(self) -> None:
        self.newest: Pixels | None = None

    def publish(self, pixels: memoryview, width: int, height: int) -> None:
        # A new array for every frame: the window's thread may still look at the one before.
        self.newest = np.frombuffer(pixels.tobytes(), np.uint8).reshape(height, width, 4)

    def place(self, placement: Placement) -> None:
        """The whole picture moves in a scene of OBS only."""


class _Demo:
    def __init__(self, settings: Settings, model: TimedModel, options: argparse.Namespace, console: Console) -> None:
        self.settings = settings
        self.model = model
        self.options = options
        self.console = console
        self.recorder = Recorder()
        self.sink = _Sink()
        self.now = 0.0
        """The moment that is drawn, in a film of idle movement: the same film every time."""
        self.busy = 0.0
        """Seconds spent in the engine."""
        # Idle movement needs nobody's real time: a film of it is drawn as fast as it goes, with every frame at its exact moment.
        self.simulated = settings.tracker == "idle"
        self.engine: Engine | None = None

    def film(self, out: Path) -> dict[str, Any]:
        """Write a file frame by frame; Ctrl-C ends it early with what there is."""
        writer = writers.open_writer(out, self.settings.fps, _colour(self.options.background))
        engine = self._start(self.simulated)
        began = time.perf_counter()
        try:
            frames = self._draw(engine, writer)
            elapsed = time.perf_counter() - began
            self.console.progress(1.0, self.console.text("demo_saving", path=str(out)))
            writer.save()
        except OSError as error:
            raise NoticeError("out_failed", path=str(out), detail=str(error)) from error
        finally:
            writer.drop()
        # As fast as it goes means: of what was really drawn. Frames that only repeat the one before would flatter it.
        fps = self.model.runs / max(self.busy, 1e-9) if self.simulated else frames / max(elapsed, 1e-9)
        facts = {"out": str(out), "bytes": out.stat().st_size if frames else 0, "file_fps": round(writer.fps, 2)}
        return {**self._summary(frames, fps, frames / writer.fps, paced=not self.simulated), **facts}

    def _draw(self, engine: Engine, writer: Writer) -> int:
        """All frames of the film; how many there are."""
        total = max(1, round((self.options.seconds or DEFAULT_SECONDS) * writer.fps))
        frames = 0
        try:
            for frames in self._frames(engine, writer, total):
                self.console.progress(frames / total, self.console.text("demo_drawing", frame=frames, total=total))
        except KeyboardInterrupt:
            self.console.tell("demo_stopped", frames=frames)
        return frames

    def show(self, window: Window) -> dict[str, Any]:
        """The live window, until it is closed or the time is over."""
        engine = self._start(simulated=False)
        engine.start()
        began = time.perf_counter()
        try:
            window.run(engine, lambda: self.sink.newest, self.options.seconds)
        except KeyboardInterrupt:
            self.console.tell("cli_interrupted")
        finally:
            window.close()
        status = engine.status()
        seconds = time.perf_counter() - began
        return {**self._summary(status.frames + status.reused, status.fps, seconds, paced=True), "out": None}

    def close(self) -> None:
        """End the engine; the model is released with it."""
        if self.engine is not None:
            self.engine.stop()

    def _now(self) -> float:
        return self.now

    def _start(self, simulated: bool) -> Engine:
        feeds = Feeds()
        if simulated:
            clock: Clock = self._now
            actors = Cast(lambda settings: IdleTracker(settings, Context(), now=self._now), movement("demo"))
        else:
            clock, actors = time.monotonic, cast(self.settings, "demo", feeds)
        parts = Parts(lambda _: self.model, actors, feeds)
        engine = self.engine = Engine(self.settings, parts, name="demo", listener=self.recorder.add, tracker_clock=clock)
        engine.attach(self.sink)
        return engine

    def _frames(self, engine: Engine, writer: Writer, total: int) -> Iterator[int]:
        """Draw and write `total` frames; gives how many are done after each."""
        self._first(engine)
        pacer, done, start = Pacer(), 0, self.now
        while done < total:
            began = time.perf_counter()
            engine.tick()
            self.busy += time.perf_counter() - began
            assert self.sink.newest is not None
            repeats = 1
            straight = unpremultiply(self.sink.newest)
            writer.add(straight)
            if not self.simulated:
                skipped = pacer.skipped
                time.sleep(pacer.next(1 / writer.fps))
                # What the disk or the encoder made us miss is filled up, or the film would run too fast.
                repeats += min(pacer.skipped - skipped, total - done - 1)
                for _ in range(repeats - 1):
                    writer.add(straight)
            done += repeats
            self.now = start + done / writer.fps
            yield done

    def _first(self, engine: Engine) -> None:
        """Draw until there is a frame. Raises NoticeError with what the engine says when there is none."""
        patience = time.monotonic() + PATIENCE
        # In a film the tracker's first moment must not depend on how fast this machine starts it.
        while self.sink.newest is None or (self.simulated and not len(self.recorder)):
            engine.tick()
            status = engine.status()
            if status.state == "error" or time.monotonic() > patience:
                raise NoticeError(status.notice.code, **status.notice.params)
            time.sleep(0.002)
        self.model.forget()

    def _summary(self, frames: int, fps: float, seconds: float, paced: bool) -> dict[str, Any]:
        p50, p99 = self.model.percentiles()
        assert self.engine is not None
        status = self.engine.status()
        if status.state == "error":
            self.console.say(status.notice)
        elif status.tracker_state in ("error", "waiting", "lost"):
            self.console.say(status.tracker_notice)
        return {
            "fps": round(fps, 2), "model_ms_p50": round(p50, 3), "model_ms_p99": round(p99, 3), "frames": frames,
            "seconds": round(seconds, 3), "size": list(self.model.size), "tracker": self.settings.tracker,
            "model": self.model.name, "device": self.model.device, "reused": max(frames - self.model.runs, 0),
            "preset": self.settings.preset, "paced": paced, "state": status.state, "tracker_state": status.tracker_state,
            "tracker_age": round(status.tracker_age, 4), "tracker_rate": round(status.tracker_rate, 1),
            "frame_ms_p50": round(status.frame_ms_p50, 3), "frame_ms_p99": round(status.frame_ms_p99, 3),
        }  # fmt: skip


def _parse(argv: list[str], console: Console) -> argparse.Namespace:
    parser = Parser(prog="demo", description=console.text("command_demo"), allow_abbrev=False)
    parser.add_argument("--seconds", type=float, metavar="N", help=console.text("help_seconds"))
    parser.add_argument("--out", type=Path, metavar="FILE", help=console.text("help_out"))
    parser.add_argument("--record", type=Path, metavar="FILE.npz", help=console.text("help_record"))
    parser.add_argument("--background", default=BACKGROUND, metavar="#RRGGBB", help=console.text("help_background"))
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))
    setting_flags.add(parser, console)
    options = parser.parse_args(argv)
    if options.seconds is not None and not 0 < options.seconds <= LONGEST:
        raise UsageError("cli_setting", flag="--seconds", expected=f"0..{LONGEST:g}", got=str(options.seconds))
    if options.record is not None and options.record.suffix.lower() != ".npz":
        raise UsageError("out_ending", path=str(options.record), known=".npz")
    _colour(options.background)
    return options


def _colour(text: str) -> tuple[int, int, int]:
    try:
        if len(text) != 7 or text[0] != "#":
            raise ValueError(text)
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
    except ValueError as error:
        raise UsageError("cli_setting", flag="--background", expected="#RRGGBB", got=text) from error


def _sum_up(summary: Mapping[str, Any], as_json: bool, console: Console) -> None:
    if as_json:
        console.result(summary)
        return
    if summary["out"]:
        console.line(console.text("demo_file", path=summary["out"], size=f"{summary['bytes'] / 1e6:.1f}"))
    width, height = summary["size"]
    facts = {"p50": summary["model_ms_p50"], "p99": summary["model_ms_p99"], "width": width, "height": height}
    told = {name: summary[name] for name in ("frames", "fps", "reused")}
    console.line(console.text("demo_summary", **told, **facts))
