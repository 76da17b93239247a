"""The worker process seen from OBS: JSON lines out and in, no window, no orphan. Standard library only, Python 3.8+."""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import sys
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional

from ezvtb_core.link import environment, paths, threads
from ezvtb_core.link.hosts import EngineHost
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.protocol import VERSION, Connection, Message, Post

logger = logging.getLogger(__name__)
LONGEST_LINE = 1 << 20


class WorkerProcess(Connection):
    """A running worker (`ezvtb_core.worker`). Raises NoticeError without an environment, or when it cannot be started."""

    def __init__(self, post: Post) -> None:
        state = environment.state()
        if not state.ready:
            raise NoticeError(state.notice.code, **state.notice.params)
        command = [str(environment.python()), "-X", "utf8", "-u", str(paths.SCRIPT), "worker"]
        try:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=str(paths.ROOT),
                **_platform_arguments(),
            )
        except OSError as error:
            raise NoticeError("worker_not_started", detail=str(error)) from error
        self._post = post
        self._outbox: queue.SimpleQueue[Optional[Message]] = queue.SimpleQueue()
        self._errors: Deque[str] = deque(maxlen=20)
        threads.start(self._write, "worker-write")
        self._error_reader = threads.start(self._read_errors, "worker-errors")
        threads.start(self._read, "worker-read")

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._process.pid

    def send(self, message: Message) -> None:
        self._outbox.put(message)

    def close(self, timeout: float) -> None:
        self._outbox.put(None)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            logger.warning("the worker did not end in %.1f s: ended by force", timeout)
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        self._process.kill()

    def _write(self) -> None:
        """Send until told to end; a worker that does not read blocks this thread only. Closing its stdin ends the worker."""
        assert self._process.stdin is not None
        try:
            with self._process.stdin as pipe:
                for message in iter(self._outbox.get, None):
                    pipe.write(json.dumps(message, ensure_ascii=True).encode() + b"\n")
                    pipe.flush()
        except (BrokenPipeError, OSError, ValueError):
            logger.debug("the worker's input is closed")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            for line in iter(lambda: pipe.readline(LONGEST_LINE), b""):
                self._receive(line)
        code = self._process.wait()
        self._error_reader.join(1.0)
        self._outbox.put(None)
        self._post({"gone": _epitaph(code, list(self._errors))})

    def _receive(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            logger.warning("the worker said something that is not a message: %r", line[:200])
            return
        if not isinstance(message, dict):
            return
        ready = message.get("ready")
        if isinstance(ready, dict) and ready.get("protocol") != VERSION:
            other = ready.get("protocol")
            self._errors.append("protocol %s, expected %s: EZVTuber was updated while OBS ran" % (other, VERSION))
            self._process.kill()
        elif "ready" in message or "status" in message:
            self._post(message)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as pipe:
            for line in iter(lambda: pipe.readline(LONGEST_LINE), b""):
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    self._errors.append(text[:500])


class ProcessHost(EngineHost):
    """Engines in a worker process of our own Python: crashes and the GIL stay out of OBS. The default."""

    kind = "process"

    def __init__(self, on_change: Callable[[str], None]) -> None:
        super().__init__(WorkerProcess, on_change)


def _platform_arguments() -> Dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    # A group of its own: Ctrl-C in the terminal that started OBS is OBS's business, the worker ends with its stdin.
    return {"start_new_session": True}


def _epitaph(code: int, errors: List[str]) -> Notice:
    last = errors[-1] if errors else ""
    return Notice("worker_died_saying", code=code, detail=last) if last else Notice("worker_died", code=code)
