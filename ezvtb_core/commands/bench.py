"""`bench`: how fast this computer draws. The bound is the model's own run time; what the pipeline adds is ours."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ezvtb_core.assemble import build_model, movement
from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.commands.render import Poses, load_poses
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import ModelError
from ezvtb_core.pictures import PictureError
from ezvtb_core.pipeline import Pipeline
from ezvtb_core.pose import clamp
from ezvtb_core.quantise import quantise

WARM_UP = 10
"""Frames drawn before measuring."""
IDLE_FPS = 30.0


def run(argv: list[str], console: Console) -> int:
    """Run a suite. Raises UsageError for bad input."""
    parser = Parser(prog="bench", description=console.text("command_bench"), allow_abbrev=False)
    parser.add_argument("--suite", default="pipeline", metavar="{" + ",".join(SUITES) + "}", help=console.text("help_suite"))
    parser.add_argument("--model", default="puppet", metavar="M", help=console.text("help_model"))
    parser.add_argument("--character", default="", metavar="IMG", help=console.text("help_character"))
    parser.add_argument("--threads", type=int, default=2, metavar="N", help=console.text("help_threads"))
    parser.add_argument("--frames", type=int, default=300, metavar="N", help=console.text("help_frames_count"))
    parser.add_argument("--poses", type=Path, metavar="FILE.npy", help=console.text("help_poses"))
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))
    options = parser.parse_args(argv)
    if options.suite not in SUITES:
        raise UsageError("cli_setting", flag="--suite", expected=" | ".join(SUITES), got=options.suite)
    if options.frames < 1:
        raise UsageError("cli_setting", flag="--frames", expected="1..", got=options.frames)
    try:
        SUITES[options.suite](options, console)
    except (ModelError, PictureError) as error:
        raise UsageError(error.notice.code, **error.notice.params) from error
    return 0


def pipeline(options: argparse.Namespace, console: Console) -> None:
    """Pose → quantise → model → premultiply → shared memory, every frame new; against the model's share of the same frames."""
    poses = load_poses(options.poses) if options.poses else idle_poses(options.frames)
    settings = Settings(model=options.model, character=options.character, cpu_threads=options.threads)
    stages = Pipeline(build_model(settings))
    width, height = stages.model.size
    buffer = FrameBuffer.create(width * height * 4)
    whole, model = [], []
    try:
        for index in range(-WARM_UP, options.frames):
            pose = np.asarray(poses[index % len(poses)])
            began = time.perf_counter()
            rendered = stages.render(quantise(clamp(pose), 0))
            buffer.publish(rendered.pixels.data, width, height)
            seconds = time.perf_counter() - began
            if index >= 0 and rendered.fresh:
                whole.append(seconds * 1e3)
                model.append(rendered.model_seconds * 1e3)
            console.progress((index + WARM_UP + 1) / (options.frames + WARM_UP), options.suite)
    finally:
        stages.close()
        buffer.close()
    console.end_progress()
    _report(options, stages.model.spec.name, (width, height), whole, model, console)


def idle_poses(count: int) -> Poses:
    """`count` poses of idle movement, (N, 45) float32, none like the one before."""
    settings = Settings(quantise=0, smoothing=0)
    chain = movement("bench")
    return np.stack([chain.pose(None, index / IDLE_FPS, settings) for index in range(count)])


SUITES: dict[str, Callable[[argparse.Namespace, Console], None]] = {"pipeline": pipeline}


def _report(
    options: argparse.Namespace, name: str, size: tuple[int, int], whole: list[float], model: list[float], console: Console
) -> None:
    facts: dict[str, Any] = {
        "suite": options.suite,
        "model": name,
        "size": list(size),
        "frames": len(whole),
        "threads": options.threads,
    }
    for key, values in (("pipeline_ms", whole), ("model_ms", model)):
        for percentile in (50, 99):
            facts[f"{key}_p{percentile}"] = round(float(np.percentile(values, percentile)), 3)
    added = np.subtract(whole, model)
    facts["overhead_ms_p50"] = round(float(np.percentile(added, 50)), 3)
    facts["overhead_ms_p99"] = round(float(np.percentile(added, 99)), 3)
    facts["ratio"] = round(facts["pipeline_ms_p50"] / facts["model_ms_p50"], 3)
    facts["fps"] = round(1e3 / facts["pipeline_ms_p50"], 1)
    if options.json:
        console.result(facts)
        return
    console.line(
        console.text("bench_head", model=name, width=size[0], height=size[1], frames=len(whole), threads=options.threads)
    )
    console.line(console.text("bench_model", p50=facts["model_ms_p50"], p99=facts["model_ms_p99"]))
    console.line(console.text("bench_pipeline", p50=facts["pipeline_ms_p50"], p99=facts["pipeline_ms_p99"], fps=facts["fps"]))
    console.line(console.text("bench_ratio", ratio=facts["ratio"], overhead=facts["overhead_ms_p50"]))
