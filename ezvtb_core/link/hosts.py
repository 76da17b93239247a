"""Where engines run, seen from OBS: a host is supervised, restarted when it dies, and never makes its caller wait.

Standard library only, Python 3.8+. `worker_process.ProcessHost` runs the engines in a worker process,
`in_process.ThreadHost` on threads of this process; both keep the same contract, see `EngineHost`.
"""

from __future__ import annotations

import logging
import queue
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Deque, Dict, Mapping, Optional

from ezvtb_core.link import threads
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.protocol import Connect, Connection, Message
from ezvtb_core.link.status import EngineStatus

logger = logging.getLogger(__name__)

MAX_RESTARTS = 5
RESTART_WINDOW = 60.0
"""A host that dies more than MAX_RESTARTS times within this many seconds stays down until the user restarts it."""
START_LIMIT = 60.0
"""Seconds a connection may take until it is ready (a first start under a virus scanner is slow)."""
SILENCE_LIMIT = 10.0
"""Seconds without a sign of life after which the engines are taken for hung."""
FRAME_LIMIT = 40.0
"""Seconds that one frame may take: the largest model takes five on a weak processor, and a game leaves it a part of that."""
LINGER = 20.0
"""Seconds an unused host keeps running, so that moving a source between scenes does not start it anew."""


@dataclass(frozen=True)
class HostStatus:
    """What a host says about itself."""

    state: str = "stopped"
    """`stopped` (nothing to do), `starting`, `running`, `restarting`, `unavailable` (tried again), `failed` (gave up)."""
    notice: Notice = field(default_factory=lambda: Notice("host_stopped"))
    restarts: int = 0


@dataclass
class _Source:
    """What a source was asked to be, to open it again after a restart."""

    settings: Mapping[str, Any]
    buffer: str
    capacity: int
    visible: bool = True
    feeds: Dict[str, Feed] = field(default_factory=dict)

    def opening(self, source: str) -> Message:
        return {
            "do": "open",
            "source": source,
            "settings": dict(self.settings),
            "buffer": self.buffer,
            "capacity": self.capacity,
            "visible": self.visible,
            "feeds": {kind: feed.to_json() for kind, feed in self.feeds.items()},
        }


class EngineHost:
    """The contract of both hosts and their supervision. Every method but `stop` returns at once and may be called anywhere.

    `on_change(source)` is called from the supervisor's thread when what a panel says about a source has changed.
    """

    kind = ""

    def __init__(self, connect: Connect, on_change: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._on_change = on_change
        self._clock = clock
        self._events: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._sources: Dict[str, _Source] = {}
        self._statuses: Dict[str, EngineStatus] = {}
        self._status = HostStatus()
        self._deaths: Deque[float] = deque()
        self._connection: Optional[Connection] = None
        self._ready = False
        self._last_sign = 0.0
        self._last_turn = 0.0
        self._idle_since = 0.0
        self._retry_at = 0.0
        self._stopping = False
        self._thread = threads.start(self._supervise, "%s-host" % self.kind)

    # --- verbs, callable from any OBS callback -------------------------------------------------------------------

    def open(self, source: str, settings: Mapping[str, Any], buffer: str, capacity: int, visible: bool = True) -> None:
        """Start an engine for `source` that publishes into the frame buffer of that name; slowly while not `visible`."""
        self._events.put({"do": "open", "source": source, "wanted": _Source(dict(settings), buffer, capacity, visible)})

    def update(self, source: str, settings: Mapping[str, Any]) -> None:
        """Apply new settings; what a change costs is the engine's business."""
        self._events.put({"do": "update", "source": source, "settings": dict(settings)})

    def act(self, source: str, action: str) -> None:
        """Do something once: `recentre`, `record_start`, `record_stop`, `express_on:NAME`, `express_off:NAME`,
        `express_save:LABEL`."""
        self._events.put({"do": "act", "source": source, "action": action})

    def feed(self, source: str, kind: str, feed: Optional[Feed]) -> None:
        """Hand over sound or camera pictures of OBS (`feeds.KINDS`); None ends it. Handed over again after a restart."""
        self._events.put({"do": "feed", "source": source, "kind": kind, "feed": None if feed is None else feed.to_json()})

    def show(self, source: str, visible: bool) -> None:
        """Tell whether any scene shows the source; a hidden one is slowed down."""
        self._events.put({"do": "show", "source": source, "visible": visible})

    def close(self, source: str) -> None:
        """End a source's engine."""
        self._events.put({"do": "close", "source": source})

    def restart(self) -> None:
        """The user's Restart button: end what runs, forget past deaths, start again."""
        self._events.put({"do": "restart"})

    def status(self, source: str) -> EngineStatus:
        """Newest status of an engine; the host's own trouble shows as the engine's."""
        status = self._statuses.get(source, EngineStatus())
        host = self._status
        if host.state == "running":
            return status
        state = "error" if host.state in ("failed", "unavailable") else "starting"
        return replace(status, state=state, notice=host.notice, fps=0.0)

    def host_status(self) -> HostStatus:
        """Newest status of the host."""
        return self._status

    def stop(self, timeout: float = 2.0) -> None:
        """End everything and wait for it, at most `timeout` seconds. The host cannot be used again."""
        self._events.put({"do": "stop", "timeout": timeout * 0.7})
        self._thread.join(timeout)

    # --- supervisor's thread ----------------------------------------------------------------------------------------

    def _supervise(self) -> None:
        self._last_turn = self._clock()
        while not self._stopping:
            try:
                # Without anything to watch over it sleeps: each waking costs OBS's other Python scripts the GIL.
                watching = bool(self._sources) or self._connection is not None
                event = self._events.get(timeout=0.25 if watching else None)
            except queue.Empty:
                event = {}
            try:
                self._turn(event)
            except Exception:
                # The supervisor must outlive every surprise; the log has the traceback.
                logger.exception("engine host: event %s failed", list(event))

    def _turn(self, event: Message) -> None:
        now = self._clock()
        if now - self._last_turn > SILENCE_LIMIT / 2:
            # This process itself stood still (suspended computer, debugger): silence proves nothing.
            self._last_sign = now
        self._last_turn = now
        if "do" in event:
            self._command(event, now)
        elif event:
            self._event(event, now)
        self._keep_running(now)

    def _command(self, command: Message, now: float) -> None:
        verb, source = command["do"], command.get("source", "")
        known = self._sources.get(source)
        if verb == "open":
            self._sources[source] = wanted = command["wanted"]
            if known is not None:
                wanted.feeds = known.feeds
            self._forward(wanted.opening(source))
            return
        if verb == "stop":
            self._stopping = True
            self._disconnect(command["timeout"])
            self._set(HostStatus())
            return
        if verb == "restart":
            self._deaths.clear()
            self._retry_at = 0.0
            self._disconnect(1.0)
            self._set(HostStatus("stopped", Notice("host_stopped")))
            return
        if known is None:
            return
        if verb == "update":
            known.settings = command["settings"]
        elif verb == "show":
            known.visible = command["visible"]
        elif verb == "feed":
            feed = Feed.from_json(command["feed"])
            if feed is None:
                known.feeds.pop(command["kind"], None)
            else:
                known.feeds[command["kind"]] = feed
        elif verb == "close":
            del self._sources[source]
            self._statuses.pop(source, None)
            self._idle_since = now
        self._forward(command)

    def _forward(self, message: Message) -> None:
        if self._connection is not None and self._ready:
            self._connection.send(message)

    def _event(self, event: Message, now: float) -> None:
        if event.get("connection") is not None and event["connection"] is not self._connection:
            return  # the last words of one that was replaced
        self._last_sign = now
        if "ready" in event and self._connection is not None:
            self._ready = True
            logger.info("engine host %s is ready: %s", self.kind, event["ready"])
            for source, wanted in self._sources.items():
                self._connection.send(wanted.opening(source))
            self._set(HostStatus("running", Notice("host_running"), len(self._deaths)))
        elif "status" in event:
            self._take(event["status"])
        elif "gone" in event:
            self._died(event["gone"], now)

    def _take(self, statuses: Mapping[str, Any]) -> None:
        for source, values in statuses.items():
            if source in self._sources:
                before, after = self._statuses.get(source), EngineStatus.from_json(values)
                self._statuses[source] = after
                if before is None or _panel_words(before) != _panel_words(after):
                    self._on_change(source)
                if after.state == "running" and after.loop_age > FRAME_LIMIT:
                    self._hung()

    def _hung(self) -> None:
        if self._connection is not None:
            logger.warning("engine host %s gives no sign of life: ended by force", self.kind)
            self._connection.kill()
            self._last_sign = self._clock()

    def _died(self, reason: Notice, now: float) -> None:
        self._connection, self._ready = None, False
        self._deaths.append(now)
        while self._deaths and now - self._deaths[0] > RESTART_WINDOW:
            self._deaths.popleft()
        logger.warning("engine host %s ended: %s", self.kind, reason)
        if len(self._deaths) > MAX_RESTARTS:
            notice = Notice("host_failed", times=len(self._deaths), seconds=int(RESTART_WINDOW), reason=reason.to_json())
            self._set(HostStatus("failed", notice, len(self._deaths)))
        else:
            self._set(HostStatus("restarting", Notice("host_restarting", reason=reason.to_json()), len(self._deaths)))

    def _keep_running(self, now: float) -> None:
        if self._stopping:
            return
        if self._connection is not None:
            limit = SILENCE_LIMIT if self._ready else START_LIMIT
            if now - self._last_sign > limit:
                self._hung()
            elif not self._sources and now - self._idle_since > LINGER:
                self._disconnect(1.0)
                self._set(HostStatus())
        elif self._sources and self._status.state != "failed" and now >= self._retry_at:
            self._start(now)

    def _start(self, now: float) -> None:
        if self._status.state != "restarting":
            self._set(HostStatus("starting", Notice("host_starting"), len(self._deaths)))
        holder: Dict[str, Optional[Connection]] = {"connection": None}

        def post(event: Message) -> None:
            self._events.put({"connection": holder["connection"], **event})

        try:
            self._connection = holder["connection"] = self._connect(post)
        except NoticeError as error:
            self._retry_at = now + 2.0
            self._set(HostStatus("unavailable", error.notice, len(self._deaths)))
            return
        self._ready = False
        self._last_sign = self._clock()

    def _disconnect(self, timeout: float) -> None:
        connection, self._connection, self._ready = self._connection, None, False
        if connection is not None:
            connection.close(timeout)

    def _set(self, status: HostStatus) -> None:
        changed = (status.state, status.notice) != (self._status.state, self._status.notice)
        self._status = status
        if changed:
            for source in list(self._sources):
                self._on_change(source)


def _panel_words(status: EngineStatus) -> Any:
    """The part of a status whose change is worth redrawing an open panel (numbers tick all the time)."""
    return (
        status.state,
        status.notice.code,
        status.tracker_state,
        status.tracker_notice.code,
        status.sound_notice and status.sound_notice.code,
        status.recording,
        status.message,
        status.expressions,
        [warning.code for warning in status.warnings],
    )
