"""Stand-ins for what an engine is made of: a clock, a tracker, a model, a sink."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ezvtb_core.engine import Engine, Parts
from ezvtb_core.image_doctor import Report
from ezvtb_core.link.framebuffer import Placement
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import ModelSpec
from ezvtb_core.mouth import Heard
from ezvtb_core.movement import Movement
from ezvtb_core.performer import Cast
from ezvtb_core.pose import INDEX, SIZE, Times, TrackedPose, TrackerStatus, neutral


class FakeClock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeTracker:
    """A tracker that sees what it is told to see."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings
        self.seen: TrackedPose | None = None
        self.said = TrackerStatus("live", Notice("tracker_live"))
        self.calls: list[str] = []

    def start(self, notify: Callable[[], None] | None = None) -> None:
        self.notify = notify
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    def latest(self) -> TrackedPose | None:
        return self.seen

    def status(self) -> TrackerStatus:
        return self.said

    def recentre(self) -> None:
        self.calls.append("recentre")

    def update(self, settings: Settings) -> None:
        self.settings = settings

    def see(self, now: float, **values: float) -> None:
        pose = neutral()
        for name, value in values.items():
            pose[INDEX[name]] = value
        self.seen = TrackedPose(now, pose)


class FakeModel:
    """Draws `shade` everywhere; raises what `failures` gives for a run, when it gives something."""

    spec = ModelSpec(name="fake", licence="MIT")
    device = "nothing"
    size = (8, 4)
    report: Report | None = None

    def __init__(self, shade: int = 100) -> None:
        self.shade = shade
        self.runs = 0
        self.closed = 0
        self.failures: Callable[[int], Exception | None] = lambda run: None

    def render(self, pose: np.ndarray) -> np.ndarray:
        assert pose.shape == (SIZE,) and pose.dtype == np.float32
        assert not self.closed
        self.runs += 1
        failure = self.failures(self.runs)
        if failure is not None:
            raise failure
        return np.full((4, 8, 4), self.shade, np.uint8)

    def close(self) -> None:
        self.closed += 1


class FakeSink:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.placements: list[Placement] = []
        self.trouble: NoticeError | None = None

    def publish(self, pixels: memoryview, width: int, height: int) -> int:
        assert pixels.c_contiguous and pixels.nbytes == width * height * 4
        if self.trouble is not None:
            raise self.trouble
        self.frames.append(bytes(pixels))
        return len(self.frames)

    def place(self, placement: Placement) -> None:
        self.placements.append(placement)


class FakeHearing:
    """Sound that says what it is told to say."""

    def __init__(self) -> None:
        self.heard: Heard | None = None
        self.said: TrackerStatus | None = None
        self.calls: list[str] = []

    def update(self, settings: Settings) -> None:
        self.calls.append("update")

    def latest(self) -> Heard | None:
        return self.heard

    def status(self) -> TrackerStatus | None:
        return self.said

    def stop(self) -> None:
        self.calls.append("stop")


class FakeSending:
    """Another computer that hears everything."""

    def __init__(self) -> None:
        self.sent: list[TrackedPose] = []
        self.updates: list[Settings] = []
        self.trouble: Notice | None = None
        self.stopped = self.sending = False

    def update(self, settings: Settings) -> None:
        self.updates.append(settings)

    def send(self, tracked: TrackedPose) -> None:
        self.sent.append(tracked)

    def notice(self) -> Notice | None:
        return self.trouble

    def stop(self) -> None:
        self.stopped = True


class StillIdle:
    """No idle movement."""

    def pose(self, time: float, amount: float) -> np.ndarray:
        return neutral()


class Direct:
    """Presence without a policy: what the tracker sees."""

    def blend(self, live: TrackedPose | None, now: float, idle_pose: np.ndarray, times: Times) -> np.ndarray:
        return idle_pose if live is None else live.pose


class Bench:
    """An engine made of fakes, ticked by hand."""

    def __init__(
        self,
        settings: Settings | None = None,
        listener: Callable[[TrackedPose], None] | None = None,
        refusal: NoticeError | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.trackers: list[FakeTracker] = []
        self.models: list[FakeModel] = []
        self.sink = FakeSink()
        self.refusal = refusal
        self.tracker_refusal: NoticeError | None = None
        self.settings = settings or Settings(smoothing=0)
        movement = Movement(StillIdle(), Direct())
        self.hearing = FakeHearing()
        self.sending = FakeSending()
        cast = Cast(lambda settings: self.make_tracker(settings), movement, self.hearing, self.sending)
        parts = Parts(lambda settings: self.make_model(settings), cast)
        clock = clock or self.clock
        self.engine = Engine(self.settings, parts, listener=listener, clock=clock, tracker_clock=clock)
        self.engine.attach(self.sink)

    def make_model(self, settings: Settings) -> FakeModel:
        if self.refusal is not None:
            raise self.refusal
        self.models.append(FakeModel())
        return self.models[-1]

    def make_tracker(self, settings: Settings) -> FakeTracker:
        if self.tracker_refusal is not None:
            raise self.tracker_refusal
        self.trackers.append(FakeTracker(settings))
        return self.trackers[-1]

    @property
    def model(self) -> FakeModel:
        return self.models[-1]

    @property
    def tracker(self) -> FakeTracker:
        return self.trackers[-1]

    def tick(self, count: int = 1, **values: float) -> None:
        """Tick; with values the tracker sees a new pose before each."""
        for _ in range(count):
            self.clock.advance(self.engine.period())
            if values:
                self.tracker.see(self.clock.now, **values)
            self.engine.tick()

    def settle(self, condition: Callable[[], bool] | None = None) -> None:
        """Tick until what is built on other threads has arrived."""
        reached = condition or (lambda: self.engine.status().model != "" and self.engine.status().tracker_state == "live")
        until(lambda: (self.tick(), reached())[1])

    def update(self, **values: object) -> None:
        self.settings = self.settings.with_values(values)
        self.engine.update(self.settings)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that another thread does; the limit is for broken code only."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.002)
