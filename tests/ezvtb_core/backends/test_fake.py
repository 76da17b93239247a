from __future__ import annotations

from pathlib import Path

import numpy as np

from ezvtb_core.backends import SessionOptions
from ezvtb_core.backends.fake import FakeSession
from tests.ezvtb_core.backends.graphs import SIGNATURE


def test_needs_no_file_counts_runs_and_is_the_same_everywhere():
    session = FakeSession(Path("nowhere.onnx"), SIGNATURE, SessionOptions())
    outputs = session.run({"x": np.zeros((1, 45), np.float32), "image": np.zeros((4, 4), np.uint8)})
    assert session.runs == 1
    assert outputs["frame"].ravel()[:4].tolist() == [14, 15, 16, 17]
    assert outputs["y"].min() >= 0 and outputs["y"].max() <= 1
