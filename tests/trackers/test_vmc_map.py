"""trackers/vmc_map.py: signs of rotations, and VRM's expressions on the pose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.pose import HIGHEST, INDEX, LOWEST, TrackedPose, neutral
from tests.captures.phone_streams import about, turned, unity
from trackers.vmc_map import IDENTITY, PRESETS, angles, express, multiply, unit, weaken


@pytest.mark.parametrize(
    ("axis", "degrees", "expected"),
    [(0, 10.0, (-10.0, 0.0, 0.0)), (1, 10.0, (0.0, 10.0, 0.0)), (2, 10.0, (0.0, 0.0, -10.0)), (1, -170.0, (0.0, -170.0, 0.0))],
)
def test_signs(axis: int, degrees: float, expected: tuple[float, float, float]) -> None:
    """Unity: +x lowers the nose, +y turns to the own right, +z tilts to the own left."""
    assert angles(tuple(about(axis, degrees))) == pytest.approx(expected, abs=1e-9)  # type: ignore[arg-type]


@given(st.tuples(st.floats(-80, 80), st.floats(-170, 170), st.floats(-80, 80)))
def test_angles_are_those_that_unitys_order_was_made_of(head: tuple[float, float, float]) -> None:
    found = angles(tuple(unity(head)))  # type: ignore[arg-type]
    assert found == pytest.approx((-head[0], -head[1], head[2]), abs=1e-5)


def test_multiplication_is_the_parents_first() -> None:
    first, second = about(1, 30), about(0, 20)
    assert multiply(tuple(first), tuple(second)) == pytest.approx(tuple(turned(first, second)))  # type: ignore[arg-type]


def test_unit() -> None:
    assert unit(0, 0, 0, 2) == IDENTITY
    assert unit(0, 0, 0, 0) is None
    assert unit(float("nan"), 0, 0, 1) is None
    assert unit(float("inf"), 0, 0, 1) is None
    assert unit(1e30, 0, 0, 1) is None


def test_weaken() -> None:
    turn = tuple(about(1, 40))
    assert weaken(turn, 1.0) == pytest.approx(turn)  # type: ignore[arg-type]
    assert weaken(turn, 0.0) == pytest.approx(IDENTITY)  # type: ignore[arg-type]
    assert 10 < angles(weaken(turn, 0.5))[1] < 30  # type: ignore[arg-type]
    opposite = tuple(-value for value in turn)
    assert angles(weaken(opposite, 0.5)) == pytest.approx(angles(weaken(turn, 0.5)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clip", "name"),
    [
        ("A", "mouth_aaa"),
        ("I", "mouth_iii"),
        ("U", "mouth_uuu"),
        ("E", "mouth_eee"),
        ("O", "mouth_ooo"),
        ("aa", "mouth_aaa"),
        ("ou", "mouth_uuu"),
    ],
)
def test_vowels_are_the_characters_own(clip: str, name: str) -> None:
    pose = express(TrackedPose(1.0, neutral()), {PRESETS[clip.lower()]: 0.8}).pose
    assert pose[INDEX[name]] == pytest.approx(0.8)
    assert np.count_nonzero(pose) == 1


def test_vowels_together_are_no_more_than_one() -> None:
    pose = express(TrackedPose(1.0, neutral()), {"a": 1.0, "o": 1.0}).pose
    assert pose[INDEX["mouth_aaa"]] == pose[INDEX["mouth_ooo"]] == 0.5


@pytest.mark.parametrize(
    ("clip", "names"),
    [
        ("joy", {"mouth_raised_corner", "eyebrow_happy"}),
        ("angry", {"eyebrow_angry"}),
        ("sorrow", {"eyebrow_troubled", "mouth_lowered_corner"}),
        ("surprised", {"eyebrow_raised", "eye_surprised"}),
    ],
)
def test_expressions(clip: str, names: set[str]) -> None:
    pose = express(TrackedPose(1.0, neutral()), {clip: 1.0}).pose
    moved = {name for name, index in INDEX.items() if pose[index]}
    assert moved == {f"{name}_{side}" for name in names for side in ("left", "right")}


def test_a_blink_in_a_smile_is_a_smiling_one_and_the_head_stays() -> None:
    start = neutral()
    start[INDEX["eye_wink_left"]] = 1.0
    start[INDEX["head_x"]] = -0.5
    pose = express(TrackedPose(1.0, start), {"joy": 0.75}).pose
    assert pose[INDEX["eye_happy_wink_left"]] == 0.75
    assert pose[INDEX["eye_wink_left"]] == 0.25
    assert pose[INDEX["head_x"]] == -0.5
    assert start[INDEX["eye_wink_left"]] == 1.0


@given(st.dictionaries(st.sampled_from(sorted(set(PRESETS.values()))), st.floats(0, 1)))
def test_always_inside_the_ranges(weights: dict[str, float]) -> None:
    pose = express(TrackedPose(1.0, neutral()), weights).pose
    assert ((pose >= LOWEST) & (pose <= HIGHEST)).all()
