from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.backends import SessionError, SessionOptions
from ezvtb_core.backends.fake import FakeSession
from ezvtb_core.backends.pool import SessionPool
from ezvtb_core.link import paths
from ezvtb_core.models import ModelRequest
from ezvtb_core.models.puppet import Puppet
from ezvtb_core.pose import BREATHING, neutral
from tests.ezvtb_core.backends.graphs import small_puppet


def request_for(pool: SessionPool) -> ModelRequest:
    return ModelRequest("puppet", lambda path, expected: pool.open("ort-cpu", path, expected, SessionOptions(threads=1)))


def test_draws_what_the_graph_draws(tmp_path):
    model = Puppet.build(request_for(SessionPool()), small_puppet(tmp_path / "p.onnx"))
    pose = neutral()
    pose[BREATHING] = 0.5
    assert (model.render(pose) == 127).all()
    model.close()


def test_runs_on_any_session():
    opened: list[tuple[Path, FakeSession]] = []

    def open_session(path, expected):
        opened.append((path, FakeSession(path, expected, SessionOptions())))
        return opened[-1][1]

    frame = Puppet.build(ModelRequest("puppet", open_session)).render(neutral())
    assert frame.shape == (512, 512, 4) and frame.dtype == np.uint8
    ((path, session),) = opened
    assert path == paths.PUPPET_GRAPH and session.runs == 1


def test_graph_of_another_size_is_refused(tmp_path):
    pool = SessionPool()
    with pytest.raises(SessionError, match=r"frame uint8\(512,512,4\).*frame uint8\(256,256,4\)"):
        Puppet.build(request_for(pool), small_puppet(tmp_path / "p.onnx", side=256))
    assert len(pool) == 0
