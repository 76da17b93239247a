"""Running pip and understanding what it says. Standard library only, Python 3.8+."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Deque, Dict, List, Optional, Sequence, Tuple

from ezvtb_core.link.interpreters import hidden
from ezvtb_core.link.messages import Notice

RAW_PROGRESS = (24, 1)
"""From this version on pip can count bytes line by line."""
EXPECTED_MB = 55.0
"""What the base packages download, for a bar that moves evenly; a guess too small only slows the bar down near its end."""
POLL = 0.2
"""Seconds between two looks at the cancel flag."""
_SIZE = re.compile(r"\(([\d.]+) (kB|MB|GB)\)")
_MEGABYTES = {"kB": 0.001, "MB": 1.0, "GB": 1000.0}
_FULL = ("No space left on device", "Errno 28", "not enough space", "WinError 112")
_FORBIDDEN = ("Permission denied", "Errno 13", "WinError 5]", "Read-only file system", "Access is denied")
_CERTIFICATE = ("CERTIFICATE_VERIFY_FAILED", "SSLCertVerificationError")
_NETWORK = (
    "NewConnectionError", "name resolution", "getaddrinfo failed", "ConnectTimeout", "ReadTimeout", "Read timed out",
    "Max retries", "Connection refused", "ConnectionResetError", "Connection aborted", "Connection broken", "IncompleteRead",
    "ProxyError", "ProtocolError", "RemoteDisconnected", "Network is unreachable", "incomplete-download", "timed out",
)  # fmt: skip

PipProgress = Callable[[float, Notice], None]


@dataclass(frozen=True)
class Failure:
    """Why pip did not do it."""

    notice: Notice
    cancelled: bool = False
    resumable: bool = False
    """The connection broke after something had been downloaded: worth another go."""


def version(tool: Sequence[str]) -> Tuple[int, int]:
    """Version of the pip that `tool` starts; (0, 0) when it does not start."""
    try:
        done = subprocess.run([*tool, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **hidden())
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    found = re.match(r"pip (\d+)\.(\d+)", done.stdout.decode("utf-8", "replace"))
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def install_command(tool: Sequence[str], files: Sequence[Path]) -> List[str]:
    """The pip command for requirement files. Index, mirror, proxy and certificate come from pip's own configuration."""
    bar = "raw" if version(tool) >= RAW_PROGRESS else "on"
    # Ready-made packages only: a streamer's machine has no compiler.
    # --no-user: a pip.conf that says `user` cannot work in an environment.
    command = [
        *tool,
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--no-user",
        "--only-binary=:all:",
        "--progress-bar",
        bar,
    ]
    for file in files:
        command += ["-r", str(file)]
    return command


def run(
    command: Sequence[str], progress: PipProgress, cancelled: Callable[[], bool], folder: Path, inherit: Sequence[int] = ()
) -> Optional[Failure]:
    """Run pip to its end; None when all went well. Cancelling ends pip and everything it started.

    `folder` is what the sentences about permissions name; `inherit` are file descriptors that stay open in pip (not on
    Windows). Raises OSError when pip cannot be started.
    """
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **_grouped(inherit)
    )
    lines: queue.Queue[Optional[str]] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), name="pip-output", daemon=True).start()
    reading = Reading()
    tail: Deque[str] = deque(maxlen=60)
    try:
        while True:
            if cancelled():
                _end(process)
                return Failure(Notice("install_cancelled"), cancelled=True)
            try:
                line = lines.get(timeout=POLL)
            except queue.Empty:
                continue
            if line is None:
                break
            tail.append(line)
            notice = reading.feed(line)
            if notice is not None:
                progress(reading.part, notice)
        return explain(list(tail), reading.downloading, folder) if process.wait() else None
    except BaseException:  # Ctrl-C included: pip must not outlive us
        _end(process)
        raise


class Reading:
    """What pip's output means: `part` done 0..1 and a sentence."""

    def __init__(self) -> None:
        self.part = 0.0
        self.megabytes = 0.0
        self._package = ""
        self._total = 0.0
        self._now = 0.0

    @property
    def downloading(self) -> bool:
        """True once a download has begun."""
        return self.megabytes + self._total > 0

    def feed(self, line: str) -> Optional[Notice]:
        """Take one line; a sentence when there is something new to show."""
        text = line.strip()
        if text.startswith("Collecting "):
            self._package = re.split(r"[<>=!~;\[( ]", text[len("Collecting ") :])[0]
            return Notice("install_collecting", package=self._package)
        if text.startswith(("Downloading ", "Using cached ")):
            return self._begin(text)
        if text.startswith("Progress "):
            return self._advance(text)
        if text.startswith("Installing collected packages"):
            self.part = 0.85
            return Notice("install_unpacking")
        return None

    def _begin(self, text: str) -> Optional[Notice]:
        size = _SIZE.search(text)
        self._count(self._total)
        self._total = float(size.group(1)) * _MEGABYTES[size.group(2)] if size else 0.0
        self._now = 0.0
        if text.startswith("Using cached ") or self._total < 1.0:
            self._count(self._total)
            self._total = 0.0
            return None
        return Notice("install_downloading", package=self._package, size="%.0f" % self._total)

    def _advance(self, text: str) -> Optional[Notice]:
        found = re.match(r"Progress (\d+) of (\d+)", text)
        if not found or not self._total:
            return None
        self._now = min(int(found.group(1)) / 1e6, self._total)
        self._show()
        return Notice("install_downloading", package=self._package, size="%.0f" % self._total)

    def _count(self, megabytes: float) -> None:
        self.megabytes += megabytes
        self._now = 0.0
        self._show()

    def _show(self) -> None:
        done = self.megabytes + self._now
        # Even up to what is expected, then ever slower: extras may bring more than the base.
        self.part = max(self.part, 0.8 * (done / EXPECTED_MB * 0.9 if done < EXPECTED_MB else 1 - 0.1 * EXPECTED_MB / done))


def explain(lines: Sequence[str], downloading: bool, folder: Path) -> Failure:
    """Turn pip's last words into a sentence a streamer can act on."""
    text = "\n".join(lines)
    errors = [line.strip() for line in lines if line.startswith("ERROR")]
    detail = (errors or [line.strip() for line in lines if line.strip()] or ["?"])[-1][:300]
    if any(sign in text for sign in _FULL):
        return Failure(Notice("install_disk_full_pip", folder=str(folder)))
    if any(sign in text for sign in _CERTIFICATE):
        return Failure(Notice("install_certificate"))
    if any(sign in text for sign in _NETWORK):
        return Failure(Notice("install_offline"), resumable=downloading)
    if any(sign in text for sign in _FORBIDDEN):
        return Failure(Notice("install_no_permission", folder=str(folder)))
    if "No matching distribution" in text:
        return Failure(Notice("install_no_packages", detail=detail))
    return Failure(Notice("install_failed", detail=detail))


def is_disk_full(error: OSError) -> bool:
    """True for "no space left", as POSIX and Windows say it."""
    return error.errno == errno.ENOSPC or getattr(error, "winerror", None) == 112


def _read(process: subprocess.Popen[bytes], lines: queue.Queue[Optional[str]]) -> None:
    assert process.stdout is not None
    with process.stdout as pipe:
        for line in pipe:
            lines.put(line.decode("utf-8", "replace").rstrip())
    lines.put(None)


def _grouped(inherit: Sequence[int]) -> Dict[str, Any]:
    """pip in a group of its own, so that what it starts can be ended with it."""
    if sys.platform == "win32":
        return hidden()
    return {"start_new_session": True, "pass_fds": tuple(inherit)}


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)], stdin=subprocess.DEVNULL, capture_output=True, **hidden()
        )
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
