"""A receiver of the network under test, and what it got."""

from __future__ import annotations

from typing import Any

from tests.peers import wait_until


class Ear:
    """Keeps what its receiver got; payloads that begin with `!` raise, with `?` are refused. A context manager."""

    receiver: Any

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def take(self, payload: bytes, sender: str, arrival: float) -> bool:
        """For the receiver."""
        if payload.startswith(b"!"):
            raise ZeroDivisionError("parser bug")
        if payload.startswith(b"?"):
            return False
        self.got.append(payload)
        return True

    def __enter__(self) -> Any:
        self.receiver.start()
        assert wait_until(lambda: self.receiver.traffic().listening)
        return self

    def __exit__(self, *error: object) -> None:
        self.receiver.stop()
