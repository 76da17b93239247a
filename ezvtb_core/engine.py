"""The engine of one source: tracker → movement → pipeline → frame buffer, at a steady rate, on a thread of its own."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ezvtb_core.builder import Builder
from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor import Report
from ezvtb_core.link import threads
from ezvtb_core.link.feeds import Feeds
from ezvtb_core.link.framebuffer import Placement
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import OPTIONS, Settings
from ezvtb_core.link.status import EngineStatus, PictureStatus
from ezvtb_core.models import PosingModel
from ezvtb_core.pacing import Clock, Meter, Pacer, Rhythm, wait
from ezvtb_core.performer import TRACKER_SETTINGS, Cast, Performer
from ezvtb_core.pipeline import Pipeline
from ezvtb_core.tracking import Listener

logger = logging.getLogger(__name__)

HIDDEN_FPS = 2.0
"""While no scene shows the source: enough to be somewhere sensible when it comes back."""
REPORT_INTERVAL = 0.5
FIRST_RETRY = 0.1
LAST_RETRY = 5.0
"""Seconds until a model that failed is tried again: doubled with each failure in a row, from the first to the last."""

MODEL_SETTINGS = frozenset(name for name, option in OPTIONS.items() if option.applies == "rebuild") - TRACKER_SETTINGS
"""Settings whose change replaces the model."""


class FrameSink(Protocol):
    """Where frames go: a `FrameBuffer`, or a recorder."""

    def publish(self, pixels: memoryview, width: int, height: int) -> object:
        """Take a frame: premultiplied BGRA8, contiguous, valid during the call only. Must not wait. Raises NoticeError."""

    def place(self, placement: Placement) -> None:
        """Draw this and later frames there. Must not wait."""


@dataclass(frozen=True)
class Parts:
    """What an engine is made of, chosen by `assemble`."""

    make_model: Callable[[Settings], PosingModel]
    """May take seconds; raises NoticeError."""
    cast: Cast
    feeds: Feeds = field(default_factory=Feeds)
    """Where trackers and sound find what OBS hands over."""


class Engine:
    """One source's engine. `start` runs it on a thread; without that, `tick` may be called by hand.

    A frame is published when it differs from the one before; the buffer keeps that one anyway. `EngineStatus.fps` counts
    the ticks that had a frame to show, published or unchanged: what the viewer sees as the frame rate.
    """

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        *,
        name: str = "engine",
        listener: Listener | None = None,
        clock: Clock = time.perf_counter,
        tracker_clock: Clock = time.monotonic,
    ) -> None:
        """`listener` is told every pose that the tracker gives. Two clocks, because trackers stamp with `time.monotonic`,
        which is too coarse to pace frames on Windows before Python 3.13 (16 ms)."""
        self._settings = settings
        self._parts = parts
        self._name = name
        self._clock, self._tracker_clock = clock, tracker_clock
        self._warnings: list[Notice] = []
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._sink_lock = threading.Lock()
        self._sink: FrameSink | None = None
        self._sink_trouble: Notice | None = None
        self._unseen = True  # the sink does not have the newest frame
        self._visible = True
        self._draw_at = 0.0
        """When a hidden source is drawn again."""
        self._pipeline: Pipeline | None = None
        self._models: Builder[Pipeline] = Builder(f"model {name}", lambda pipeline: pipeline.close())
        self._build_problem: Notice | None = None
        self._run_trouble: Notice | None = None
        self._logged = ""
        self._retry, self._retry_at = 0.0, 0.0
        self._rhythm = Rhythm(clock)
        self._performer = Performer(parts.cast, settings, name, listener, self._rhythm.tell)
        self._served, self._model_times, self._frame_times = Meter(), Meter(), Meter()
        self._published = self._reused = 0
        self._last_tick = clock()
        self._report_due = 0.0
        self._status = EngineStatus()
        self._build_model()

    # --- from any thread -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run until `stop`; called at most once."""
        self._thread = threads.start(self._run, f"engine {self._name}")

    def update(self, settings: Settings, warnings: Sequence[Notice] = ()) -> None:
        """Use other settings from the next tick on; what has to be rebuilt runs on in its old form until the new one is ready.

        `warnings` are shown in the status until the next update.
        """
        self._inbox.put(lambda: self._apply(settings, list(warnings)))

    @property
    def feeds(self) -> Feeds:
        """What OBS hands over to this source; to be filled from any thread."""
        return self._parts.feeds

    def act(self, action: str) -> None:
        """Do something once; see `Performer.act`."""
        self._inbox.put(lambda: self._performer.act(action, self._settings))

    def show(self, visible: bool) -> None:
        """Slow down to `HIDDEN_FPS` while no scene shows the source."""
        self._inbox.put(lambda: setattr(self, "_visible", visible))
        self._wake.set()

    def attach(self, sink: FrameSink | None, problem: Notice | None = None) -> None:
        """Publish into `sink`, beginning with the current frame; None, with the reason, where there is none.

        The sink used before is free once this returns: it waits for a publish in progress, never for a model.
        """
        with self._sink_lock:
            self._sink, self._sink_trouble, self._unseen = sink, problem, True
        self._wake.set()

    def status(self) -> EngineStatus:
        """What the engine says about itself, at most half a second old."""
        return replace(self._status, loop_age=max(self._clock() - self._last_tick, 0.0))

    def request_stop(self) -> None:
        """Make the loop end soon, without waiting."""
        self._ending.set()
        self._wake.set()

    def stop(self, timeout: float = 2.0) -> None:
        """End the loop, release model and tracker. May be repeated.

        What hangs is left behind after `timeout` seconds; a build that takes longer releases its result by itself.
        """
        self.request_stop()
        self.attach(None)
        deadline = time.monotonic() + timeout
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        self._models.close(max(deadline - time.monotonic(), 0.0))
        self._performer.stop(max(deadline - time.monotonic(), 0.0))
        if thread is not None and thread.is_alive():
            logger.error("%s: the model hangs, its memory is not released", self._name)
            return
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.close()

    # --- the engine's thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        pacer = Pacer(self._clock)
        while not self._ending.is_set():
            self.tick()
            delay = pacer.next(self.period())
            beat = self._rhythm.near(delay, self.period()) if self._visible else None
            if beat is not None:
                self._rhythm.wait(beat, self.period())
                pacer.put_off()
            elif wait(delay, self._wake):
                pacer.restart()

    def period(self) -> float:
        """Seconds between two ticks."""
        return 1.0 / (self._settings.fps if self._visible or self._performer.heeded else HIDDEN_FPS)

    def tick(self) -> None:
        """One frame: obey what was asked, adopt what was built, draw, report. Never raises."""
        now = self._last_tick = self._clock()
        try:
            while not self._inbox.empty():
                self._inbox.get()()
            self._adopt()
            self._performer.poll(now)
            if now >= self._retry_at:
                self._draw(now)
        except Exception as error:  # noqa: BLE001 - the engine's border; logged once by _fail, the last good frame stays
            self._fail(error, now)
        self._report(now)

    def _draw(self, now: float) -> None:
        pose = self._performer.pose(self._tracker_clock(), self._settings)
        if not self._visible and now < self._draw_at:
            return  # another computer or a recording wants every pose, nobody wants the picture
        self._draw_at = now + 0.9 / HIDDEN_FPS
        pipeline = self._pipeline
        if pipeline is None or self._sink is None:
            return
        rendered = pipeline.render(pose)
        self._run_trouble, self._retry = None, 0.0
        if rendered.fresh:
            self._model_times.add(now, rendered.model_seconds)
        else:
            self._reused += 1
        if rendered.fresh or self._unseen:
            self._publish(rendered.pixels)
            self._frame_times.add(now, self._clock() - now)
        self._place()
        self._served.add(now)

    def _place(self) -> None:
        with self._sink_lock:
            if self._sink is not None:
                self._sink.place(self._performer.placement)

    def _publish(self, pixels: Pixels) -> None:
        height, width = pixels.shape[:2]
        with self._sink_lock:
            if self._sink is None:
                return
            self._unseen = True
            try:
                self._sink.publish(pixels.data, width, height)
            except NoticeError as error:
                if self._sink_trouble != error.notice:
                    logger.error("%s: %s", self._name, error)
                self._sink_trouble = error.notice
                return
            self._unseen, self._sink_trouble = False, None
        self._published += 1

    def _fail(self, error: Exception, now: float) -> None:
        self._retry = min(max(self._retry * 2, FIRST_RETRY), LAST_RETRY)
        self._retry_at = now + self._retry
        if repr(error) != self._logged:  # a model that fails now and then must not fill the log
            self._logged = repr(error)
            logger.error("%s: drawing failed, the last good frame stays", self._name, exc_info=error)
        detail = f"{type(error).__name__}: {error}"[:300]
        self._run_trouble = error.notice if isinstance(error, NoticeError) else Notice("engine_model_failed", detail=detail)

    def _apply(self, settings: Settings, warnings: list[Notice]) -> None:
        changed = settings.diff(self._settings)
        self._settings, self._warnings, self._report_due = settings, warnings, 0.0
        if changed & MODEL_SETTINGS:
            self._build_model()
        self._performer.update(settings, changed)

    def _build_model(self) -> None:
        settings = self._settings
        self._models.request(lambda: Pipeline(self._parts.make_model(settings), self._clock))

    def _adopt(self) -> None:
        """Exchange model and tracker between two frames."""
        self._performer.adopt(self._settings)
        outcome = self._models.take()
        if outcome is None:
            return
        self._build_problem = outcome.problem
        if outcome.value is not None:
            old, self._pipeline = self._pipeline, outcome.value
            self._run_trouble, self._retry, self._retry_at, self._logged = None, 0.0, 0.0, ""
            if old is not None:
                self._models.retire(old)

    # --- status --------------------------------------------------------------------------------------------------

    def _judge(self) -> tuple[str, Notice]:
        """State and the most important sentence: model, then frame buffer, then tracker, then progress."""
        trouble = self._build_problem or self._run_trouble or self._sink_trouble
        if trouble is not None:
            return "error", trouble
        state = "starting" if self._pipeline is None else "running" if self._visible else "hidden"
        if self._performer.status.state in ("error", "waiting"):
            return state, self._performer.status.notice
        return state, Notice(f"engine_{state}")

    def _report(self, now: float) -> None:
        state, notice = self._judge()
        if now < self._report_due and (state, notice) == (self._status.state, self._status.notice):
            return
        self._report_due = now + REPORT_INTERVAL
        model = self._pipeline.model if self._pipeline is not None else None
        model_p50, model_p99 = self._model_times.percentiles(now)
        frame_p50, frame_p99 = self._frame_times.percentiles(now)
        tracked, tracker = self._performer.tracked, self._performer.status
        self._status = EngineStatus(
            state=state,
            notice=notice,
            warnings=[*self._warnings, *self._performer.warnings()],
            model=model.spec.name if model is not None else "",
            device=model.device if model is not None else "",
            picture=_about(model.report) if model is not None else None,
            width=model.size[0] if model is not None else 0,
            height=model.size[1] if model is not None else 0,
            fps=self._served.rate(now),
            frames=self._published,
            reused=self._reused,
            model_ms_p50=model_p50 * 1e3,
            model_ms_p99=model_p99 * 1e3,
            frame_ms_p50=frame_p50 * 1e3,
            frame_ms_p99=frame_p99 * 1e3,
            tracker=self._settings.tracker,
            tracker_state=tracker.state,
            tracker_notice=tracker.notice,
            tracker_age=self._tracker_clock() - tracked.time if tracked is not None else -1.0,
            tracker_rate=tracker.rate,
            **self._performer.describe(),
        )


def _about(report: Report | None) -> PictureStatus | None:
    if report is None:
        return None
    return PictureStatus(report.score, report.notices, sum(finding.points > 0 for finding in report.findings))
