"""Bands of a picture on several processor threads."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable

from threadpoolctl import threadpool_limits

from ezvtb_core.link import threads

Step = tuple[Callable[[int], None], int]
"""A function of a band's number, and how many bands there are."""


class Workers:
    """A fixed number of threads, the calling one among them, that share out numbered bands. Used by one thread at a time.

    numpy lets go of the interpreter lock inside its functions, so bands really run side by side.
    """

    def __init__(self, count: int) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._helpers = count - 1
        for _ in range(self._helpers):
            threads.start(self._help, "siren")
        _blas.quieten()

    def run(self, *steps: Step) -> None:
        """Call each step's function with 0 … count-1, in any order; a step begins when the one before has ended.

        Raises the first error of a band, when no band runs any more; bands that had not begun then are left out.
        """
        for work, bands in steps:
            self._share_out(work, bands)

    def close(self) -> None:
        """Let the threads end. Once only."""
        for _ in range(self._helpers):
            self._jobs.put(None)
        _blas.release()

    def _help(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _share_out(self, work: Callable[[int], None], bands: int) -> None:
        numbers = itertools.count()  # `next` on it is one step of the interpreter, so no number is given twice
        errors: list[Exception] = []
        done = threading.Semaphore(0)

        def loop() -> None:
            try:
                while not errors and (band := next(numbers)) < bands:
                    work(band)
            except Exception as error:  # noqa: BLE001 - handed to the calling thread, which raises it
                errors.append(error)
            finally:
                done.release()

        for _ in range(self._helpers):
            self._jobs.put(loop)
        loop()
        for _ in range(self._helpers + 1):
            done.acquire()
        if errors:
            raise errors[0]


class _MatrixLibrary:
    """Holds numpy's matrix library at one thread while any `Workers` exist: its own threads would fight with them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limits: threadpool_limits | None = None

    def quieten(self) -> None:
        with self._lock:
            self._users += 1
            if self._limits is None:
                self._limits = threadpool_limits(limits=1, user_api="blas")

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._limits is not None:
                self._limits.restore_original_limits()
                self._limits = None


_blas = _MatrixLibrary()
