from __future__ import annotations

import threading

from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackerStatus
from ezvtb_core.tracking import TrackerSlot
from tests.ezvtb_core.engine_fakes import FakeTracker, until


def slot_of(*trackers: FakeTracker, **options: object) -> TrackerSlot:
    waiting = list(trackers)
    slot = TrackerSlot(lambda settings: waiting.pop(0), "t", **options)
    slot.rebuild(Settings())
    until(lambda: (slot.adopt(Settings()), slot._tracker)[1] is not None)
    return slot


def test_before_the_first_tracker():
    slot = TrackerSlot(lambda settings: FakeTracker(), "t")
    slot.poll(0.0)
    slot.recentre()
    slot.update(Settings())
    assert slot.latest() is None
    assert slot.status == TrackerStatus("starting", Notice("tracker_starting"))
    slot.stop(1)


def test_last_pose_stays_while_the_tracker_is_replaced():
    gate, old, new = threading.Event(), FakeTracker(), FakeTracker()
    old.see(5.0, head_x=0.5)
    slot = slot_of(old, new)
    seen = slot.latest()
    assert seen is old.seen
    stop = old.stop
    old.stop = lambda: (gate.wait(10), stop())  # type: ignore[method-assign]
    slot.rebuild(Settings())
    until(lambda: slot._tracker is None)
    assert slot.latest() is seen  # stopping takes its time, nobody waits
    assert new.calls == []
    gate.set()
    until(lambda: (slot.adopt(Settings(mirror=True)), slot._tracker)[1] is new)
    assert (old.calls, new.calls) == (["start", "stop"], ["start"])
    assert new.settings.mirror
    assert slot.latest() is seen
    slot.stop(1)
    assert new.calls == ["start", "stop"]


def test_failure_is_the_status_until_the_next_replacement():
    made: list[FakeTracker | NoticeError] = [FakeTracker(), NoticeError("picture_empty"), FakeTracker()]

    def make(settings: Settings) -> FakeTracker:
        found = made.pop(0)
        if isinstance(found, NoticeError):
            raise found
        return found

    slot = TrackerSlot(make, "t")
    for expected in ("live", "error", "live"):
        slot.rebuild(Settings())
        until(lambda: (slot.adopt(Settings()), slot.poll(0.0), slot.status.state)[2] == expected)  # noqa: B023
        assert slot._tracker is not None
    slot.stop(1)


def test_status_is_asked_for_twice_a_second():
    tracker = FakeTracker()
    slot = slot_of(tracker)
    slot.poll(10.0)
    tracker.said = TrackerStatus("lost", Notice("x"))
    slot.poll(10.4)
    assert slot.status.state == "live"
    slot.poll(10.5)
    assert slot.status.state == "lost"
    slot.stop(1)


def test_stop_twice():
    tracker = FakeTracker()
    slot = slot_of(tracker)
    slot.stop(1)
    slot.stop(1)
    assert tracker.calls == ["start", "stop"]


def test_the_tracker_gets_what_to_call_for_each_pose():
    told: list[int] = []
    tracker = FakeTracker()
    slot = slot_of(tracker, notify=lambda: told.append(1))
    assert tracker.notify is not None
    tracker.notify()
    assert told == [1]
    slot.stop(1)
