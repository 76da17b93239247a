"""trackers/mouse.py: the tracker's contract, recentring, and a pointer that cannot be read; on a real X server at the end."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import INDEX, WINK
from tests.peers import wait_until
from tests.xvfb import virtual_screen
from trackers import create, mouse
from trackers.context import Context
from trackers.mouse import MouseTracker
from trackers.pointer import Place, PointerError, Screen

HEAD_X, HEAD_Y = INDEX["head_x"], INDEX["head_y"]
STILL = Settings(tracker="mouse", idle_motion=0)


class Hand:
    """A pointer that a test moves."""

    def __init__(self) -> None:
        self.at = Place(960, 540)
        self.size = Screen(0, 0, 1920, 1080)
        self.trouble: Exception | None = None
        self.closed = 0

    def place(self) -> Place:
        if self.trouble is not None:
            raise self.trouble
        return self.at

    def screen(self) -> Screen:
        return self.size

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def make(hand, tmp_path, monkeypatch) -> Iterator[Callable[..., MouseTracker]]:
    monkeypatch.setattr(mouse, "RETRY_SECONDS", 0.1)
    made: list[MouseTracker] = []

    def build(settings: Settings = STILL, notify: Callable[[], None] | None = None) -> MouseTracker:
        made.append(MouseTracker(settings, Context(seed=1, calibrations=tmp_path), lambda: hand))
        made[-1].start(notify)
        assert wait_until(lambda: made[-1].latest() is not None)
        return made[-1]

    yield build
    for tracker in made:
        tracker.stop()


def head(tracker: MouseTracker) -> tuple[float, float]:
    pose = tracker.latest().pose
    return float(pose[HEAD_X]), float(pose[HEAD_Y])


def test_the_head_follows_the_pointer(make, hand):
    tracker = make()
    assert tracker.status().state == "live"
    hand.at = Place(1919, 540)
    assert wait_until(lambda: head(tracker)[1] < -0.5)
    hand.at = Place(0, 0)
    assert wait_until(lambda: head(tracker)[1] > 0.5 and head(tracker)[0] > 0.4)


def test_every_pose_is_announced_and_new(make):
    calls: list[float] = []
    tracker = make(notify=lambda: calls.append(time.monotonic()))
    assert wait_until(lambda: len(calls) > 20)
    assert abs(tracker.latest().time - time.monotonic()) < 5.0


def test_recentre_takes_the_pointers_place_as_straight_ahead_and_keeps_it(make, hand, tmp_path):
    tracker = make()
    hand.at = Place(-900, 300)  # the middle of another screen
    assert wait_until(lambda: head(tracker)[1] > 0.6)
    tracker.recentre()
    assert wait_until(lambda: abs(head(tracker)[1]) < 0.02)
    tracker.stop()
    again = make()
    hand.at = Place(-900, 300)
    time.sleep(0.3)
    assert abs(head(again)[1]) < 0.05
    assert (tmp_path / "mouse.json").exists()


def test_a_damaged_calibration_is_not_used(make, tmp_path):
    (tmp_path / "mouse.json").write_text('{"version": 1, "tracker": "mouse", "values": {"x": 1e99, "y": 0}}', encoding="utf-8")
    tracker = make()
    assert wait_until(lambda: tracker.status().state == "live")
    assert abs(head(tracker)[1]) < 0.05


def test_a_screen_that_changes_its_size_is_noticed(make, hand, monkeypatch):
    monkeypatch.setattr(mouse, "_SCREEN_SECONDS", 0.05)
    tracker = make()
    hand.size = Screen(0, 0, 800, 600)
    assert wait_until(lambda: head(tracker)[1] < -0.6)


@pytest.mark.parametrize("trouble", [PointerError("mouse_failed", detail="locked"), RuntimeError("surprise")])
def test_a_pointer_that_cannot_be_read_is_explained_and_the_character_goes_on(make, hand, trouble, caplog):
    tracker = make(Settings(tracker="mouse"))
    hand.trouble = trouble
    assert wait_until(lambda: tracker.status().state == "error")
    assert "cannot be read" in str(PointerError(tracker.status().notice.code, **tracker.status().notice.params))
    first = tracker.latest()
    assert wait_until(lambda: tracker.latest().time > first.time)
    assert wait_until(lambda: not np.array_equal(tracker.latest().pose, first.pose))
    hand.trouble = None
    assert wait_until(lambda: tracker.status().state == "live")
    assert hand.closed >= 1


def test_idle_movement_is_taken_over_at_once(make):
    tracker = make()
    assert not tracker.latest().pose[WINK].any()
    before = tracker.latest().pose
    tracker.update(Settings(tracker="mouse", idle_motion=200))
    assert wait_until(lambda: not np.array_equal(tracker.latest().pose, before))


def test_stop_is_quick_and_may_be_repeated(make):
    tracker = make()
    began = time.monotonic()
    tracker.stop()
    tracker.stop()
    assert time.monotonic() - began < 5.0
    last = tracker.latest()
    time.sleep(0.1)
    assert tracker.latest() is last


def test_on_a_real_screen(require, monkeypatch, tmp_path: Path):
    """Through the table of trackers, with another connection moving the pointer."""
    require("xvfb")
    display = pytest.importorskip("Xlib.display")
    with virtual_screen("1280x720x24") as name:
        monkeypatch.setitem(os.environ, "DISPLAY", name)
        tracker = create(STILL, Context(calibrations=tmp_path))
        tracker.start()
        other = display.Display()
        for place, wanted in (((1279, 360), (0, -1)), ((0, 360), (0, 1)), ((640, 0), (1, 0)), ((640, 719), (-1, 0))):
            other.screen().root.warp_pointer(*place)
            other.sync()

            def turned(wanted: tuple[int, int] = wanted) -> bool:
                if tracker.latest() is None:
                    return False
                found = head(tracker)
                return all(abs(got) < 0.15 if goal == 0 else got * goal > 0.4 for got, goal in zip(found, wanted, strict=True))

            assert wait_until(turned), place
        assert tracker.status().state == "live"
        other.close()
        tracker.stop()
