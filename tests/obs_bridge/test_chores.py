"""The background thread of the OBS side."""

from __future__ import annotations

import threading
import time

import pytest

from obs_bridge.chores import Chores


@pytest.fixture
def chores():
    made = Chores()
    yield made
    made.stop(2.0)


def test_chores_run_in_order_on_one_thread(chores):
    done: list[tuple[int, str]] = []
    finished = threading.Event()
    for number in range(20):
        chores.later(lambda number=number: done.append((number, threading.current_thread().name)))
    chores.later(finished.set)
    assert finished.wait(5)
    assert [number for number, _ in done] == list(range(20))
    assert {name for _, name in done} == {"ezvtuber-chores"}


def test_a_later_chore_with_the_same_key_replaces_the_one_that_waits(chores):
    done: list[int] = []
    for number in range(10):
        chores.later(lambda number=number: done.append(number), 0.05, "panel")
    chores.later(lambda: done.append(100), 0.05, "other panel")
    time.sleep(0.4)
    assert sorted(done) == [9, 100]


def test_a_chore_that_fails_does_not_end_the_others(chores, caplog):
    finished = threading.Event()
    chores.later(lambda: 1 / 0)
    chores.later(finished.set)
    assert finished.wait(5)
    assert "ZeroDivisionError" in caplog.text


def test_stop_drops_what_waits_and_ends_the_thread():
    chores, done = Chores(), []
    chores.later(lambda: done.append(1), 10.0)
    chores.stop(2.0)
    assert done == []
    assert not chores._thread.is_alive()


def test_asking_never_waits_for_a_chore_that_runs(chores):
    gate = threading.Event()
    chores.later(lambda: gate.wait(5))
    began = time.monotonic()
    for _ in range(1000):
        chores.later(lambda: None)
    assert time.monotonic() - began < 1.0
    gate.set()
