"""The art program draws at other sizes and reproduces what is committed."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import CHARACTER, Render

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.needs("art")


@pytest.mark.slow
def test_rebuild_reproduces_the_committed_model() -> None:
    from tools.puppet.compile import Compiler

    fresh, committed = Compiler(512).build(), onnx.load(CHARACTER / "puppet.onnx")
    assert [n.SerializeToString() for n in fresh.graph.node] == [n.SerializeToString() for n in committed.graph.node]
    assert len(fresh.graph.initializer) == len(committed.graph.initializer)
    for a, b in zip(fresh.graph.initializer, committed.graph.initializer, strict=True):
        x, y = (onnx.numpy_helper.to_array(t).astype(np.float64) for t in (a, b))
        assert np.abs(x - y).max(initial=0) <= (1 if a.data_type == onnx.TensorProto.UINT8 else 1e-4)


def test_draws_at_twice_the_size(render: Render) -> None:
    from tools.puppet.compile import Compiler

    model = Compiler(1024).build()
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    frame = session.run(None, {"pose": np.zeros((1, 45), np.float32)})[0]
    assert frame.shape == (1024, 1024, 4)
    halved = frame.reshape(512, 2, 512, 2, 4).astype(float).mean(axis=(1, 3))
    assert np.abs(halved - render()).mean() < 3.0


def test_contact_sheet(tmp_path) -> None:
    pytest.importorskip("PIL")
    from tools.puppet import preview

    out = preview.sheet(CHARACTER / "puppet.onnx", preview.MOODS[:3], columns=2)
    assert out.size == (480, 632)
    with pytest.raises(ValueError, match="zip"):
        preview.pose("head_y")
