"""ezvtb_core/quantise.py: idempotent, exact zeros and ends, errors below what can be seen."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.link.settings import OPTIONS
from ezvtb_core.pose import HIGHEST, LOWEST, SIZE, clamp, neutral
from ezvtb_core.quantise import LEVELS, quantise
from tests.peers import capture
from trackers.idle import IdleMotion
from trackers.openseeface_follow import FaceFollower

poses = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).uniform(LOWEST, HIGHEST).astype(np.float32))
levels = st.integers(0, 4)


@given(poses, levels)
def test_idempotent_to_the_last_bit(pose: np.ndarray, level: int) -> None:
    once = quantise(pose, level)
    assert quantise(once, level).tobytes() == once.tobytes()
    assert once.dtype == np.float32
    assert (once >= LOWEST).all()
    assert (once <= HIGHEST).all()


@given(poses)
def test_level_zero_changes_nothing(pose: np.ndarray) -> None:
    assert quantise(pose, 0).tobytes() == clamp(pose).tobytes()


def test_the_setting_has_these_levels() -> None:
    assert (OPTIONS["quantise"].minimum, OPTIONS["quantise"].maximum) == (0, 4)
    assert all(len(steps) == 4 and list(steps) == sorted(steps, reverse=True) for _, _, steps, _ in LEVELS)


def test_every_value_belongs_to_one_group() -> None:
    covered = np.zeros(SIZE, int)
    for _, values, _, _ in LEVELS:
        covered[values] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize("level", range(5))
def test_ends_and_zeros_stay_and_zero_has_one_spelling(level: int) -> None:
    for pose in (LOWEST, HIGHEST, neutral()):
        assert (quantise(pose, level) == pose).all()
    if level:
        tiny = np.full(SIZE, -1e-6, np.float32)
        assert quantise(tiny, level).tobytes() == neutral().tobytes()


@pytest.mark.parametrize(("level", "pixels"), [(1, 0.5), (2, 0.75), (3, 1.1), (4, 1.7)])
def test_a_step_moves_less_than_can_be_seen(level: int, pixels: float) -> None:
    for name, _, steps, size in LEVELS:
        assert size / steps[level - 1] <= pixels, name


def test_it_does_not_change_its_input_and_survives_nonsense() -> None:
    pose = np.full(SIZE, 0.123, np.float32)
    quantise(pose, 4)
    assert (pose == np.float32(0.123)).all()
    bad = np.full(SIZE, np.nan, np.float32)
    bad[:3] = np.inf, -np.inf, 1e30
    assert np.isfinite(quantise(bad, 3)).all()
    assert (quantise(pose, 9) == quantise(pose, 4)).all()
    assert (quantise(pose, -1) == pose).all()


def _unchanged(sequence: list[np.ndarray], level: int) -> float:
    rounded = [quantise(pose, level) for pose in sequence]
    return float(np.mean([a.tobytes() == b.tobytes() for a, b in pairwise(rounded)]))


def test_idle_movement_needs_far_fewer_frames() -> None:
    motion = IdleMotion(3)
    sequence = [motion.pose(count / 30, 1.0) for count in range(1800)]
    found = [round(_unchanged(sequence, level), 2) for level in range(5)]
    print("idle at 30 per second, unchanged from one to the next at level 0..4:", found)
    assert found[0] == 0.0
    assert found[1] > 0.3
    assert found == sorted(found)


def test_on_a_real_tracker_it_only_helps_a_little() -> None:
    """Stated so that nobody expects more: a person in front of a camera is never still."""
    follower = FaceFollower(0)
    tracked = [follower.read(payload, moment)[1] for moment, payload in capture("osf_capture.bin")]
    sequence = [entry.pose for entry in tracked if entry is not None]
    found = [round(_unchanged(sequence, level), 3) for level in range(5)]
    print("OpenSeeFace at 25 per second, unchanged at level 0..4:", found)
    assert found[0] < 0.01
    assert found == sorted(found)
