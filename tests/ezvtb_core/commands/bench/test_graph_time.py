from __future__ import annotations

import time
from pathlib import Path

import pytest

from ezvtb_core.backends import SessionError, SessionOptions, Signature, TensorSpec
from ezvtb_core.backends.fake import FakeSession
from ezvtb_core.commands.bench.graph_time import TimedPool

SIGNATURE = Signature((TensorSpec("x", (1, 3), "float32"),), (TensorSpec("y", (1, 3), "float32"),))


def test_time_of_bound_runs_is_added_up(tmp_path: Path, monkeypatch) -> None:
    plain = FakeSession.run

    def slow(self, inputs):
        time.sleep(0.02)
        return plain(self, inputs)

    monkeypatch.setattr(FakeSession, "run", slow)
    pool = TimedPool()
    session = pool.open("fake", tmp_path / "a.onnx", SIGNATURE, SessionOptions())
    tensors = {spec.name: session.allocate(spec) for spec in (*SIGNATURE.inputs, *SIGNATURE.outputs)}
    bound = session.bind({"x": tensors["x"]}, {"y": tensors["y"]})
    assert pool.seconds == 0
    bound.run()
    bound.run()
    assert 0.04 <= pool.seconds < 1
    assert session.device == FakeSession.device and session.signature == SIGNATURE
    session.close()
    assert len(pool) == 0
    with pytest.raises(SessionError):
        bound.run()
