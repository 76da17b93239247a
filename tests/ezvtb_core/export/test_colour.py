from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from ezvtb_core.export import colour
from ezvtb_core.export.graph import Graph

pytestmark = pytest.mark.needs("ort-cpu")


def run(build, **inputs: np.ndarray) -> list[np.ndarray]:
    graph = Graph()
    made = build(*(graph.input(name, array.shape, array.dtype) for name, array in inputs.items()))
    model = graph.model("test", {f"y{k}": (value, ()) for k, value in enumerate(made)}, 16)
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)


def all_levels() -> np.ndarray:
    """(16, 16, 4): every level in every channel."""
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    return np.ascontiguousarray(np.stack([levels, levels[::-1], levels.T, levels[:, ::-1]], -1))


def linear(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def test_prepare_makes_linear_rgba() -> None:
    picture = all_levels()
    (found,) = run(lambda picture: [colour.prepare(picture, 16)], picture=picture)
    expected = np.stack([*(linear(picture[..., k]) for k in (2, 1, 0)), picture[..., 3] / 255])[None] * 2 - 1
    assert found.shape == (1, 4, 16, 16)
    assert np.abs(found - expected).max() < 1e-6


def test_finish_takes_back_what_prepare_did_and_truncates() -> None:
    picture = all_levels()
    inner = picture.astype(np.float64)
    middle = np.stack([*(linear(inner[..., k] + 0.5) for k in (2, 1, 0)), (inner[..., 3] + 0.5) / 255])[None] * 2 - 1
    result, frame = run(lambda image: colour.finish(image, 16), image=middle.astype(np.float32))
    # Full colour comes out as 254: 1.055 - 0.055 is a little less than 1 in float32, in the original programs too.
    picture[..., :3] = np.minimum(picture[..., :3], 254)
    assert np.array_equal(frame, picture), "half a level is cut off"
    expected = np.minimum((inner[..., [2, 1, 0]].transpose(2, 0, 1) + 0.5) / 255, 1)
    assert np.abs(result[0, :3] - expected).max() < 1e-5


def test_values_beyond_the_range_are_limited() -> None:
    image = np.array([-3.0, 3.0], np.float32)[:, None].repeat(8, 1).reshape(1, 4, 2, 2)
    result, frame = run(lambda image: colour.finish(image, 2), image=image)
    assert set(np.unique(frame)) <= {0, 254, 255}
    assert result[0, :3].min() >= 0
    assert result[0, :3].max() <= 1
    assert result[0, 3].max() == 2.0, "alpha is limited in the frame only, as in the original program"
