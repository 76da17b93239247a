"""trackers/calibration.py: recentring, the slow drift, and how far a movement goes."""

from collections.abc import Callable

import numpy as np
import pytest

from trackers.calibration import DRIFT_WITHIN, RECENTRE_SECONDS, Centre, Span

FPS = 30


class Sitting:
    """A head in front of a Centre of (pitch, yaw, something else that drifts, something that does not)."""

    def __init__(self, at: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)) -> None:
        self.centre, self.now = Centre(("pitch", "yaw", "gaze", "width"), angles=2, drifting=3), 50.0
        self.stay(at, 1.0)

    def stay(self, at: tuple[float, ...] | Callable[[float], tuple[float, ...]], seconds: float, drift: bool = True) -> None:
        for frame in range(round(seconds * FPS)):
            self.now += 1 / FPS
            self.centre.update(at(frame / FPS) if callable(at) else at, self.now, drift)


def test_the_first_half_second_is_the_rest_whatever_a_few_frames_say() -> None:
    centre, noise = Centre(("pitch", "yaw"), angles=2, drifting=2), np.random.default_rng(1)
    for frame in range(20):
        bad = frame in (3, 9)
        centre.update((80.0 if bad else 5.0 + noise.normal(0, 0.1), -3.0), frame / FPS, drift=False)
    assert centre.rest == pytest.approx([5.0, -3.0], abs=0.15)
    assert centre.apart((15.0, -3.0)) == pytest.approx([10.0, 0.0], abs=0.15)


def test_before_it_is_known_the_median_so_far_serves_but_is_not_saved() -> None:
    centre = Centre(("pitch",), angles=1, drifting=1)
    assert centre.apart((40.0,)) == [0.0]
    centre.update((40.0,), 0.0, drift=True)
    assert centre.apart((45.0,)) == pytest.approx([5.0])
    assert centre.known() == {}


def test_recentring_keeps_the_old_rest_until_the_new_one_is_known() -> None:
    sitting = Sitting()
    sitting.centre.restart()
    sitting.stay((10.0, 20.0, 0.5, 1.0), RECENTRE_SECONDS - 0.1)
    assert sitting.centre.rest == pytest.approx([0.0] * 4)
    sitting.stay((10.0, 20.0, 0.5, 1.0), 0.2)
    assert sitting.centre.rest == pytest.approx([10.0, 20.0, 0.5, 1.0])


def test_completion_is_told_once() -> None:
    centre = Centre(("pitch",), angles=1, drifting=1)
    told = [centre.update((1.0,), frame / FPS, drift=True) for frame in range(60)]
    assert told.count(True) == 1
    centre.restart()
    told = [centre.update((1.0,), 2.0 + frame / FPS, drift=True) for frame in range(60)]
    assert told.count(True) == 1


def test_a_pause_while_recentring_starts_it_anew() -> None:
    sitting = Sitting()
    sitting.centre.restart()
    sitting.stay((30.0, 0.0, 0.0, 0.0), 0.3)
    sitting.now += 5.0
    sitting.stay((-30.0, 0.0, 0.0, 0.0), 0.6)
    assert sitting.centre.rest[0] == pytest.approx(-30.0)


@pytest.mark.parametrize("offset", [5.0, 10.0, DRIFT_WITHIN])
def test_looking_aside_for_20_s_hardly_moves_the_centre(offset: float) -> None:
    sitting = Sitting()
    sitting.stay((0.0, offset, 0.2, 0.0), 20.0)
    assert 0.0 < sitting.centre.rest[1] < 1.5


def test_a_posture_held_for_minutes_becomes_the_centre() -> None:
    sitting = Sitting()
    sitting.stay((-6.0, 8.0, 0.3, 2.0), 600.0)
    assert sitting.centre.apart((-6.0, 8.0, 0.3, 0.0)) == pytest.approx([0.0] * 4, abs=0.5)
    assert sitting.centre.rest[3] == 0.0, "does not take part in the drift"


def test_jitter_of_the_tracker_does_not_stop_the_drift() -> None:
    sitting, noise = Sitting(), np.random.default_rng(3)
    sitting.stay(lambda _: (noise.normal(0, 0.7), 8.0 + noise.normal(0, 0.7), 0.0, 0.0), 300.0)
    assert sitting.centre.rest[1] > 5.0


@pytest.mark.parametrize(
    ("at", "drift"),
    [
        ((0.0, 25.0, 0.0, 0.0), True),
        ((0.0, 8.0, 0.0, 0.0), False),
        (lambda second: (0.0, 4.0 + 7.0 * np.sin(6.0 * second), 0.0, 0.0), True),
    ],
    ids=["far aside", "switched off", "moving"],
)
def test_no_drift(at: tuple[float, ...], drift: bool) -> None:
    sitting = Sitting()
    sitting.stay(at, 120.0, drift)
    assert abs(sitting.centre.rest[1]) < 0.3


def test_angles_wrap() -> None:
    centre = Centre(("pitch",), angles=1, drifting=1)
    for frame in range(20):
        centre.update((179.0 if frame % 2 else -179.0,), frame / FPS, drift=True)
    assert abs(centre.rest[0]) == pytest.approx(180.0, abs=1.5)
    assert abs(centre.apart((-175.0,))[0]) < 8.0


def test_a_saved_rest_serves_at_once() -> None:
    before, after = Sitting((3.0, -4.0, 0.1, 2.0)), Centre(("pitch", "yaw", "gaze", "width"), angles=2, drifting=3)
    after.restore(before.centre.known())
    assert after.apart((3.0, 6.0, 0.1, 2.0)) == pytest.approx([0.0, 10.0, 0.0, 0.0])
    assert not after.update((50.0, 0.0, 0.0, 0.0), 0.0, drift=True)
    assert after.rest == pytest.approx([3.0, -4.0, 0.1, 2.0])
    assert after.known().keys() == after.limits().keys()


def test_half_of_a_saved_rest_is_none() -> None:
    centre = Centre(("pitch", "yaw"), angles=2, drifting=2)
    centre.restore({"rest_pitch": 3.0})
    assert centre.known() == {}


def _jaw() -> Span:
    return Span(0.03, 0.45, (0.0, 0.12), (0.42, 0.8), 0.1)


def test_a_span_finds_out_how_far_someone_goes() -> None:
    span, random = _jaw(), np.random.default_rng(2)
    for _ in range(120 * FPS):
        span.learn(min(abs(random.normal(0.0, 0.35)), 0.75), 1 / FPS)
    assert 0.6 < span.high <= 0.8
    assert 0.9 < span.share(0.75) <= 1.0


def test_a_span_is_forgotten_slowly_and_stays_within_its_limits() -> None:
    span = _jaw()
    span.high = 0.8
    for _ in range(10 * FPS):
        span.learn(0.0, 1 / FPS)
    assert span.high > 0.7
    for _ in range(3600 * FPS):
        span.learn(0.0, 1 / FPS)
    assert (span.low, span.high) == (0.0, 0.42)
    for _ in range(3600 * FPS):
        span.learn(1.0, 1 / FPS)
    assert (span.low, span.high) == (0.12, 0.8)


def test_noise_is_amplified_at_most_two_and_a_half_times() -> None:
    span = _jaw()
    span.low, span.high = 0.12, 0.2
    values = np.linspace(-0.2, 1.2, 500)
    assert np.diff([span.share(value) for value in values]).max() <= 2.51 * np.diff(values).max()
