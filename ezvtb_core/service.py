"""All engines of one host: the verbs that OBS's side sends, by source. Used by the worker process and by `ThreadHost`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from ezvtb_core.assemble import Assembly
from ezvtb_core.engine import Engine
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.link.status import EngineStatus

logger = logging.getLogger(__name__)
STOP_SECONDS = 1.5
"""How long an engine may take to end; the worker ends itself half a second later."""


@dataclass
class _Running:
    engine: Engine
    buffer: FrameBuffer | None = None


class EngineService:
    """One engine per source; sources with the same model share its session.

    One thread commands and another may ask for the status. No verb raises for a bad source, setting or buffer: that is said
    in the status. `settings` are always complete, as stored; what is missing has its default, what is bad is repaired.
    """

    def __init__(self, assembly: Assembly | None = None) -> None:
        self.assembly = assembly or Assembly()
        self._lock = threading.Lock()
        self._sources: dict[str, _Running] = {}

    def open(self, source: str, settings: Mapping[str, object], buffer_name: str, capacity: int) -> None:
        """Start an engine that publishes into the frame buffer of that name; one that runs for this source is replaced."""
        self.close(source)
        parsed, warnings = Settings.parse(settings)
        running = _Running(self.assembly.engine(parsed, source))
        running.engine.update(parsed, warnings)
        _connect(running, buffer_name, capacity)
        running.engine.start()
        with self._lock:
            self._sources[source] = running

    def update(self, source: str, settings: Mapping[str, object]) -> None:
        """Use other settings."""
        running = self._find(source, "update")
        if running is not None:
            running.engine.update(*Settings.parse(settings))

    def act(self, source: str, action: str) -> None:
        """Do something once; see `Performer.act`."""
        running = self._find(source, action)
        if running is not None:
            running.engine.act(action)

    def feed(self, source: str, kind: str, feed: Feed | None) -> None:
        """Hand over sound or camera pictures of OBS; None ends it. Raises ValueError for a kind that there is not."""
        running = self._find(source, "feed")
        if running is not None:
            running.engine.feeds.set(kind, feed)

    def show(self, source: str, visible: bool) -> None:
        """Tell whether a scene shows the source."""
        running = self._find(source, "show")
        if running is not None:
            running.engine.show(visible)

    def buffer(self, source: str, name: str, capacity: int) -> None:
        """Publish into another frame buffer from now on; the old one is let go."""
        running = self._find(source, "buffer")
        if running is not None:
            _connect(running, name, capacity)

    def close(self, source: str) -> None:
        """End a source's engine."""
        with self._lock:
            running = self._sources.pop(source, None)
        if running is not None:
            _end(running)

    def status(self) -> dict[str, EngineStatus]:
        """What every engine says about itself."""
        with self._lock:
            running = dict(self._sources)
        return {source: entry.engine.status() for source, entry in running.items()}

    def stop(self) -> None:
        """End all engines, all at once."""
        with self._lock:
            ending = list(self._sources.values())
            self._sources.clear()
        for running in ending:
            running.engine.request_stop()
        for running in ending:
            _end(running)

    def _find(self, source: str, verb: str) -> _Running | None:
        with self._lock:
            running = self._sources.get(source)
        if running is None:
            # Ordinary when a message crosses a close; anything else is worth a line.
            logger.info("%s: no source %s", verb, source[:80])
        return running


def _connect(running: _Running, name: str, capacity: int) -> None:
    old = running.buffer
    try:
        running.buffer = FrameBuffer.attach(name, capacity)
    except NoticeError as error:
        running.buffer = None
        running.engine.attach(None, error.notice)
    else:
        running.engine.attach(running.buffer)
    if old is not None:
        old.close()


def _end(running: _Running) -> None:
    running.engine.attach(None)
    if running.buffer is not None:
        running.buffer.close()
    running.engine.stop(STOP_SECONDS)
