from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from ezvtb_core.backends import Session, SessionError, SessionOptions, Signature, TensorSpec
from ezvtb_core.backends.fake import FakeSession
from ezvtb_core.backends.pool import SessionPool
from tests.ezvtb_core.backends.graphs import SIGNATURE, two_by_two
from tests.ezvtb_core.engine_fakes import until

FEEDS = {"x": np.zeros((1, 45), np.float32), "image": np.zeros((4, 4), np.uint8)}


@pytest.fixture
def path(tmp_path):
    return two_by_two(tmp_path / "a.onnx")


def test_same_file_and_options_share_one_session_until_the_last_lets_go(path):
    pool = SessionPool()
    first = pool.open("ort-cpu", path, SIGNATURE, SessionOptions())
    second = pool.open("ort-cpu", path.parent / "." / path.name, SIGNATURE, SessionOptions())
    assert first is not second and len(pool) == 1
    first.close()
    first.close()
    assert len(pool) == 1
    assert set(second.run(FEEDS)) == {"y", "frame"}
    with pytest.raises(SessionError):
        first.run(FEEDS)
    second.close()
    assert len(pool) == 0


def test_other_options_backend_or_content_are_other_sessions(path):
    pool = SessionPool()
    pool.open("ort-cpu", path, SIGNATURE, SessionOptions(threads=1))
    pool.open("ort-cpu", path, SIGNATURE, SessionOptions(threads=2))
    pool.open("fake", path, SIGNATURE, SessionOptions(threads=2))
    os.utime(path, (1, 1))
    pool.open("fake", path, SIGNATURE, SessionOptions(threads=2))
    assert len(pool) == 4


def test_other_expectation_is_refused_and_counts_nothing(path):
    pool = SessionPool()
    session = pool.open("ort-cpu", path, SIGNATURE, SessionOptions())
    with pytest.raises(SessionError):
        pool.open("ort-cpu", path, Signature((TensorSpec("pose", (1, 45), "float32"),), ()), SessionOptions())
    session.close()
    assert len(pool) == 0


def test_bound_runs_end_with_the_lease_although_others_go_on(path):
    pool = SessionPool()
    leases = [pool.open("ort-cpu", path, SIGNATURE, SessionOptions()) for _ in range(2)]
    bounds = []
    for lease in leases:
        inputs = {spec.name: lease.allocate(spec) for spec in SIGNATURE.inputs}
        bounds.append(lease.bind(inputs, {"y": lease.allocate(SIGNATURE.outputs[0])}))
    assert len(pool) == 1
    leases[0].close()
    with pytest.raises(SessionError, match="closed"):
        bounds[0].run()
    for act in (lambda: leases[0].allocate(SIGNATURE.inputs[0]), lambda: leases[0].bind({}, {})):
        with pytest.raises(SessionError, match="closed"):
            act()
    bounds[1].run()


def test_other_device_is_another_session(path):
    pool = SessionPool()
    for device in (0, 1, 1):
        pool.open("fake", path, SIGNATURE, SessionOptions(device=device))
    assert len(pool) == 2


def test_failure_leaves_nothing_behind(tmp_path):
    pool = SessionPool()
    with pytest.raises(SessionError):
        pool.open("ort-cpu", tmp_path / "none.onnx", SIGNATURE, SessionOptions())
    assert len(pool) == 0


def test_opening_and_closing_from_several_threads(path):
    pool = SessionPool()

    def work() -> None:
        for _ in range(20):
            session = pool.open("fake", path, SIGNATURE, SessionOptions())
            session.run(FEEDS)
            session.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pool) == 0


def test_loading_keeps_only_those_waiting_who_want_the_same(path, tmp_path, monkeypatch):
    gate, loads, pool = threading.Event(), [], SessionPool()
    slow = two_by_two(tmp_path / "slow.onnx")
    init = FakeSession.__init__

    def load(self, file, expected, options):
        loads.append(file.name)
        if file == slow:
            gate.wait(10)
        init(self, file, expected, options)

    monkeypatch.setattr(FakeSession, "__init__", load)
    sessions: list[Session] = []
    waiting = [
        threading.Thread(target=lambda: sessions.append(pool.open("fake", slow, SIGNATURE, SessionOptions()))) for _ in range(2)
    ]
    for thread in waiting:
        thread.start()
    until(lambda: "slow.onnx" in loads)
    pool.open("fake", path, SIGNATURE, SessionOptions()).close()
    assert sessions == []
    gate.set()
    for thread in waiting:
        thread.join()
    assert loads == ["slow.onnx", "a.onnx"]
    for session in sessions:
        session.close()
    assert len(pool) == 0
