"""Building slow things (models, trackers) on a thread of their own, so that the engine's loop never waits for them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ezvtb_core.link import threads
from ezvtb_core.link.messages import Notice, NoticeError

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Built(Generic[T]):
    """The outcome of a build: a value, or the sentence that says why there is none."""

    value: T | None
    problem: Notice | None = None


class Builder(Generic[T]):
    """Runs one build at a time; of several requests the newest wins. Its thread lives while there is work only.

    `dispose` releases a value that nobody will use; it runs on the builder's thread too.
    """

    def __init__(self, name: str, dispose: Callable[[T], None]) -> None:
        self._name = name
        self._dispose = dispose
        self._lock = threading.Lock()
        self._next: Callable[[], T] | None = None
        self._retired: list[T] = []
        self._outcome: Built[T] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def request(self, build: Callable[[], T]) -> None:
        """Build soon; a request that still waits is dropped, a result that was not taken is disposed of."""
        with self._lock:
            if not self._closed:
                self._next = build
                self._work()

    def retire(self, value: T) -> None:
        """Dispose of a value that is no longer used, without waiting."""
        with self._lock:
            self._retired.append(value)
            self._work()

    def take(self) -> Built[T] | None:
        """The outcome of the newest request, once; None while there is none."""
        if self._outcome is None:  # looked at in every tick, so without the lock
            return None
        with self._lock:
            outcome, self._outcome = self._outcome, None
            return outcome

    def close(self, timeout: float) -> None:
        """Take no more requests, dispose of what was not taken and wait for the thread, at most `timeout` seconds."""
        with self._lock:
            self._closed = True
            self._next = None
            self._drop_outcome()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _work(self) -> None:
        """Make sure that a thread is there. Called with the lock held."""
        if self._thread is None:
            self._thread = threads.start(self._run, self._name)

    def _drop_outcome(self) -> None:
        outcome, self._outcome = self._outcome, None
        if outcome is not None and outcome.value is not None:
            self._retired.append(outcome.value)
            self._work()

    def _run(self) -> None:
        while True:
            with self._lock:
                build, self._next = self._next, None
                retired, self._retired = self._retired, []
                if build is None and not retired:
                    self._thread = None
                    return
            for value in retired:
                self._release(value)
            if build is not None:
                self._keep(self._attempt(build))

    def _keep(self, outcome: Built[T]) -> None:
        with self._lock:
            self._drop_outcome()
            self._outcome = outcome
            if self._closed or self._next is not None:
                self._drop_outcome()

    def _attempt(self, build: Callable[[], T]) -> Built[T]:
        try:
            return Built(build())
        except NoticeError as error:
            logger.warning("%s: %s", self._name, error)
            return Built(None, error.notice)
        except Exception as error:  # the engine's border: a bug in a model must not end the engine
            logger.exception("%s failed", self._name)
            return Built(None, Notice("engine_build_failed", detail=f"{type(error).__name__}: {error}"[:300]))

    def _release(self, value: T) -> None:
        try:
            self._dispose(value)
        except Exception:
            logger.exception("%s: could not be released", self._name)
