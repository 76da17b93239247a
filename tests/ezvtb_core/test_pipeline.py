from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ezvtb_core.pipeline import Pipeline
from ezvtb_core.pose import HEAD, INDEX, neutral
from tests.ezvtb_core.engine_fakes import FakeClock, FakeModel


def with_value(name: str, value: float) -> np.ndarray:
    pose = neutral()
    pose[INDEX[name]] = value
    return pose


def test_frame_is_premultiplied_bgra():
    class Glass(FakeModel):
        def render(self, pose: np.ndarray) -> np.ndarray:
            return np.full((4, 8, 4), (10, 20, 30, 128), np.uint8)

    rendered = Pipeline(Glass()).render(neutral())
    assert rendered.pixels.shape == (4, 8, 4) and rendered.pixels.flags.c_contiguous
    assert rendered.pixels[0, 0].tolist() == [5, 10, 15, 128]


def test_identical_pose_does_not_run_the_model():
    model = FakeModel()
    pipeline = Pipeline(model)
    first = pipeline.render(with_value("head_x", 0.5))
    second = pipeline.render(with_value("head_x", 0.5))
    assert (first.fresh, second.fresh, model.runs) == (True, False, 1)
    assert np.array_equal(first.pixels, second.pixels)
    assert pipeline.render(with_value("head_x", 0.25)).fresh


def test_values_that_the_model_does_not_read_do_not_matter():
    model = FakeModel()
    model.spec = replace(FakeModel.spec, reads=(HEAD, slice(44, 45)))
    pipeline = Pipeline(model)
    pipeline.render(neutral())
    assert not pipeline.render(with_value("mouth_aaa", 1.0)).fresh
    assert pipeline.render(with_value("breathing", 1.0)).fresh
    assert pipeline.render(with_value("neck_z", 1.0)).fresh


def test_time_of_the_model_is_measured():
    clock, model = FakeClock(), FakeModel()
    model.failures = lambda run: clock.advance(0.02)  # type: ignore[func-returns-value]
    pipeline = Pipeline(model, clock)
    assert pipeline.render(neutral()).model_seconds == pytest.approx(0.02)
    assert pipeline.render(neutral()).model_seconds == 0.0


def test_failure_forgets_the_frame():
    model = FakeModel()
    pipeline = Pipeline(model)
    pipeline.render(neutral())
    model.failures = lambda run: RuntimeError("x")
    with pytest.raises(RuntimeError):
        pipeline.render(with_value("head_x", 1.0))
    model.failures = lambda run: None
    assert pipeline.render(neutral()).fresh


def test_model_that_breaks_its_contract_is_named():
    model = FakeModel()
    model.size = (9, 4)
    with pytest.raises(ValueError, match=r"expected uint8 \(4, 9, 4\), got uint8 \(4, 8, 4\)"):
        Pipeline(model).render(neutral())


def test_close_closes_the_model():
    model = FakeModel()
    Pipeline(model).close()
    assert model.closed == 1
