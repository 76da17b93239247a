from __future__ import annotations

import threading
import time

import pytest

from ezvtb_core.pacing import Meter, Pacer, wait
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
