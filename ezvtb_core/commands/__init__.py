"""The command line: one module per command with `run(argv, console) -> exit code`.

This file, `console.py` and `entry.py` are standard library only, Python 3.8+: they run before there is an environment.
To add a command: add a line here, a module beside, and its text `command_<name>` in data/locale/*/commands.json.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """Where a command lives and what it needs."""

    target: str
    """`module:function`; the function takes the arguments after the command's name, and the console."""
    extras: tuple[str, ...] = ()
    """Requirement files that must be installed before it starts, besides the base one."""
    needs: str = "environment"
    """`environment`: made first. `nothing`: any Python 3.8+ will do, the environment's is taken when it is there.
    `outside`: stays out of the environment. `worker`: not for people, runs in the environment or not at all."""


COMMANDS: dict[str, Command] = {
    "demo": Command("ezvtb_core.commands.demo:run"),
    "obs": Command("ezvtb_core.commands.obs:run", needs="nothing"),
    "render": Command("ezvtb_core.commands.render:run"),
    "doctor": Command("ezvtb_core.commands.doctor:run", needs="nothing"),
    "models": Command("ezvtb_core.commands.models:run"),
    "devices": Command("ezvtb_core.commands.devices:run"),
    "picture": Command("ezvtb_core.commands.picture:run"),
    "bench": Command("ezvtb_core.commands.bench:run"),
    "test": Command("ezvtb_core.commands.test:run", extras=("test", "video", "window", "art", "webcam")),
    "install": Command("ezvtb_core.commands.install:run", needs="outside"),
    "worker": Command("ezvtb_core.commands.entry:worker", needs="worker"),
}
