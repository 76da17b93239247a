from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.commands.measure import TimedModel
from ezvtb_core.models import ModelSpec
from ezvtb_core.pose import neutral


class Model:
    spec = ModelSpec(name="fake", licence="MIT")
    size = (2, 3)
    device = "nothing"
    report = None

    def render(self, pose: np.ndarray) -> np.ndarray:
        return np.zeros((3, 2, 4), np.uint8)

    def close(self) -> None:
        self.closed = True


def test_timed_model() -> None:
    inner = Model()
    model = TimedModel(inner)
    assert model.percentiles() == (0.0, 0.0)
    for _ in range(4):
        assert model.render(neutral()).shape == (3, 2, 4)
    assert model.runs == 4
    assert 0 < model.percentiles()[0] <= model.percentiles()[1]
    assert (model.name, model.size) == ("fake", (2, 3))
    model.forget()
    assert model.runs == 0
    model.close()
    assert inner.closed


def test_times_are_milliseconds() -> None:
    model = TimedModel(Model())
    model.seconds = [0.010, 0.020, 0.030]
    assert model.percentiles()[0] == pytest.approx(20)
