from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.link.framebuffer import UNMOVED, Placement
from ezvtb_core.link.settings import Settings
from ezvtb_core.placing import (
    LARGEST,
    LEAN_DEGREES,
    MOST_DOWN,
    MOST_LEAN,
    MOST_RIGHT,
    SHIFT_DOWN,
    SHIFT_RIGHT,
    SMALLEST,
    ZOOM,
    Placing,
)
from ezvtb_core.pose import TrackedPose, neutral

ON = Settings(follow_position=True)


def after(position: tuple[float, float, float], settings: Settings, seconds: float = 3.0) -> Placement:
    placing = Placing()
    for step in range(round(seconds * 30)):
        placed = placing.place(TrackedPose(step / 30, neutral(), position), step / 30, settings)
    return placed


def test_off_means_unmoved():
    assert after((1.0, 1.0, 1.0), Settings()) == UNMOVED


def test_a_head_at_the_edge_of_its_range_moves_leans_and_zooms():
    assert after((1.0, 0.0, 0.0), ON) == pytest.approx((-SHIFT_RIGHT, 0.0, -LEAN_DEGREES, 1.0), abs=1e-3)
    assert after((0.0, 1.0, 0.0), ON) == pytest.approx((0.0, -SHIFT_DOWN, 0.0, 1.0), abs=1e-3)
    assert after((0.0, 0.0, 1.0), ON) == pytest.approx((0.0, 0.0, 0.0, 1.0 + ZOOM), abs=1e-3)


def test_a_mirror_moves_to_the_other_side():
    straight, mirrored = after((1.0, 0.5, 0.5), ON), after((1.0, 0.5, 0.5), ON.with_values({"mirror": True}))
    assert mirrored == pytest.approx((-straight[0], straight[1], -straight[2], straight[3]))


def test_gains_scale_each_kind():
    settings = ON.with_values({"follow_shift": 200, "follow_lean": 0, "follow_zoom": 50})
    assert after((1.0, 1.0, 1.0), settings) == pytest.approx((-2 * SHIFT_RIGHT, -2 * SHIFT_DOWN, 0.0, 1 + ZOOM / 2), abs=1e-3)


@given(st.tuples(*[st.floats() for _ in range(3)]), st.integers(0, 200))
def test_never_beyond_the_limits(position, gain):
    settings = ON.with_values({"follow_shift": gain, "follow_lean": gain, "follow_zoom": gain})
    right, down, lean, scale = after(position, settings, 1.0)
    assert abs(right) <= MOST_RIGHT and abs(down) <= MOST_DOWN and abs(lean) <= MOST_LEAN and SMALLEST <= scale <= LARGEST


def test_a_lost_head_lets_the_picture_return_gently():
    placing, tracked = Placing(), TrackedPose(0.0, neutral(), (1.0, 0.0, 0.0))
    for step in range(90):
        placing.place(TrackedPose(step / 30, neutral(), tracked.position), step / 30, ON)
    path = [placing.place(tracked, 3 + step / 30, ON)[0] for step in range(300)]
    assert path[0] < -0.1 and path[-1] == 0.0
    assert all(later >= sooner for sooner, later in itertools.pairwise(path))
    assert max(later - sooner for sooner, later in itertools.pairwise(path)) < 0.02


def test_a_jump_of_the_tracker_is_softened():
    placing = Placing()
    for step in range(30):
        placing.place(TrackedPose(step / 30, neutral()), step / 30, ON)
    first = placing.place(TrackedPose(1.0, neutral(), (1.0, 0.0, 0.0)), 1.0, ON)
    assert 0 < -first[0] < SHIFT_RIGHT / 3 and math.isfinite(first[2])
