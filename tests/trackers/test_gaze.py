"""trackers/gaze.py: open eyes look, shut ones and blinks do not."""

import pytest

from trackers.gaze import Gaze

DT = 1 / 30
LEFT, RIGHT = (0.2, 0.3), (0.2, 0.3)


def test_both_eyes_count_alike() -> None:
    gaze = Gaze()
    assert gaze.update((0.3, 0.0), (0.1, 0.0), (0.0, 0.0), DT, assist=True)[0] == pytest.approx(
        gaze.update(*[(0.2, 0.0)] * 2, (0.0, 0.0), DT, True)[0]
    )
    assert gaze.update((0.0, -0.3), (0.0, -0.3), (0.0, 0.0), DT, assist=True)[1] < -0.4


def test_a_blink_is_not_a_look_downwards() -> None:
    gaze = Gaze()
    looking = gaze.update(LEFT, RIGHT, (0.0, 0.0), DT, assist=True)
    for closing in (0.3, 0.7, 1.0, 1.0, 0.6, 0.2):
        assert gaze.update((-0.5, 0.3), (-0.5, 0.3), (closing, closing), DT, assist=True) == looking
    assert gaze.update((-0.5, 0.3), (-0.5, 0.3), (0.2, 0.2), DT, assist=True)[0] < 0.0


def test_lids_that_go_down_slowly_let_the_eyes_look_down() -> None:
    gaze = Gaze()
    for step in range(12):
        up, _ = gaze.update((-0.05 * step, 0.0), (-0.05 * step, 0.0), (0.03 * step, 0.03 * step), DT, assist=True)
    assert up < -0.7


@pytest.mark.parametrize("winking", [0, 1])
def test_in_a_wink_only_the_open_eye_looks(winking: int) -> None:
    gaze = Gaze()
    alone = gaze.update(LEFT, RIGHT, (0.0, 0.0), DT, assist=True)
    for closing in (0.4, 0.8, 1.0, 1.0, 1.0):
        lids = (closing, 0.0) if winking == 0 else (0.0, closing)
        eyes = ((-0.9, -0.9), RIGHT) if winking == 0 else (LEFT, (-0.9, -0.9))
        assert gaze.update(*eyes, lids, DT, assist=True) == pytest.approx(alone)


def test_without_assistance_every_eye_counts_always() -> None:
    gaze = Gaze()
    gaze.update(LEFT, RIGHT, (0.0, 0.0), DT, assist=False)
    assert gaze.update((-0.5, 0.0), (-0.5, 0.0), (1.0, 1.0), DT, assist=False)[0] < -0.6
