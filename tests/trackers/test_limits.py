"""trackers/limits.py"""

import itertools
import math

import pytest

from trackers.limits import share, soft


def test_soft_is_straight_at_rest_odd_and_never_reaches_one_abruptly() -> None:
    values = [soft(step / 50) for step in range(-400, 401)]
    assert all(later > earlier for earlier, later in itertools.pairwise(values))
    assert soft(0.1) == pytest.approx(0.1, abs=1e-4)
    assert soft(1.0) == pytest.approx(0.84, abs=0.01)
    assert soft(-0.7) == -soft(0.7)
    assert soft(math.inf) <= 1.0


def test_a_share_stays_within_0_and_1() -> None:
    assert [share(value) for value in (-1.0, 0.0, 0.5, 1.0, 7.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
