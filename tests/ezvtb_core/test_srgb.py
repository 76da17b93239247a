from __future__ import annotations

import numpy as np

from ezvtb_core.srgb import to_encoded, to_linear


def test_values_of_the_standard():
    """IEC 61966-2-1: middle grey 188 is half the light; 0 and 1 stay; the dark part is a straight line of slope 12.92."""
    assert abs(to_linear(np.array(188 / 255)) - 0.5028) < 1e-4
    assert to_linear(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]
    assert np.allclose(to_linear(np.array([0.02, 0.04])), [0.02 / 12.92, 0.04 / 12.92])


def test_there_and_back():
    values = np.linspace(0, 1, 4096)
    assert np.abs(to_encoded(to_linear(values)) - values).max() < 1e-6
    assert (np.diff(to_encoded(values)) > 0).all()
