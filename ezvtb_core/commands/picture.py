"""`picture`: what the image doctor says about a picture, and what the models get of it; no OBS needed."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from PIL import Image

from ezvtb_core import image_doctor
from ezvtb_core.commands import writers
from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.frames import swap_red_blue
from ezvtb_core.image_doctor import Fit, Picture, PictureError
from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import OPTIONS

FITS = tuple(choice.value for choice in OPTIONS["character_fit"].choices)
SLIDERS = tuple(OPTIONS[name] for name in ("head_x", "head_y", "head_size"))


def run(argv: list[str], console: Console) -> int:
    """Print the report; write the result when asked to. Raises UsageError for bad input, a bad picture included."""
    options = _parse(argv, console)
    fit = _fit(options.fit, options.head)
    if options.out:
        if options.out.suffix.lower() != ".png":
            raise UsageError("out_ending", path=str(options.out), known=".png")
        writers.check_writable(options.out)
    try:
        picture = image_doctor.load(options.file, fit)
    except PictureError as error:
        raise UsageError(error.notice.code, **error.notice.params) from error
    if options.out:
        _write(picture, options.out)
    if options.json:
        console.result(_facts(picture, options, console))
    else:
        _tell(picture, options, console)
    return 0


def _parse(argv: list[str], console: Console) -> argparse.Namespace:
    parser = Parser(prog="picture", description=console.text("command_picture"), allow_abbrev=False)
    parser.add_argument("file", type=Path, metavar="FILE", help=console.text("help_picture_file"))
    parser.add_argument("--out", type=Path, metavar="FILE.png", help=console.text("help_picture_out"))
    parser.add_argument("--fit", metavar="|".join(FITS), help=console.text("help_fit"))
    parser.add_argument("--head", metavar="X,Y,SIZE", help=console.text("help_head"))
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))
    return parser.parse_args(argv)


def _fit(mode: str | None, head: str | None) -> Fit:
    """What the flags ask for; `--head` alone means manual. Raises UsageError with expected and got."""
    mode = mode or ("manual" if head else "auto")
    if mode not in FITS or (head and mode != "manual"):
        expected = "manual" if head else " | ".join(FITS)
        raise UsageError("cli_setting", flag="--fit", expected=expected, got=mode)
    if not head:
        return Fit(mode)
    try:
        values = [float(value) for value in head.split(",")]
    except ValueError:
        values = []
    ranges = [(slider.minimum, slider.maximum) for slider in SLIDERS]
    if len(values) != len(ranges) or not all(low <= value <= high for value, (low, high) in zip(values, ranges, strict=True)):
        expected = ",".join(f"{low:g}..{high:g}" for low, high in ranges)
        raise UsageError("cli_setting", flag="--head", expected=expected, got=head)
    return Fit(mode, *(value / 100 for value in values))


def _write(picture: Picture, path: Path) -> None:
    try:
        with writers.replacing(path) as temporary:
            Image.fromarray(swap_red_blue(picture.pixels)).save(temporary, "PNG")
    except OSError as error:
        raise NoticeError("out_failed", path=str(path), detail=error.strerror or str(error)) from error


def _facts(picture: Picture, options: argparse.Namespace, console: Console) -> dict[str, object]:
    head = picture.head
    findings = [
        {**finding.notice.to_json(), "points": finding.points, "text": say(finding.notice, console.locale)}
        for finding in picture.report.findings
    ]
    return {
        "file": str(options.file),
        "original": list(picture.original),
        "score": picture.report.score,
        "fit": picture.report.mode,
        "head": [round(edge, 1) for edge in (head.left, head.top, head.right, head.bottom)],
        "findings": findings,
        "out": str(options.out) if options.out else None,
    }


def _tell(picture: Picture, options: argparse.Namespace, console: Console) -> None:
    report, head = picture.report, picture.head
    width, height = picture.original
    console.line(console.text("picture_summary", path=options.file, width=width, height=height, score=report.score))
    side = math.floor(head.height + 0.5)
    place = {"width": side, "height": side, "x": round(head.x), "y": round(head.y)}
    console.line(console.text("picture_head_at", **place))
    for finding in report.findings:
        sentence = say(finding.notice, console.locale)
        if finding.points:
            console.line(console.text("picture_problem", points=f"{finding.points:2d}", sentence=sentence))
        else:
            console.line(console.text("picture_repair", sentence=sentence))
    if not report.findings:
        console.line(console.text("picture_flawless"))
    if options.out:
        console.line(console.text("picture_written", path=options.out))
