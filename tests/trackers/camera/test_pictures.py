from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trackers.camera.fakes import needs_opencv
from trackers.camera import opencv
from trackers.camera.pictures import WIDEST, Pace, prepare


@pytest.mark.parametrize(("camera", "wanted"), [(30.0, 30.0), (60.0, 30.0), (30.0, 20.0), (30.0, 5.0), (59.94, 25.0)])
def test_the_pace_is_kept_in_the_mean(camera: float, wanted: float) -> None:
    pace = Pace(wanted)
    used = sum(pace.due(number / camera) for number in range(round(20 * camera)))
    assert used == pytest.approx(20 * wanted, abs=2)


def test_a_camera_slower_than_wanted_is_used_whole() -> None:
    pace = Pace(30.0)
    assert all(pace.due(number / 15) for number in range(100))


def test_jitter_costs_no_pictures() -> None:
    pace = Pace(30.0)
    late = [number / 30 + (0.006 if number % 2 else 0.0) for number in range(300)]
    assert sum(pace.due(moment) for moment in late) >= 299


@given(st.lists(st.floats(0.0, 2.0), max_size=200), st.integers(5, 60))
def test_never_much_more_than_wanted(pauses: list[float], rate: int) -> None:
    pace, now, used = Pace(rate), 0.0, []
    for pause in pauses:
        now += pause
        if pace.due(now):
            used.append(now)
    for first, third in zip(used, used[2:], strict=False):
        assert third - first >= 0.49 / rate


@needs_opencv
@pytest.mark.parametrize("channels", [3, 4])
def test_large_pictures_become_small_and_rgb(channels: int) -> None:
    cv2 = opencv.load()
    pixels = np.zeros((1080, 1920, channels), np.uint8)
    pixels[..., 0], pixels[..., 2] = 10, 200  # blue, red
    rgb = prepare(cv2, pixels, cv2.COLOR_BGR2RGB if channels == 3 else cv2.COLOR_BGRA2RGB)
    assert rgb.shape == (360, WIDEST, 3)
    assert rgb.flags.c_contiguous
    assert rgb[5, 5].tolist() == [200, 0, 10]
    small = prepare(cv2, pixels[:3, :5], cv2.COLOR_BGR2RGB if channels == 3 else cv2.COLOR_BGRA2RGB)
    assert small.shape == (3, 5, 3)
