"""trackers/idle.py: deterministic, alive, and with the timing of people."""

import time
from itertools import pairwise

import numpy as np
import pytest

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import BREATHING, HIGHEST, INDEX, IRIS_ROTATION, LOWEST, WINK
from trackers.context import Context
from trackers.idle import BLINK_MEAN_SECONDS, BLOCK_SECONDS, IdleMotion, IdleTracker, saccade_seconds

LEFT_LID = INDEX["eye_wink_left"]


def record(seconds: float, rate: float, seed: int = 1, amount: float = 1.0, start: float = 0.0) -> np.ndarray:
    """Poses (N, 45) at `rate` per second."""
    motion = IdleMotion(seed)
    return np.array([motion.pose(start + count / rate, amount) for count in range(int(seconds * rate))])


def runs(active: np.ndarray) -> list[tuple[int, int]]:
    """(first, one past last) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.r_[0, active.astype(np.int8), 0]))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def test_the_same_seed_and_time_give_the_same_pose_in_any_order() -> None:
    times = [1e6 + 0.3, 3.0, 125.7, 3.0, -7.5, 61.2]
    one, other = IdleMotion(9), IdleMotion(9)
    forwards = {moment: one.pose(moment, 1.0).tobytes() for moment in times}
    assert all(other.pose(moment, 1.0).tobytes() == forwards[moment] for moment in reversed(times))
    assert IdleMotion(10).pose(3.0, 1.0).tobytes() != forwards[3.0]


@pytest.mark.parametrize("amount", [0.05, 1.0, 2.0])
def test_ranges_and_type(amount: float) -> None:
    poses = record(70, 30, amount=amount)
    assert poses.dtype == np.float32
    assert (poses >= LOWEST).all()
    assert (poses <= HIGHEST).all()


def test_amount_zero_is_completely_still() -> None:
    assert not record(30, 10, amount=0.0).any()
    assert not IdleMotion().pose(float("nan"), 1.0).any()


def test_something_always_moves_and_amount_scales_it() -> None:
    calm, natural, lively = (np.abs(np.diff(record(40, 30, amount=amount), axis=0)).mean() for amount in (0.3, 1.0, 2.0))
    assert 0 < calm < natural < lively
    assert (np.abs(np.diff(record(60, 5), axis=0)).max(axis=1) > 0).all()


def test_everything_but_lids_and_gaze_is_slow() -> None:
    """Also across the ends of minutes, where the events are drawn anew."""
    poses = record(10, 60, start=BLOCK_SECONDS - 5)
    slow = np.ones(45, bool)
    slow[WINK], slow[IRIS_ROTATION] = False, False
    assert np.abs(np.diff(poses[:, slow], axis=0)).max() * 60 < 0.8  # per second; breath is the fastest
    assert poses[:, slow].max() < 1.0


def test_breath_has_a_human_rate_that_varies_a_little() -> None:
    breath = record(300, 20)[:, BREATHING]
    tops = np.flatnonzero((breath[1:-1] > breath[:-2]) & (breath[1:-1] >= breath[2:])) / 20
    per_minute = 60 / np.diff(tops)
    print(f"breaths per minute {per_minute.mean():.1f}, from {per_minute.min():.1f} to {per_minute.max():.1f}")
    assert 13 < per_minute.mean() < 15
    assert 10 < per_minute.min() < per_minute.max() < 18
    assert per_minute.std() > 0.3
    assert breath.min() < 0.05
    assert 0.7 < breath.max() < 1.0


def test_blink_intervals() -> None:
    """Half an hour of blinks: mean near 4 s, skewed, some double blinks, both eyes as one."""
    rate = 20
    lids = record(1800, rate)[:, WINK]
    assert (lids[:, 0] == lids[:, 1]).all()
    starts = np.array([first for first, _ in runs(lids[:, 0] > 0.5)]) / rate
    intervals = np.diff(starts)
    double = intervals < 0.6
    print(
        f"{len(starts) / 30:.1f} blinks a minute, interval mean {intervals.mean():.2f} s, median {np.median(intervals):.2f} s, ",
        end="",
    )
    print(f"{intervals.min():.2f} to {intervals.max():.1f} s, double {double.mean():.0%}")
    assert BLINK_MEAN_SECONDS * 0.8 < intervals[~double].mean() < BLINK_MEAN_SECONDS * 1.2
    assert np.median(intervals[~double]) < intervals[~double].mean()
    assert 0.05 < double.mean() < 0.2
    assert intervals.max() < 17
    assert 0.3 < intervals.std() / intervals.mean() < 1.0


def test_blink_shape() -> None:
    rate = 1000
    lid = record(30, rate)[:, LEFT_LID]
    blinks = runs(lid > 0)
    assert len(blinks) >= 4
    for first, end in blinks:
        blink = lid[first:end]
        shut = np.flatnonzero(blink > 0.99)
        closing, opening = shut[0] / rate, (len(blink) - shut[-1]) / rate
        assert blink.max() == 1.0
        assert 0.06 < closing < 0.09
        assert 0.12 < opening < 0.17
        assert opening > 1.5 * closing
        assert len(shut) / rate > 1 / 30  # a picture at 30 per second always shows it shut


def test_every_blink_shows_at_thirty_pictures_per_second() -> None:
    lid = record(300, 30, seed=4)[:, LEFT_LID]
    assert all(lid[first:end].max() > 0.95 for first, end in runs(lid > 0))


def test_gaze_jumps_and_rests() -> None:
    rate = 1000
    gaze = record(60, rate, seed=3)[:, IRIS_ROTATION]
    speed = np.abs(np.diff(gaze, axis=0)).max(axis=1) * rate
    jumps = runs(speed > 1e-3)
    seconds = np.array([end - first for first, end in jumps]) / rate
    sizes = np.array([np.hypot(*(gaze[end] - gaze[first])) for first, end in jumps])
    rests = np.array([later[0] - earlier[1] for earlier, later in pairwise(jumps)]) / rate
    print(f"{len(jumps)} a minute, {seconds.min() * 1e3:.0f} to {seconds.max() * 1e3:.0f} ms, ", end="")
    print(f"size {np.median(sizes):.2f}, up to {sizes.max():.2f}, rests {np.median(rests):.1f} s")
    assert 15 < len(jumps) < 60
    assert seconds.min() > 0.02
    assert np.median(seconds) < 0.05
    assert seconds.max() < 0.08
    assert 0.3 < np.median(rests) < 3
    assert np.abs(gaze).max() <= 0.5
    assert np.corrcoef(sizes, seconds)[0, 1] > 0.8  # the main sequence: larger ones take longer


def test_main_sequence() -> None:
    assert saccade_seconds(0.0) == 0.03
    assert saccade_seconds(1 / 3) == pytest.approx(0.043)


def test_gaze_does_not_jump_at_the_end_of_a_minute() -> None:
    for number in range(1, 20):
        before, after = (IdleMotion(2).pose(number * BLOCK_SECONDS + delta, 1.0) for delta in (-1e-4, 1e-4))
        assert np.abs(before - after).max() < 1e-3


def test_tracker_is_always_live() -> None:
    now = 50.0
    tracker = IdleTracker(Settings(), Context(), now=lambda: now)
    tracker.start()
    first = tracker.latest()
    assert first.time == 50.0
    assert tracker.status().state == "live"
    now = 51.0
    assert tracker.latest().pose.tobytes() != first.pose.tobytes()
    tracker.recentre()
    tracker.update(Settings(idle_motion=0))
    assert not tracker.latest().pose.any()
    tracker.stop()
    tracker.stop()


def test_a_pose_is_cheap() -> None:
    motion, began = IdleMotion(), time.perf_counter()
    for count in range(1000):
        motion.pose(count / 60, 1.0)
    seconds = (time.perf_counter() - began) / 1000
    print(f"idle pose {seconds * 1e6:.0f} us")
    assert seconds < 0.005
