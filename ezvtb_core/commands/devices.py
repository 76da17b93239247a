"""`devices`: the cameras, microphones and network addresses of this computer, for people and for the panel's lists."""

from __future__ import annotations

import importlib
import logging
import socket
import threading
import time
from collections.abc import Callable

from ezvtb_core.commands.console import Console, Parser

logger = logging.getLogger(__name__)

LIMIT = 6.0
"""Seconds for all parts together: a driver that hangs costs its own list only."""


def run(argv: list[str], console: Console) -> int:
    """Print what there is; with `--json` one object of lists of names. A part that failed or hung is an empty list."""
    parser = Parser(prog="devices", description=console.text("command_devices"), allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))
    given = parser.parse_args(argv)
    found, late = gather(PARTS)
    if given.json:
        console.result({**found, "late": late})
        return 0
    for name, entries in found.items():
        console.line(console.text("devices_" + name))
        for entry in entries:
            console.line(f"  {entry}")
        if not entries:
            console.line("  " + console.text("devices_late" if name in late else "devices_none"))
    return 0


def gather(parts: dict[str, Callable[[], list[str]]], limit: float = LIMIT) -> tuple[dict[str, list[str]], list[str]]:
    """What each part finds, all at the same time, and the names of the parts that took longer than `limit` seconds.

    A part that raises finds nothing. Those that hang are left behind on daemon threads.
    """
    found: dict[str, list[str]] = {}

    def look(name: str, part: Callable[[], list[str]]) -> None:
        try:
            found[name] = part()
        except Exception:  # drivers fail in every way; the other lists still count
            logger.info("looking for %s failed", name, exc_info=True)
            found[name] = []

    looking = {name: threading.Thread(target=look, args=(name, part), daemon=True) for name, part in parts.items()}
    end = time.monotonic() + limit
    for thread in looking.values():
        thread.start()
    for thread in looking.values():
        thread.join(max(end - time.monotonic(), 0.0))
    done = dict(found)
    return {name: done.get(name, []) for name in parts}, [name for name in parts if name not in done]


def cameras() -> list[str]:
    """Names of the cameras, as the setting `camera` takes them."""
    from trackers.camera import devices

    return [camera.name for camera in devices.cameras()]


def microphones() -> list[str]:
    """Names of the microphones, as the setting `microphone` takes them."""
    found: list[str] = importlib.import_module("trackers.sound.devices").microphones()
    return found


def addresses() -> list[str]:
    """Numeric IPv4 addresses of this computer in its networks, the one of the usual route first."""
    from trackers.sockets import is_loopback, lan_address

    listed = [lan_address()]
    try:
        listed += [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:
        logger.debug("the name of this computer has no address", exc_info=True)
    return [address for address in dict.fromkeys(listed) if not is_loopback(address)]


PARTS: dict[str, Callable[[], list[str]]] = {"cameras": cameras, "microphones": microphones, "addresses": addresses}
"""In the order in which they are shown."""
