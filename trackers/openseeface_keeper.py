"""Runs a program for as long as somebody holds our stdin open: `python openseeface_keeper.py PROGRAM [ARGUMENT…]`.

A program of its own, standard library only. The system closes the other end of the pipe however its owner ends, so what was
started here never outlives the tracker: not after a crash, not after the task manager.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import Any


def main(command: list[str]) -> int:
    """Run the command to its end; returns its exit code, 127 where it cannot be started."""
    if sys.platform != "win32":
        with contextlib.suppress(PermissionError):  # it leads a group of its own already
            os.setsid()
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **_hidden())
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127
    threading.Thread(target=_watch, args=(process,), daemon=True).start()
    return process.wait()


def _watch(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of stdin, then end the program and what it started."""
    with contextlib.suppress(OSError):
        while os.read(0, 64):
            pass
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)], stdin=subprocess.DEVNULL, capture_output=True, **_hidden()
        )
        return
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.3)
    # The whole group, ourselves included.
    os.killpg(0, signal.SIGKILL)


def _hidden() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
