"""The size in which pictures are taken; the rest is seen in tests/obs/test_taps.py."""

from __future__ import annotations

import pytest

from obs_bridge.grabber import CAPACITY, fit


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), (480, 270)),
        ((1080, 1920), (270, 480)),
        ((640, 480), (480, 360)),
        ((320, 240), (320, 240)),
        ((480, 480), (480, 480)),
        ((1, 1), (1, 1)),
        ((8000, 3), (480, 1)),
    ],
)
def test_pictures_keep_their_shape_and_fit(size, expected):
    assert fit(*size) == expected
    assert expected[0] * expected[1] * 4 <= CAPACITY
