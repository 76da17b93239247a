"""The way in: pick the command, make the environment if needed, run the command there. Standard library only, Python 3.8+."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from ezvtb_core import __version__
from ezvtb_core.commands import COMMANDS, Command
from ezvtb_core.commands.console import Console, UsageError
from ezvtb_core.link import environment, installer, paths
from ezvtb_core.link.installer import InstallCancelledError
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import SettingsError

BAD_INPUT = 2
FAILED = 1
INTERRUPTED = 130


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command line; returns the exit code: 0 done, 1 failed, 2 bad input, 130 stopped with Ctrl-C.

    `argv` without the program's name. `environ` are the environment variables: nothing below reads them itself.
    """
    console = Console(environ)
    if not argv or argv[0] in ("-h", "--help", "help"):
        _help(console)
        return 0 if argv else BAD_INPUT
    if argv[0] in ("-V", "--version"):
        console.line(__version__)
        return 0
    try:
        command = COMMANDS.get(argv[0])
        if command is None:
            raise UsageError("cli_no_command", got=argv[0], known=", ".join(_shown()))
        return _run(command, list(argv), console)
    except (UsageError, SettingsError) as error:
        console.say(error.notice)
        return BAD_INPUT
    except InstallCancelledError as error:
        console.say(error.notice)
        return INTERRUPTED
    except NoticeError as error:
        console.say(error.notice)
        return FAILED
    except KeyboardInterrupt:
        console.tell("cli_interrupted")
        return INTERRUPTED


def ensure(extras: Sequence[str], console: Console) -> None:
    """Make the environment, with a bar on stderr. Raises as `installer.install` does."""
    state = environment.state(extras)
    if not state.ready:
        console.tell("cli_adding" if state.name == "outdated" else "cli_preparing", folder=str(paths.VENV))

        def progress(_: str, part: float, notice: Notice) -> None:
            console.progress(part, console.text(notice.code, **notice.params))

        installer.install(extras, progress)
        console.end_progress()
        # What was installed into the running environment can be imported from now on.
        importlib.invalidate_caches()


def worker(argv: list[str], console: Console) -> int:
    """The hidden command that OBS starts; see `ezvtb_core/worker.py`."""
    from ezvtb_core.worker import main as serve

    return serve(argv)


def _run(command: Command, argv: list[str], console: Console) -> int:
    if command.needs == "environment":
        ensure(command.extras, console)
    if command.needs != "outside" and not environment.is_current():
        if environment.state().ready:
            return _again(argv)
        if command.needs == "worker":
            raise NoticeError("environment_missing")
    if command.needs != "worker":  # which has a log file of its own
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    return _target(command)(argv[1:], console)


def _target(command: Command) -> Callable[[list[str], Console], int]:
    module, _, function = command.target.partition(":")
    found: Callable[[list[str], Console], int] = getattr(importlib.import_module(module), function)
    return found


def _again(argv: Sequence[str]) -> int:
    """Run the same command line in the environment: in place of this process, or as a child where that is impossible."""
    command = [str(environment.python()), "-X", "utf8", str(paths.SCRIPT), *argv]
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if sys.platform != "win32":
        os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell is wanted
    # Ctrl-C reaches the child by itself; we wait for its tidy end instead of dying before it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command)


def _shown() -> list[str]:
    return [name for name, command in COMMANDS.items() if command.needs != "worker"]


def _help(console: Console) -> None:
    console.line(console.text("cli_help_head", version=__version__))
    for name in _shown():
        console.line(f"  {name:<9} {console.text('command_' + name)}")
    console.line(console.text("cli_help_foot"))
