"""Engines on threads of this process, behind the same connection as the worker. Standard library only until it starts."""

from __future__ import annotations

import queue
import sys
from pathlib import Path
from typing import Callable, Optional

from ezvtb_core.link import environment, paths, threads
from ezvtb_core.link.hosts import EngineHost
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.protocol import STATUS_INTERVAL, Connection, Message, Post


class InProcess(Connection):
    """Engines in this process. Raises NoticeError when this Python cannot import what they need."""

    def __init__(self, post: Post) -> None:
        make_importable()
        self._post = post
        self._inbox: queue.SimpleQueue[Optional[Message]] = queue.SimpleQueue()
        self._thread = threads.start(self._run, "engines")

    def send(self, message: Message) -> None:
        self._inbox.put(message)

    def close(self, timeout: float) -> None:
        self._inbox.put(None)
        self._thread.join(timeout)

    def kill(self) -> None:
        """Threads cannot be ended by force; the silence stays visible in the status."""

    def _run(self) -> None:
        from ezvtb_core.worker import Hub

        hub = Hub()
        self._post({"ready": {"python": sys.version.split()[0], "host": "thread"}})
        try:
            while True:
                try:
                    message = self._inbox.get(timeout=STATUS_INTERVAL)
                except queue.Empty:
                    message = {}
                if message is None:
                    break
                if message:
                    hub.handle(message)
                self._post({"status": hub.status()})
        finally:
            hub.stop()
            self._post({"gone": Notice("host_stopped")})


class ThreadHost(EngineHost):
    """Engines on threads of this process; needs numpy and onnxruntime in this Python."""

    kind = "thread"

    def __init__(self, on_change: Callable[[str], None]) -> None:
        super().__init__(InProcess, on_change)


def make_importable() -> None:
    """Make numpy and onnxruntime importable here, from this Python's own packages or from `.venv` of the same version."""
    problem = _import_problem()
    if problem is None:
        return
    here = "%d.%d" % sys.version_info[:2]
    packages = environment.site_packages()
    if packages is None:
        raise NoticeError("thread_host_missing_packages", python=here, detail=problem)
    path, version = packages
    if version != here:
        raise NoticeError("thread_host_other_python", here=here, there=version)
    if not Path(path).is_dir() or path in sys.path:
        raise NoticeError("thread_host_missing_packages", python=here, detail=problem)
    sys.path.append(path)
    problem = _import_problem()
    if problem is not None:
        sys.path.remove(path)
        raise NoticeError("thread_host_missing_packages", python=here, detail=problem)


def _import_problem() -> Optional[str]:
    if sys.version_info < (3, 10):
        return "Python 3.10 or newer is needed"
    # First on the path while the engine's packages are found, for the reason that obs_ezvtuber.py gives.
    sys.path.insert(0, str(paths.ROOT))
    try:
        import ezvtb_core.assemble  # noqa: F401 - the import is the test
    except ImportError as error:
        return str(error)
    finally:
        sys.path.remove(str(paths.ROOT))
    return None
