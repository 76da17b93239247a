"""From a pose to shared memory, every frame new. The bound is the model's own run time; what the pipeline adds is ours."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from ezvtb_core.assemble import movement
from ezvtb_core.commands import model_flags
from ezvtb_core.commands.console import Console
from ezvtb_core.commands.render import Poses, load_poses
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import PosingModel
from ezvtb_core.models.planned import PlannedModel
from ezvtb_core.pipeline import Pipeline
from ezvtb_core.pose import clamp
from ezvtb_core.quantise import quantise

WARM_UP = 10
"""Frames drawn before measuring."""
IDLE_FPS = 30.0


def run(options: argparse.Namespace, console: Console) -> None:
    """Pose → quantise → model → premultiply → shared memory, against the model's share of the same frames."""
    poses = load_poses(options.poses) if options.poses else idle_poses(options.frames)
    options.model = options.model or "puppet"
    stages = Pipeline(model_flags.build(options))
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
        console.end_progress()
        _report(options, stages.model, whole, model, console)
    finally:
        stages.close()
        buffer.close()


def idle_poses(count: int) -> Poses:
    """`count` poses of idle movement, (N, 45) float32, none like the one before."""
    settings = Settings(quantise=0, smoothing=0)
    chain = movement("bench")
    return np.stack([chain.pose(None, index / IDLE_FPS, settings) for index in range(count)])


def _report(options: argparse.Namespace, drawn: PosingModel, whole: list[float], model: list[float], console: Console) -> None:
    facts: dict[str, Any] = {
        "suite": options.suite,
        "model": drawn.spec.name,
        "device": drawn.device,
        "size": list(drawn.size),
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
    if isinstance(drawn, PlannedModel):
        facts["stage_runs"] = drawn.plan.runs
    if options.json:
        console.result(facts)
        return
    width, height = drawn.size
    console.line(
        console.text("bench_head", model=drawn.spec.name, width=width, height=height, frames=len(whole), threads=options.threads)
    )
    console.line(console.text("bench_model", p50=facts["model_ms_p50"], p99=facts["model_ms_p99"]))
    console.line(console.text("bench_pipeline", p50=facts["pipeline_ms_p50"], p99=facts["pipeline_ms_p99"], fps=facts["fps"]))
    console.line(console.text("bench_ratio", ratio=facts["ratio"], overhead=facts["overhead_ms_p50"]))
