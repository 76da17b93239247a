"""`models`: what is in the model folders, whether it is sound, and models made from original weights."""

from __future__ import annotations

import importlib
from pathlib import Path

from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.link import catalogue

COMMANDS = {
    "list": "ezvtb_core.commands.models_list:run",
    "check": "ezvtb_core.commands.models_check:run",
    "download": "ezvtb_core.commands.models_download:run",
    "export": "ezvtb_core.commands.models_export:run",
}
"""Sub-command → `module:function`, which takes the arguments after the sub-command's name, and the console."""


def run(argv: list[str], console: Console) -> int:
    """Do what the sub-command says; returns its exit code. Raises UsageError where there is none of that name."""
    if not argv or argv[0] in ("-h", "--help"):
        console.line(console.text("models_help"))
        for name in COMMANDS:
            console.line(f"  {name:10} {console.text(f'command_models_{name}')}")
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        raise UsageError("models_no_command", got=argv[0], known=", ".join(COMMANDS))
    module, _, function = COMMANDS[argv[0]].partition(":")
    code: int = getattr(importlib.import_module(module), function)(argv[1:], console)
    return code


def add_flags(parser: Parser, console: Console) -> None:
    """Flags of the sub-commands that look at folders."""
    parser.add_argument("--models", default="", metavar="DIR", help=console.text("help_models"))
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))


def places(models: str) -> list[Path]:
    """Where to look: the folder of `--models` alone when one was given. Raises UsageError when that is not there."""
    if not models:
        return catalogue.folders("")
    chosen = Path(models).expanduser().resolve()
    if not chosen.is_dir():
        raise UsageError("models_folder_missing", folder=str(chosen))
    return [chosen]
