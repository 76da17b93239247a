"""Background threads that OBS survives. Standard library only, Python 3.8+."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Callable


def start(target: Callable[[], None], name: str) -> threading.Thread:
    """Start `target` on a daemon thread (a thread that is not one keeps OBS from ever exiting) that gets no SIGINT.

    OBS 28 and 29 close their window right inside the signal handler, on whichever thread the signal was delivered to. On a
    thread of ours, which may hold the GIL, that is a deadlock with the graphics thread. A new thread inherits the mask.
    """
    thread = threading.Thread(target=target, name="ezvtuber-" + name, daemon=True)
    if sys.platform == "win32":
        thread.start()
        return thread
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread
