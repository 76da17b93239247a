from __future__ import annotations

import threading
import time

import pytest
from threadpoolctl import threadpool_info

from ezvtb_core.kernels.workers import Workers


@pytest.fixture(params=[1, 2, 5])
def workers(request):
    made = Workers(request.param)
    yield made
    made.close()


def test_every_band_is_done_once(workers):
    done = []
    workers.run((done.append, 100))
    assert sorted(done) == list(range(100))


def test_a_step_begins_when_the_one_before_has_ended(workers):
    events = []

    def slow(band):
        time.sleep(0.01 if band == 0 else 0)
        events.append("first")

    workers.run((slow, 4), (lambda _: events.append("second"), 4))
    assert events == ["first"] * 4 + ["second"] * 4


def test_bands_run_side_by_side():
    workers = Workers(3)
    meeting = threading.Barrier(3, timeout=10)
    workers.run((lambda _: meeting.wait(), 3))
    workers.close()


def test_an_error_reaches_the_caller_and_the_threads_go_on_working(workers):
    def fail(band):
        raise ValueError(f"band {band}")

    with pytest.raises(ValueError, match="band"):
        workers.run((fail, 10))
    done = []
    workers.run((done.append, 10))
    assert len(done) == 10


def test_the_matrix_library_has_one_thread_while_there_are_workers():
    def counts():
        return {entry["num_threads"] for entry in threadpool_info() if entry["user_api"] == "blas"}

    before = counts()
    first, second = Workers(2), Workers(2)
    assert counts() <= {1}
    first.close()
    assert counts() <= {1}
    second.close()
    assert counts() == before


def test_threads_end_with_the_workers():
    before = set(threading.enumerate())
    workers = Workers(4)
    helpers = set(threading.enumerate()) - before
    assert len(helpers) == 3 and all(helper.daemon for helper in helpers)
    workers.close()
    for helper in helpers:
        helper.join(5)
    assert not any(helper.is_alive() for helper in helpers)
