"""trackers/mouth_weights.py: the exact minimum, against a search and against the original's optimiser."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trackers.mouth_weights import ANCHORS, cost, weights


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.integers(0, 2**32 - 1))
@settings(max_examples=200)
def test_nothing_in_the_box_is_lower(point: list[float], seed: int) -> None:
    """Against random weights of the whole box, and ever closer to the solution."""
    wanted, random = np.array(point), np.random.default_rng(seed)
    found = np.array(weights(wanted))
    near = (found + random.normal(0, 1, (400, 4)) * 10.0 ** random.uniform(-5, -0.5, (400, 1))).clip(0, 1)
    others = np.concatenate([random.uniform(0, 1, (400, 4)), near])
    assert (cost(others, wanted) >= cost(found, wanted) - 1e-12).all()


def test_a_vowel_is_itself() -> None:
    for index, anchor in enumerate(ANCHORS):
        assert np.abs(np.array(weights(anchor)) - np.eye(4)[index]).max() < 1e-9


def test_small_changes_of_the_mouth_are_small_changes_of_the_weights() -> None:
    path = np.linspace([0.0, 0.0, 0.0, 0.0], [1.0, 0.4, 0.5, 0.6], 2000)
    steps = np.abs(np.diff([weights(point) for point in path], axis=0))
    assert steps.max() < 0.01
