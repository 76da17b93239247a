"""`render`: a file of poses into a file of frames, each pose drawn exactly as it is."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ezvtb_core.commands import model_flags, writers
from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.commands.measure import TimedModel
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.pose import SIZE, clamp

Poses = npt.NDArray[np.float32]
FIRST_VERSION = {"--upscale": ("", "none"), "--interpolate": (1,)}
"""What this version can do for each flag that only some models and stages know."""


def run(argv: list[str], console: Console) -> int:
    """Draw the file. Raises UsageError for bad input before anything is drawn, NoticeError for what fails later."""
    options = _parse(argv, console)
    for flag, possible in FIRST_VERSION.items():
        value = getattr(options, flag[2:])
        if value not in possible:
            raise UsageError("render_not_yet", flag=flag, got=value)
    poses = load_poses(options.poses)
    if options.out.suffix.lower() != ".npy":
        raise UsageError("out_ending", path=str(options.out), known=".npy")
    writers.check_writable(options.out)
    console.progress(0.0, console.text("render_loading", model=options.model))
    model = TimedModel(model_flags.build(options))
    began = time.perf_counter()
    try:
        with writers.replacing(options.out) as temporary:
            _draw(model, poses, temporary, console)
    except KeyboardInterrupt:
        console.tell("render_stopped", path=str(options.out))
        return 130
    except OSError as error:
        raise NoticeError("out_failed", path=str(options.out), detail=error.strerror or str(error)) from error
    finally:
        model.close()
    console.end_progress()
    _sum_up(model, options, time.perf_counter() - began, console)
    return 0


def load_poses(path: Path) -> Poses:
    """Poses from a .npy file, (N, 45) float32, mapped rather than read. Raises UsageError with expected and got."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError("poses_unreadable", path=str(path), detail=str(error)[:200]) from error
    if not isinstance(found, np.ndarray):
        raise UsageError("poses_unreadable", path=str(path), detail=".npz")
    if found.ndim != 2 or found.shape[1] != SIZE or found.dtype != np.float32:
        raise UsageError("poses_shape", path=str(path), shape=str(found.shape), dtype=str(found.dtype))
    wrong = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if wrong.size:
        raise UsageError("poses_not_finite", path=str(path), row=int(wrong[0]))
    return found


def _parse(argv: list[str], console: Console) -> argparse.Namespace:
    parser = Parser(prog="render", description=console.text("command_render"), allow_abbrev=False)
    model_flags.add(parser, console)
    parser.add_argument("--poses", required=True, type=Path, metavar="FILE.npy", help=console.text("help_poses"))
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.npy", help=console.text("help_frames"))
    parser.add_argument("--upscale", default="", metavar="U", help=console.text("help_upscale"))
    parser.add_argument("--interpolate", type=int, default=1, metavar="N", help=console.text("help_interpolate"))
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))
    return parser.parse_args(argv)


def _draw(model: TimedModel, poses: Poses, path: Path, console: Console) -> None:
    width, height = model.size
    shape = (len(poses), height, width, 4)
    if not len(poses):
        # An empty file cannot be mapped.
        with path.open("wb") as file:
            np.save(file, np.zeros(shape, np.uint8))
        return
    # Mapped: an hour of frames need not fit into memory.
    frames = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    for index, pose in enumerate(poses):
        frames[index] = model.render(clamp(np.asarray(pose)))
        console.progress((index + 1) / len(poses), console.text("render_drawing", frame=index + 1, total=len(poses)))
    frames.flush()


def _sum_up(model: TimedModel, options: argparse.Namespace, seconds: float, console: Console) -> None:
    p50, p99 = model.percentiles()
    width, height = model.size
    summary = {
        "frames": model.runs,
        "size": [width, height],
        "seconds": round(seconds, 3),
        "fps": round(model.runs / max(seconds, 1e-9), 2),
        "model": model.name,
        "backend": options.backend,
        "device": model.device,
        "model_ms_p50": round(p50, 3),
        "model_ms_p99": round(p99, 3),
        "out": str(options.out),
    }
    if options.json:
        console.result(summary)
    else:
        facts = {"path": options.out, "frames": model.runs, "width": width, "height": height, "fps": summary["fps"]}
        console.line(console.text("render_done", **facts))
