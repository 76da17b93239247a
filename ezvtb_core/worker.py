"""The worker process: commands on stdin, status on stdout, both JSON lines; it ends when stdin does."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from ezvtb_core import __version__
from ezvtb_core.link import framebuffer, paths
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.protocol import STATUS_INTERVAL, VERSION
from ezvtb_core.service import EngineService

logger = logging.getLogger(__name__)
EXIT_LIMIT = 2.0
"""Seconds the engines have to end after OBS is gone; then the process ends without them."""
SWITCH_INTERVAL = 0.0005
"""Seconds that a drawing thread may keep the GIL from one that has received a pose: Python's 0.005 would be seen as delay."""


class Hub:
    """Turns messages into calls of an `EngineService`. Used by the worker and by `ThreadHost`."""

    def __init__(self) -> None:
        self.service = EngineService()
        self.buffers: dict[str, str] = {}
        self._verbs: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "open": self._open,
            "update": lambda message: self.service.update(message["source"], message["settings"]),
            "act": lambda message: self.service.act(message["source"], message["action"]),
            "feed": self._feed,
            "show": lambda message: self.service.show(message["source"], message["visible"]),
            "close": self._close,
        }

    def handle(self, message: Mapping[str, Any]) -> None:
        """Do what `message["do"]` says. A message that cannot be understood is logged and dropped."""
        try:
            self._verbs[message["do"]](message)
        except (KeyError, TypeError, ValueError):
            logger.exception("not a command: %s", str(message)[:300])

    def status(self) -> dict[str, dict[str, Any]]:
        """Status of every engine as JSON, by source."""
        return {source: status.to_json() for source, status in self.service.status().items()}

    def stop(self) -> None:
        """End all engines."""
        self.service.stop()

    def _open(self, message: Mapping[str, Any]) -> None:
        source = message["source"]
        self.buffers[source] = message["buffer"]
        self.service.open(source, message["settings"], message["buffer"], message["capacity"])
        for kind, feed in message.get("feeds", {}).items():
            self.service.feed(source, kind, Feed.from_json(feed))
        self.service.show(source, message["visible"])

    def _feed(self, message: Mapping[str, Any]) -> None:
        self.service.feed(message["source"], message["kind"], Feed.from_json(message["feed"]))

    def _close(self, message: Mapping[str, Any]) -> None:
        self.buffers.pop(message["source"], None)
        self.service.close(message["source"])


def main(argv: list[str]) -> int:
    """Serve until stdin ends. `argv` is empty."""
    _log_to_file()
    sys.setswitchinterval(SWITCH_INTERVAL)
    parent = os.getppid()
    commands = sys.stdin.buffer
    output = _private_stdout()
    say({"ready": {"protocol": VERSION, "version": __version__, "pid": os.getpid(), "host": "process"}}, output)
    hub = Hub()
    ended = threading.Event()
    threading.Thread(target=_report, args=(hub, output, ended), name="status", daemon=True).start()
    for line in commands:
        try:
            message = json.loads(line)
        except ValueError:
            logger.error("not JSON: %r", line[:200])
            continue
        if isinstance(message, dict):
            hub.handle(message)
    ended.set()
    _leave(hub, parent)
    return 0


def say(message: Mapping[str, Any], output: BinaryIO) -> None:
    """Write one message as a line."""
    output.write(json.dumps(message).encode() + b"\n")
    output.flush()


def _report(hub: Hub, output: BinaryIO, ended: threading.Event) -> None:
    while not ended.wait(STATUS_INTERVAL):
        try:
            say({"status": hub.status()}, output)
        except (BrokenPipeError, OSError):
            logger.info("OBS does not listen any more")
            return


def _private_stdout() -> BinaryIO:
    """Keep the real stdout for messages and send what libraries print to stderr instead."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return messages


def _log_to_file() -> None:
    try:
        paths.LOGS.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            paths.LOGS / "worker.log", maxBytes=1 << 20, backupCount=2, encoding="utf-8"
        )
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def _leave(hub: Hub, parent: int) -> None:
    """End the engines, then the process, come what may: OBS is gone or does not want us.

    An OBS that was killed could not remove its frame buffers; its children have another parent by now.
    """
    thread = threading.Thread(target=hub.stop, name="stop", daemon=True)
    thread.start()
    thread.join(EXIT_LIMIT)
    if os.getppid() != parent:
        for name in hub.buffers.values():
            framebuffer.remove(name)
    logging.shutdown()
    os._exit(0)
