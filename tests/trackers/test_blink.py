"""trackers/blink.py: scaling to the person, linking, winks only when they last."""

import numpy as np
import pytest

from trackers.blink import Lids

FPS = 25.0


def run(left: list[float], right: list[float], turned: float = 0.0, lids: Lids | None = None, start: float = 0.0) -> np.ndarray:
    """Closing (N, 2) of left and right at 25 per second."""
    lids = lids or Lids()
    return np.array([lids.update(a, b, turned, start + i / FPS) for i, (a, b) in enumerate(zip(left, right, strict=True))])


def test_open_eyes_are_exactly_open_for_ever() -> None:
    assert not run([1.0] * 1000, [1.0] * 1000).any()


def test_a_blink_closes_both_fully() -> None:
    trace = [1.0] * 10 + [0.6, 0.2, 0.0, 0.3, 0.8] + [1.0] * 10
    closing = run(trace, trace)
    assert closing.max() == 1.0
    assert (closing[:, 0] == closing[:, 1]).all()
    assert not closing[-5:].any()


def test_eyes_that_never_report_shut_still_close_after_a_while() -> None:
    """Users' complaint with camera trackers: eyes that will not close."""
    trace = ([0.8] * 75 + [0.5, 0.3, 0.2, 0.3, 0.6]) * 12
    closing = run(trace, trace)
    assert closing[-80:].max() == 1.0
    assert not closing[-70:-10].any()


def test_eyes_that_rest_half_open_become_the_open_level() -> None:
    closing = run([0.7] * 2000, [0.7] * 2000)
    assert closing[0, 0] > 0.1
    assert not closing[-1].any()


def test_unequal_blink_stays_linked() -> None:
    left = [1.0] * 5 + [0.5, 0.3, 0.5] + [1.0] * 5
    right = [1.0] * 5 + [0.6, 0.4, 0.6] + [1.0] * 5
    closing = run(left, right)
    assert (closing[:, 0] == closing[:, 1]).all()
    assert closing.max() > 0.7


def test_one_eye_ahead_for_a_frame_is_no_wink() -> None:
    closing = run([1, 1, 0.1, 0.1, 0.1, 1, 1], [1, 1, 1.0, 0.1, 0.1, 1, 1])
    assert (closing[:, 0] == closing[:, 1]).all()
    assert closing.max() == 1.0


@pytest.mark.parametrize("side", [0, 1])
def test_a_wink_that_lasts_is_a_wink_and_the_other_eye_does_not_twitch(side: int) -> None:
    winking, open_eye = [1.0] * 5 + [0.0] * 10 + [1.0] * 5, [1.0] * 20
    closing = run(winking, open_eye) if side == 0 else run(open_eye, winking)
    assert not closing[:, 1 - side].any()
    assert closing[5:7, side].max() == 0.0  # undecided for 80 ms
    assert (closing[7:15, side] == 1.0).all()
    assert not closing[15:].any()


@pytest.mark.parametrize("turned", [30.0, -30.0])
@pytest.mark.parametrize("near_open", [True, False])
def test_turned_away_the_near_eye_moves_both(turned: float, near_open: bool) -> None:
    near, far = [1.0 if near_open else 0.0] * 10, [0.0 if near_open else 1.0] * 10
    left, right = (near, far) if turned > 0 else (far, near)  # turned to the own right, the left eye is seen
    closing = run(left, right, turned)
    assert (closing == (0.0 if near_open else 1.0)).all()


def test_weak_blinks_are_learned_and_then_shut_the_eyes() -> None:
    """MediaPipe's blinks of some people peak at 0.6: an openness of 0.4 or more. Looks downwards teach nothing."""
    trace = [0.93] * 50 + [0.6, 0.42, 0.5, 0.8]
    closing = run(trace * 8, trace * 8)
    assert closing[50:54].max() < 0.9
    assert closing[-4:].max() > 0.99
    looking_down = [0.93] * 50 + [0.6] * 40
    closing = run(looking_down * 8, looking_down * 8)
    assert closing[-1, 0] == pytest.approx(closing[89, 0], abs=0.05)


def test_without_learning_the_usual_levels_stay() -> None:
    lids = Lids()
    lids.learn = False
    before = lids.known()
    run([0.7, 0.4] * 200, [0.7, 0.4] * 200, lids=lids)
    assert lids.known() == before


@pytest.mark.parametrize("turned", [0.0, 30.0])
def test_always_linked_and_never_linked(turned: float) -> None:
    left, right = [0.0] * 20, [1.0] * 20
    always, never = Lids(), Lids()
    always.link, never.link = "always", "never"
    closing = run(left, right, turned, always)
    assert (closing[:, 0] == closing[:, 1]).all()
    assert (run(left, right, turned, never) == (1.0, 0.0)).all()


def test_noise_of_the_openness_grows_two_and_a_half_times_at_most() -> None:
    lids = Lids()
    run([0.6, 0.5] * 2000, [0.6, 0.5] * 2000, lids=lids)
    lids.learn = False
    values = np.linspace(0, 1, 400)
    closing = run(values.tolist(), values.tolist(), lids=lids)
    assert np.abs(np.diff(closing[:, 0])).max() <= 2.51 * (values[1] - values[0])


def test_levels_are_saved_and_restored_within_their_limits() -> None:
    lids, other = Lids(), Lids()
    run(([0.8] * 60 + [0.2, 0.1, 0.2]) * 20, [0.5] * 1260, lids=lids)
    other.restore(lids.known())
    assert other.known() == lids.known() != Lids().known()
    assert all(lids.limits()[name][0] <= value <= lids.limits()[name][1] for name, value in lids.known().items())


def test_garbage_levels_and_times_stay_in_range() -> None:
    random = np.random.default_rng(1)
    lids = Lids()
    for _ in range(5000):
        left, right, turned, time = random.normal(0, [3, 3, 60, 1e3])
        for value in lids.update(left, right, turned, time):
            assert 0.0 <= value <= 1.0
