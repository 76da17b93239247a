"""trackers/shape_names.py: spellings of ARKit's blend shapes."""

import math

import pytest

from trackers.face import ARKIT, SHAPE, no_shapes
from trackers.shape_names import SPELLINGS, collect, look, looks_named


def test_both_spellings_of_all_52_names_and_no_others() -> None:
    assert set(SPELLINGS.values()) == set(range(52))
    assert SPELLINGS["eyeblink_l"] == SPELLINGS["eyeblinkleft"] == SHAPE["eyeBlinkLeft"]
    assert "mouth_l" not in SPELLINGS
    assert "jaw_r" not in SPELLINGS
    assert len({name.lower() for name in SPELLINGS}) == 52 + sum(name.endswith(("Left", "Right")) for name in ARKIT) - 4


def test_collect() -> None:
    values = [("JawOpen", 2.0), ("jawopen", 0.25), ("nobody", 1.0), ("mouthClose", math.nan), ("eyeBlink_R", -1.0)]
    shapes, named = collect(values)
    assert shapes[SHAPE["jawOpen"]] == 0.25
    assert shapes.sum() == 0.25
    assert named == {SHAPE["jawOpen"], SHAPE["eyeBlinkRight"]}


def test_looks() -> None:
    assert not looks_named(collect([("jawOpen", 1.0)])[1])
    assert looks_named(collect([("eyeLookIn_L", 0.0)])[1])
    shapes = no_shapes()
    look(shapes, "Left", up=-15.0, right=60.0)
    assert {name: shapes[SHAPE[name]] for name in ARKIT if shapes[SHAPE[name]]} == pytest.approx(
        {"eyeLookDownLeft": 0.5, "eyeLookInLeft": 1.0}
    )
