"""Flags of the commands that draw with one model: which it is, where its files are, on what it runs."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from ezvtb_core.assemble import build_model
from ezvtb_core.backends import AUTO
from ezvtb_core.commands import setting_flags
from ezvtb_core.commands.console import Console, UsageError
from ezvtb_core.link import catalogue
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import OPTIONS, Settings
from ezvtb_core.models import PosingModel

CHECKED = ("precision", "eyebrows", "device")
"""Flags that are called like the setting they stand for."""
HALF = "fp16"


def add(parser: argparse.ArgumentParser, console: Console, model: str | None = None) -> None:
    """Declare the flags. `model`: the one to use when none is named; without it one has to be named."""
    language = 1 if console.locale == "zh-CN" else 0
    parser.add_argument("--model", required=model is None, default=model, metavar="M", help=console.text("help_model"))
    parser.add_argument("--models", default="", metavar="DIR", help=console.text("help_models"))
    parser.add_argument("--precision", default=AUTO, metavar="fp16|fp32", help=console.text("help_precision"))
    parser.add_argument("--character", default="", metavar="IMG", help=console.text("help_character"))
    parser.add_argument("--eyebrows", default="on", metavar="on|off", help=OPTIONS["eyebrows"].help[language])
    parser.add_argument("--backend", default=AUTO, metavar="B", help=console.text("help_backend"))
    parser.add_argument("--device", default="0", metavar="N", help=OPTIONS["device"].help[language])
    parser.add_argument("--threads", type=int, default=2, metavar="N", help=console.text("help_threads"))


def read(options: argparse.Namespace) -> Settings:
    """The settings that the flags stand for. Raises UsageError, naming the flag."""
    if not OPTIONS["model"].offers(options.model):
        raise UsageError("model_unknown", got=options.model, known=OPTIONS["model"].expected())
    checked = {name: setting_flags.value(OPTIONS[name], getattr(options, name)) for name in CHECKED}
    halves = catalogue.family(options.model) is not None and not options.model.startswith(catalogue.STUDENT)
    if checked["precision"] == HALF and not halves:
        raise UsageError("render_not_yet", flag="--precision", got=HALF)
    chosen = {"model": options.model, "models_folder": _path(options.models), "character": _path(options.character)}
    return dataclasses.replace(Settings().with_values({**checked, **chosen}), cpu_threads=options.threads)


def build(options: argparse.Namespace) -> PosingModel:
    """The model that the flags ask for. Raises UsageError with what is wrong: a flag, a file, a picture or the backend."""
    settings = read(options)
    try:
        return build_model(settings, backend=options.backend)
    except NoticeError as error:
        raise UsageError(error.notice.code, **error.notice.params) from error


def _path(text: str) -> str:
    return str(Path(text).expanduser().resolve()) if text else ""
