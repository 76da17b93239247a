from __future__ import annotations

import threading
import time

import pytest

from ezvtb_core.pacing import Meter, Pacer, Rhythm, wait
from tests.ezvtb_core.engine_fakes import FakeClock


def run(pacer: Pacer, clock: FakeClock, period: float, work: list[float]) -> list[float]:
    """Moments at which ticks begin when each takes as long as `work` says and every wait is exact."""
    moments = []
    for seconds in work:
        moments.append(clock())
        clock.advance(seconds)
        clock.advance(pacer.next(period))
    return moments


def test_uneven_work_does_not_make_the_rate_drift():
    clock = FakeClock()
    moments = run(Pacer(clock), clock, 1 / 30, [0.001, 0.030, 0.012, 0.0] * 250)
    assert moments == pytest.approx([100 + step / 30 for step in range(1000)])


def test_late_ticks_are_skipped_not_made_up_for():
    clock = FakeClock()
    pacer = Pacer(clock)
    moments = run(pacer, clock, 0.1, [0.0, 0.57, 0.0, 0.0])
    assert moments == pytest.approx([100.0, 100.1, 100.67, 100.7])  # the late tick itself, then the old rhythm
    assert pacer.skipped == 4


def test_tick_that_is_a_little_late_keeps_the_rhythm():
    clock = FakeClock()
    pacer = Pacer(clock)
    assert run(pacer, clock, 0.1, [0.0, 0.15, 0.0, 0.0]) == pytest.approx([100.0, 100.1, 100.25, 100.3])
    assert pacer.skipped == 0


def test_restart_counts_from_now():
    clock = FakeClock()
    pacer = Pacer(clock)
    clock.advance(50.0)
    pacer.restart()
    assert pacer.next(0.1) == pytest.approx(0.1)
    assert pacer.skipped == 0


def test_long_wait_is_woken_and_short_one_waits():
    wake = threading.Event()
    start = time.perf_counter()
    threading.Timer(0.02, wake.set).start()
    assert wait(60.0, wake)
    assert time.perf_counter() - start < 30
    assert not wake.is_set()
    start = time.perf_counter()
    assert not wait(0.02, wake)
    assert time.perf_counter() - start >= 0.019
    assert not wait(0.12, wake)
    assert time.perf_counter() - start >= 0.138


def test_meter_forgets():
    meter = Meter(window=5.0)
    assert meter.percentiles(0.0) == (0.0, 0.0) and meter.rate(0.0) == 0.0
    for step in range(100):
        meter.add(step / 10, float(step))
    assert meter.rate(9.9) == pytest.approx(10.0)
    low, high = meter.percentiles(9.9)
    assert low == pytest.approx(74, abs=1) and high == pytest.approx(98.5, abs=1)
    assert meter.rate(100.0) == 0.0


def beating(clock: FakeClock, interval: float, count: int = 30) -> Rhythm:
    """A rhythm that has heard `count` poses, the last one now."""
    rhythm = Rhythm(clock)
    for number in range(count):
        if number:
            clock.advance(interval)
        rhythm.tell()
    return rhythm


@pytest.mark.parametrize(
    ("interval", "delay", "period", "expected"),
    [
        (0.040, 1 / 30, 1 / 30, 0.040),  # 25 poses for 30 frames: a little later than the deadline
        (1 / 60, 1 / 30, 1 / 30, 1 / 30),  # 60 for 30: every second one
        (1 / 30, 1 / 60, 1 / 60, None),  # 30 for 60: none near the deadline between two poses
        (1 / 30, 1 / 30, 1 / 60, 1 / 30),
        (0.2, 1 / 30, 1 / 30, None),
    ],
)
def test_a_tick_leans_towards_the_pose_nearest_to_its_deadline(interval, delay, period, expected):
    clock = FakeClock()
    rhythm = beating(clock, interval)
    beat = rhythm.near(delay, period)
    assert beat is None if expected is None else beat == pytest.approx(clock() + expected)


def test_no_beat_before_the_second_pose_and_none_after_the_tracker_fell_silent():
    clock = FakeClock()
    rhythm = Rhythm(clock)
    assert rhythm.near(0.03, 0.03) is None
    rhythm.tell()
    assert rhythm.near(0.03, 0.03) is None
    clock.advance(0.04)
    rhythm.tell()
    assert rhythm.near(0.03, 0.03) is not None
    clock.advance(0.5)
    assert rhythm.near(0.03, 0.03) is None
    rhythm.tell()
    assert rhythm.near(0.03, 0.03) is None, "a pause is no interval"


def test_a_deadline_put_off_moves_the_next_ones_and_an_early_tick_does_not_raise_the_rate():
    clock = FakeClock()
    pacer = Pacer(clock)
    clock.advance(pacer.next(0.1) + 0.02)
    pacer.put_off()
    assert pacer.next(0.1) == pytest.approx(0.1)
    clock.advance(0.06)
    pacer.put_off()
    assert pacer.next(0.1) == pytest.approx(0.14)


def test_waiting_ends_with_the_pose_or_a_quarter_period_after_it_was_due():
    rhythm = Rhythm()
    for _ in range(5):
        rhythm.tell()
        time.sleep(0.02)
    rhythm.tell()
    beat = rhythm.near(0.02, 0.02)
    assert beat is not None
    threading.Timer(0.02, rhythm.tell).start()
    start = time.perf_counter()
    rhythm.wait(beat, 0.02)
    told = time.perf_counter() - start
    assert told > 0.005
    start = time.perf_counter()
    rhythm.wait(time.perf_counter() + 0.02, 0.02)
    assert time.perf_counter() - start > 0.02
    rhythm.wait(time.perf_counter() - 10.0, 0.02)
