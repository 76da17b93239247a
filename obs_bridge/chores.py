"""One background thread for what no OBS callback may wait for: files, programs, redrawing panels."""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import time
from typing import Callable, Dict, List, Optional, Tuple

from ezvtb_core.link import threads

logger = logging.getLogger(__name__)
Chore = Callable[[], None]


class Chores:
    """Runs small jobs one after another on a daemon thread. `later` may be called from any callback: it never waits."""

    def __init__(self) -> None:
        self._inbox: queue.SimpleQueue[Optional[Tuple[float, str, Chore]]] = queue.SimpleQueue()
        self._newest: Dict[str, int] = {}
        self._numbers = itertools.count()
        self._due: List[Tuple[float, int, str, Chore]] = []
        self._thread = threads.start(self._run, "chores")

    def later(self, chore: Chore, delay: float = 0.0, key: str = "") -> None:
        """Run `chore` after `delay` seconds. A later one with the same non-empty `key` replaces it."""
        self._inbox.put((time.monotonic() + delay, key, chore))

    def stop(self, timeout: float) -> None:
        """Drop what is not running yet and wait for what is, at most `timeout` seconds."""
        self._inbox.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            try:
                wait = max(self._due[0][0] - time.monotonic(), 0.0) if self._due else None
                asked = self._inbox.get(timeout=wait)
            except queue.Empty:
                self._work()
                continue
            if asked is None:
                return
            due, key, chore = asked
            number = next(self._numbers)
            self._newest[key] = number
            heapq.heappush(self._due, (due, number, key, chore))

    def _work(self) -> None:
        _, number, key, chore = heapq.heappop(self._due)
        if key and self._newest.get(key) != number:
            return
        attempt(chore, key or str(chore))


def attempt(chore: Chore, name: str) -> bool:
    """Do one thing on a thread that does others too; False when it failed. The border of our threads inside OBS."""
    try:
        chore()
    except Exception:
        # One failed job must not end the thread that does the others; the log has the traceback.
        logger.exception("background job %s failed", name)
        return False
    return True
