"""What a host and running engines say to each other. Standard library only, Python 3.8+."""

from __future__ import annotations

from typing import Any, Callable, Dict

VERSION = 1
"""Version of the messages; the two sides differ only when their folder was updated under a running OBS."""
STATUS_INTERVAL = 0.5
"""Seconds between two status events, which are the sign of life too."""

Message = Dict[str, Any]
Post = Callable[[Message], None]


class Connection:
    """Running engines. The methods are called from the supervisor's thread; events come through the `post` given to it.

    Events: `{"ready": {...}}` once, then `{"status": {source: EngineStatus as JSON}}` at least twice a second, and
    `{"gone": Notice}` exactly once when it ended, wanted or not.
    """

    def send(self, message: Message) -> None:
        """Hand over a command (see `worker.Hub`); never waits, does nothing after the end."""
        raise NotImplementedError

    def close(self, timeout: float) -> None:
        """End the engines, by force after `timeout` seconds. May be called again."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the engines by force, without waiting. Does nothing where force is not possible (threads)."""
        raise NotImplementedError


# Quoted, because typing caches what it is given: the classes of a hundred reloads would stay in OBS's memory.
Connect = Callable[[Post], "Connection"]
"""Starts engines. Raises NoticeError when they cannot be started (not installed, …); may take a moment."""
