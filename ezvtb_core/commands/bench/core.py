"""Every model that is there, in three kinds of movement: a frame's time, the graphs' share of it, and memory."""

from __future__ import annotations

import argparse
import functools
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ezvtb_core import backends, image_doctor
from ezvtb_core.assemble import build_model
from ezvtb_core.commands import model_flags
from ezvtb_core.commands.bench import machine, peer
from ezvtb_core.commands.bench.graph_time import TimedPool
from ezvtb_core.commands.bench.patterns import moving, variants
from ezvtb_core.commands.console import Console, UsageError
from ezvtb_core.commands.render import Poses, load_poses
from ezvtb_core.core import Core
from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor import Fit
from ezvtb_core.link import catalogue, paths
from ezvtb_core.link.catalogue import ModelFolder
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.models.planned import PlannedModel
from ezvtb_core.pipeline import Pipeline
from ezvtb_core.pose import FloatArray, clamp
from ezvtb_core.quantise import quantise

WARM_UP = 5
"""Frames of each pattern drawn before measuring."""
PICTURES = 5
"""How often the picture is replaced, for the median."""
SAMPLES = 1000
"""How often memory is looked at, at most."""
PUPPET = "puppet"


@dataclass(frozen=True)
class Subject:
    """A model that is measured."""

    name: str
    precision: str = ""
    folder: ModelFolder | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.precision}".strip()


@dataclass(frozen=True)
class Setup:
    """A subject ready to draw."""

    core: Core
    model: PlannedModel
    pool: TimedPool
    picture: Pixels | None
    """What it animates, None where it is a picture itself."""
    seconds: float
    """Time that building took."""


def run(options: argparse.Namespace, console: Console) -> None:
    """Measure, and compare with the peer where one is named. Raises UsageError before anything is measured."""
    subjects = _subjects(options)
    patterns = variants(_canonical(load_poses(options.poses) if options.poses else moving(options.frames)), options.pattern)
    with _flags_are_wrong():
        backend = backends.choose(options.backend)
    place = None if options.peer is None else peer.Place.find(options.peer, options.peer_python)
    facts: dict[str, Any] = {
        "suite": options.suite,
        "backend": backend,
        "threads": options.threads,
        "frames": options.frames,
        "machine": machine.describe(),
        "models": [],
    }
    for number, subject in enumerate(subjects):
        console.progress(number / len(subjects), str(subject))
        with _built(subject, options) as setup:
            found: dict[str, Any] = {"model": subject.name, "precision": subject.precision}
            found |= _measure(setup, patterns, options.frames, console)
            if place is not None and subject.folder is not None and setup.picture is not None:
                with peer.Peer(place, peer.arguments(subject.folder, options)) as other:
                    found["peer"] = peer.compare(setup.core, other, setup.picture, patterns, options.frames, console)
        facts["models"].append(found)
    facts["load_after"] = machine.load()
    console.end_progress()
    _report(facts, options, console)


def _canonical(poses: Poses) -> Poses:
    """Poses as the engine gives them to a model: inside the ranges, equal ones with equal bytes."""
    return np.stack([quantise(clamp(np.asarray(pose)), 0) for pose in poses])


def _subjects(options: argparse.Namespace) -> list[Subject]:
    """What to measure: the model that is named, else all that can run, the bundled character first. Raises UsageError."""
    where = [Path(options.models).expanduser().resolve()] if options.models else catalogue.folders("")
    if options.model == PUPPET:
        return [Subject(PUPPET)]
    if options.model and catalogue.family(options.model) is None:
        raise UsageError("model_unknown", got=options.model, known=", ".join((PUPPET, *catalogue.FAMILIES)))
    found = [
        Subject(folder.name, folder.precision, folder)
        for folder in catalogue.scan(where)
        if not folder.missing and options.model in ("", folder.name) and options.precision in ("auto", folder.precision)
    ]
    if options.model and not found:
        with _flags_are_wrong():
            catalogue.find(options.model, options.precision, where)  # says what is missing
    return found if options.model else [Subject(PUPPET), *found]


@contextmanager
def _flags_are_wrong() -> Iterator[None]:
    """What cannot be built is what the command line asks for."""
    try:
        yield
    except NoticeError as error:
        raise UsageError(error.notice.code, **error.notice.params) from error


@contextmanager
def _built(subject: Subject, options: argparse.Namespace) -> Iterator[Setup]:
    picture = _character(subject, options)
    chosen = {"model": subject.name, "precision": _asked(subject), "character": str(picture or "")}
    pool, began = TimedPool(), time.perf_counter()
    with _flags_are_wrong():
        model = build_model(model_flags.read(argparse.Namespace(**{**vars(options), **chosen})), pool, options.backend)
        pixels = None if picture is None else image_doctor.load(picture, Fit("template")).pixels
    seconds = time.perf_counter() - began
    assert isinstance(model, PlannedModel)
    with Core(model) as core:
        yield Setup(core, model, pool, pixels, seconds)
    gc.collect()  # what is left of this model must not count as memory of the next one


def _asked(subject: Subject) -> str:
    """The value of `--precision` that finds this very folder; students have only one."""
    return "auto" if subject.name == PUPPET or subject.name.startswith(catalogue.STUDENT) else subject.precision


def _character(subject: Subject, options: argparse.Namespace) -> Path | None:
    """The picture to animate: the user's, the student's own, else the bundled character standing still."""
    if subject.folder is None:
        return None
    return Path(options.character) if options.character else subject.folder.picture or paths.STILL_IMAGE


def _measure(setup: Setup, patterns: dict[str, Poses], frames: int, console: Console) -> dict[str, Any]:
    facts: dict[str, Any] = {"device": setup.model.device, "load_s": round(setup.seconds, 2)}
    if setup.picture is not None:
        facts |= _replace_picture(setup.core, setup.picture, next(iter(patterns.values()))[0])
    facts["patterns"] = {}
    for name, series in patterns.items():
        line = console.text("bench_drawing", model=setup.model.spec.name, pattern=console.text(f"bench_{name}"))
        facts["patterns"][name] = _draw(setup, series, frames, functools.partial(console.progress, line=line))
    return facts


def _replace_picture(core: Core, picture: Pixels, pose: FloatArray) -> dict[str, float]:
    """Milliseconds of `setImage`, and of the first frame of a new picture, which computes what depends on the picture only."""
    replaced, first = [], []
    for _ in range(PICTURES):
        began = time.perf_counter()
        core.setImage(picture)
        done = time.perf_counter()
        core.inference(pose)
        replaced.append(done - began)
        first.append(time.perf_counter() - done)
    return {"set_image_ms": _ms(replaced), "first_frame_ms": _ms(first)}


def _draw(setup: Setup, poses: Poses, frames: int, progress: Callable[[float], None]) -> dict[str, Any]:
    """Draw and premultiply; what is above the graphs' own time is the engine's doing."""
    stages = Pipeline(setup.model)
    whole, graphs, held = [], [], []
    before: dict[str, int] = {}
    for index in range(-WARM_UP, frames):
        if index == 0:
            before = setup.model.plan.runs
        spent, began = setup.pool.seconds, time.perf_counter()
        stages.render(poses[index % len(poses)])
        seconds = time.perf_counter() - began
        if index >= 0:
            whole.append(seconds)
            graphs.append(setup.pool.seconds - spent)
            if index % max(frames // SAMPLES, 1) == 0:
                held.append(machine.memory())
        progress((index + WARM_UP + 1) / (frames + WARM_UP))
    runs = {stage: count - before[stage] for stage, count in setup.model.plan.runs.items()}
    added = np.subtract(whole, graphs)
    facts: dict[str, Any] = {"ms_p50": _ms(whole), "ms_p99": _ms(whole, 99), "graphs_ms_p50": _ms(graphs)}
    facts |= {"overhead_ms_p50": _ms(added), "overhead_ms_p99": _ms(added, 99), "stage_runs": runs}
    return facts | _growth([memory.now for memory in held if memory is not None])


def _growth(held: list[float]) -> dict[str, float]:
    """Memory over the run, MiB: the first tenth and the last; nothing where the system does not say."""
    if not held:
        return {}
    tenth = max(len(held) // 10, 1)
    first, last = float(np.median(held[:tenth])), float(np.median(held[-tenth:]))
    return {"memory_first_mib": round(first, 1), "memory_last_mib": round(last, 1), "memory_growth_mib": round(last - first, 1)}


def _ms(seconds: Sequence[float] | FloatArray, percentile: int = 50) -> float:
    return round(float(np.percentile(seconds, percentile)) * 1e3, 3)


def _report(facts: dict[str, Any], options: argparse.Namespace, console: Console) -> None:
    peak = machine.memory()
    facts["memory_peak_mib"] = None if peak is None else round(peak.peak, 1)
    if options.json:
        console.result(facts)
        return
    state = facts["machine"]
    console.line(console.text("bench_machine", **{**state, "threads": facts["threads"], "after": facts["load_after"]}))
    for found in facts["models"]:
        _tell(found, console)
    if peak is not None:
        console.line(console.text("bench_memory_peak", peak=facts["memory_peak_mib"]))


def _tell(found: dict[str, Any], console: Console) -> None:
    console.line()
    console.line(f"{found['model']} {found['precision']}  {found['device']}")
    if "set_image_ms" in found:
        console.line("  " + console.text("bench_picture", replaced=found["set_image_ms"], first=found["first_frame_ms"]))
    for name, pattern in found["patterns"].items():
        runs = ", ".join(f"{stage} {count}" for stage, count in pattern["stage_runs"].items())
        console.line("  " + console.text("bench_pattern", pattern=console.text(f"bench_{name}"), runs=runs, **pattern))
        if "memory_growth_mib" in pattern:
            console.line("    " + console.text("bench_memory", **pattern))
    for name, pattern in found.get("peer", {}).get("patterns", {}).items():
        console.line("  " + console.text("bench_peer", pattern=console.text(f"bench_{name}"), **pattern))
