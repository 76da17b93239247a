"""Measures the time that runtimes spend in graphs, beneath everything that is ours."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from ezvtb_core.backends import Bound, Session, SessionOptions, Signature, Tensor
from ezvtb_core.backends.pool import SessionPool


class TimedPool(SessionPool):
    """A pool whose sessions add the time of their bound runs to `seconds`. For one thread."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def open(self, backend: str, path: Path, expected: Signature, options: SessionOptions) -> Session:
        """See `SessionPool.open`."""
        return _TimedSession(super().open(backend, path, expected, options), self)


class _TimedSession:
    def __init__(self, session: Session, pool: TimedPool) -> None:
        self.signature = session.signature
        self.device = session.device
        self.run = session.run
        self.allocate = session.allocate
        self.close = session.close
        self._session = session
        self._pool = pool

    def bind(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Bound:
        return _TimedBound(self._session.bind(inputs, outputs), self._pool)


class _TimedBound:
    def __init__(self, bound: Bound, pool: TimedPool) -> None:
        self._bound = bound
        self._pool = pool

    def run(self) -> None:
        began = time.perf_counter()
        self._bound.run()
        self._pool.seconds += time.perf_counter() - began
