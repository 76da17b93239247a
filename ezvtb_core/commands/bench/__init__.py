"""`bench`: how fast this computer draws, one module per suite. Every figure stands beside its bound or its peer."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from ezvtb_core.commands import model_flags
from ezvtb_core.commands.bench.core import run as run_core
from ezvtb_core.commands.bench.patterns import STILL
from ezvtb_core.commands.bench.pipeline import run as run_pipeline
from ezvtb_core.commands.console import Console, Parser, UsageError

SUITES: dict[str, Callable[[argparse.Namespace, Console], None]] = {"pipeline": run_pipeline, "core": run_core}
"""`pipeline`: from a pose to shared memory, one model. `core`: every model there is, in three kinds of movement."""


def run(argv: list[str], console: Console) -> int:
    """Run a suite. Raises UsageError for bad input."""
    parser = Parser(prog="bench", description=console.text("command_bench"), allow_abbrev=False)
    parser.add_argument("--suite", default="pipeline", metavar="{" + ",".join(SUITES) + "}", help=console.text("help_suite"))
    model_flags.add(parser, console, "")
    parser.add_argument("--frames", type=int, default=300, metavar="N", help=console.text("help_frames_count"))
    parser.add_argument("--poses", type=Path, metavar="FILE.npy", help=console.text("help_poses"))
    parser.add_argument("--pattern", metavar="{" + ",".join(STILL) + "}", help=console.text("help_pattern"))
    parser.add_argument("--peer", type=Path, metavar="FOLDER", help=console.text("help_peer"))
    parser.add_argument("--peer-python", type=Path, metavar="FILE", help=console.text("help_peer_python"))
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))
    options = parser.parse_args(argv)
    if options.suite not in SUITES:
        raise UsageError("cli_setting", flag="--suite", expected=" | ".join(SUITES), got=options.suite)
    if options.pattern not in (None, *STILL):
        raise UsageError("cli_setting", flag="--pattern", expected=" | ".join(STILL), got=options.pattern)
    if options.frames < 1:
        raise UsageError("cli_setting", flag="--frames", expected="1..", got=options.frames)
    SUITES[options.suite](options, console)
    return 0
