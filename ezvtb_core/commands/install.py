"""`install`: make the environment. `--json` is what the panel in OBS reads. Standard library only, Python 3.8+."""

from __future__ import annotations

import signal
import sys
import threading

from ezvtb_core.commands.console import Console, Parser
from ezvtb_core.link import environment, installer, paths
from ezvtb_core.link.messages import Notice, NoticeError


def run(argv: list[str], console: Console) -> int:
    """Make the environment with the extras named; see the installer for what is raised.

    With `--json`: a line `{"stage", "fraction", "text", "code", "params"}` for each step, then `{"done": true}` or
    `{"error": {"code", "params"}}`. SIGTERM or a line `cancel` on stdin stops it.
    """
    parser = Parser(prog="install", description=console.text("command_install"))
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help=", ".join(environment.extras()))
    parser.add_argument("--json", action="store_true", help=console.text("help_install_json"))
    options = parser.parse_args(argv)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    if options.json:
        return _for_programs(options.extras, console, stopped)
    try:
        installer.install(options.extras, lambda _, part, notice: _show(console, part, notice), stopped.is_set)
    finally:
        console.end_progress()
    console.tell("install_ready", folder=str(paths.VENV))
    return 0


def _show(console: Console, part: float, notice: Notice) -> None:
    console.progress(part, console.text(notice.code, **notice.params))


def _for_programs(extras: list[str], console: Console, stopped: threading.Event) -> int:
    threading.Thread(target=listen, args=(stopped,), name="cancel", daemon=True).start()

    def progress(stage: str, part: float, notice: Notice) -> None:
        sentence = console.text(notice.code, **notice.params)
        console.result({"stage": stage, "fraction": round(part, 4), "text": sentence, **notice.to_json()})

    try:
        installer.install(extras, progress, stopped.is_set)
    except NoticeError as error:
        console.result({"error": error.notice.to_json()})
        return 1
    console.result({"done": True})
    return 0


def listen(stopped: threading.Event) -> None:
    """Set `stopped` when a line `cancel` comes on stdin; returns at its end. For a thread of its own."""
    if sys.stdin is None:
        return
    for line in sys.stdin:
        if line.strip() == "cancel":
            stopped.set()
