"""trackers/mouse_motion.py: looks where the pointer is, eyes first, smoothly, and never mechanically."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.pose import BREATHING, HIGHEST, INDEX, LOWEST, WINK
from trackers.mouse_motion import MouseMotion

HEAD_X, HEAD_Y, BODY_Y = INDEX["head_x"], INDEX["head_y"], INDEX["body_y"]
IRIS_X, IRIS_Y = INDEX["iris_rotation_x"], INDEX["iris_rotation_y"]


def run(motion: MouseMotion, down: float, right: float, start: float, seconds: float, rate: float = 60, amount: float = 0.0):
    """Poses (N, 45) with the pointer at rest."""
    count = round(seconds * rate)
    return np.array([motion.pose(down, right, start + number / rate, amount) for number in range(count)])


@pytest.mark.parametrize(
    ("down", "right", "head", "iris", "sign"),
    [(0, 1, HEAD_Y, IRIS_Y, -1), (0, -1, HEAD_Y, IRIS_Y, 1), (1, 0, HEAD_X, IRIS_X, -1), (-1, 0, HEAD_X, IRIS_X, 1)],
    ids=["right: to its own left", "left: to its own right", "down", "up"],
)
def test_it_looks_where_the_pointer_is_on_the_screen(down, right, head, iris, sign):
    motion = MouseMotion(1)
    run(motion, 0, 0, 0.0, 1.0)
    last = run(motion, down, right, 1.0, 2.0)[-1]
    assert 0.4 < sign * last[head] < 0.8
    assert 0.1 < sign * last[iris] < 0.6
    other = HEAD_X if head == HEAD_Y else HEAD_Y
    assert abs(last[other]) < 0.02


def test_eyes_first_then_the_head_then_the_body():
    motion = MouseMotion(1)
    run(motion, 0, 0, 0.0, 1.0)
    poses = -run(motion, 0, 1, 1.0, 3.0)
    half = {name: int(np.flatnonzero(poses[:, name] > 0.5 * poses[-1, name])[0]) for name in (IRIS_Y, HEAD_Y, BODY_Y)}
    assert half[IRIS_Y] < half[HEAD_Y] < half[BODY_Y]
    assert half[IRIS_Y] <= 6  # a tenth of a second
    assert poses[:20, IRIS_Y].max() > 1.3 * poses[-1, IRIS_Y], "the eyes go ahead and come back as the head arrives"


def test_the_movement_is_the_same_at_every_rate():
    ends = []
    for rate in (15, 60, 240):
        motion = MouseMotion(1)
        run(motion, 0, 0, 0.0, 1.0, rate)
        ends.append(run(motion, 0.4, 0.8, 1.0, 0.6, rate)[-1, [HEAD_X, HEAD_Y, BODY_Y]])
    assert np.abs(ends[0] - ends[1]).max() < 0.06
    assert np.abs(ends[1] - ends[2]).max() < 0.02


def test_a_jump_of_the_pointer_is_no_jump_of_the_head():
    motion = MouseMotion(1)
    poses = np.concatenate([run(motion, -1, -1, 0.0, 2.0), run(motion, 1, 1, 2.0, 2.0)])
    assert np.abs(np.diff(poses[:, [HEAD_X, HEAD_Y, BODY_Y]], axis=0)).max() * 60 < 5.0  # per second
    overshoot = poses[120:, HEAD_Y].min() - poses[-1, HEAD_Y]
    assert overshoot > -0.01


def test_other_screens_are_beyond_and_the_way_there_is_without_a_step():
    motion = MouseMotion(1)
    places = np.linspace(0, 5, 600)
    poses = np.array([motion.pose(0.0, float(place), number / 60, 0.0) for number, place in enumerate(places)])
    head = -poses[:, HEAD_Y]
    assert (np.diff(head) >= -1e-6).all()
    assert np.abs(np.diff(head)).max() < 0.02
    assert head[-1] < 0.8


def test_it_blinks_breathes_and_sways_while_the_pointer_moves():
    motion = MouseMotion(3)
    poses = []
    for number in range(60 * 60):
        time = number / 60
        poses.append(motion.pose(0.5 * math.sin(time), 0.5 * math.cos(time), time, 1.0))
    table = np.array(poses)
    blinks = np.flatnonzero(np.diff((table[:, WINK].max(axis=1) > 0.9).astype(int)) == 1)
    assert 8 <= len(blinks) <= 30
    assert np.ptp(table[:, BREATHING]) > 0.5
    again = np.array([motion.pose(0.5, 0.5, 60 + number / 60, 1.0) for number in range(300)])
    assert (np.abs(np.diff(again, axis=0)).max(axis=1) > 0).all()


def test_two_characters_do_not_blink_in_step():
    poses = [run(MouseMotion(seed), 0, 0, 0.0, 20.0, 30, 1.0)[:, WINK] for seed in (1, 2)]
    assert not np.array_equal(*poses)


def test_it_looks_around_by_itself_when_the_pointer_rests():
    motion = MouseMotion(5)
    run(motion, 0.3, 0.3, 0.0, 1.0, 60, 1.0)
    busy = run(motion, 0.3, 0.3, 1.0, 5.0, 60, 1.0)[:, IRIS_Y]
    dozing = run(motion, 0.3, 0.3, 14.0, 30.0, 60, 1.0)[:, IRIS_Y]
    assert np.ptp(dozing) > 1.5 * np.ptp(busy[120:])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1e5)), max_size=30))
def test_nothing_leaves_the_range(steps):
    motion, time = MouseMotion(0), 0.0
    for down, right, pause in steps:
        time += pause
        pose = motion.pose(down, right, time, 2.0)
        assert pose.dtype == np.float32
        assert (pose >= LOWEST).all()
        assert (pose <= HIGHEST).all()
