"""`models export`: the authors' original weights to model files in the layout that everybody uses."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.export import ExportError, export
from ezvtb_core.export.checkpoint import WeightsError
from ezvtb_core.export.families import PRECISIONS, names


def run(argv: list[str], console: Console) -> int:
    """Write the files. Raises UsageError for anything wrong with the weights, the names or the folders."""
    given = _parse(argv, console)

    def progress(part: float, file: str) -> None:
        console.progress(part, console.text("export_working", file=file))

    began = time.perf_counter()
    try:
        written = export(given.model, given.weights, given.out, given.precision, progress)
    except KeyboardInterrupt:
        console.tell("export_stopped", path=str(given.out))
        return 130
    except (ExportError, WeightsError) as error:
        raise UsageError(error.notice.code, **error.notice.params) from error
    console.end_progress()
    _sum_up(given, written, time.perf_counter() - began, console)
    return 0


def _parse(argv: list[str], console: Console) -> argparse.Namespace:
    parser = Parser(prog="models export", description=console.text("command_models_export"), allow_abbrev=False)
    known = ", ".join(names())
    parser.add_argument("--model", required=True, metavar="M", help=f"{console.text('help_export_model')}: {known}")
    parser.add_argument("--weights", required=True, type=Path, metavar="DIR", help=console.text("help_export_weights"))
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help=console.text("help_export_out"))
    parser.add_argument("--precision", default="fp32", metavar="|".join(PRECISIONS), help=console.text("help_precision"))
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))
    return parser.parse_args(argv)


def _sum_up(given: argparse.Namespace, written: list[Path], seconds: float, console: Console) -> None:
    size = sum(path.stat().st_size for path in written)
    if given.json:
        console.result(
            {
                "model": given.model,
                "precision": given.precision,
                "folder": str(written[0].parent),
                "files": [str(path) for path in written],
                "bytes": size,
                "seconds": round(seconds, 3),
            }
        )
        return
    for path in written:
        console.line(f"{path.stat().st_size / 1e6:8.1f} MB  {path.name}")
    facts = {"files": len(written), "size": f"{size / 1e6:.1f}", "seconds": f"{seconds:.1f}"}
    console.line(console.text("export_done", path=written[0].parent, **facts))
