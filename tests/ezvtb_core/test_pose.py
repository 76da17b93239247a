"""ezvtb_core/pose.py: the table, the slices, clamp and lerp."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ezvtb_core import pose
from ezvtb_core.pose import HIGHEST, INDEX, LOWEST, NAMES, SIZE, clamp, lerp, neutral, smoothstep


def test_forty_five_names_in_the_order_of_the_models() -> None:
    assert SIZE == len(NAMES) == len(set(NAMES)) == 45
    assert all(NAMES[index] == name for name, index in INDEX.items())
    expected = {
        12: "eye_wink_left",
        14: "eye_happy_wink_left",
        26: "mouth_aaa",
        37: "iris_rotation_x",
        39: "head_x",
        44: "breathing",
    }
    assert {index: NAMES[index] for index in expected} == expected


@pytest.mark.parametrize(
    ("values", "prefixes"),
    [
        (pose.EYEBROWS, ("eyebrow_",)),
        (pose.EYES, ("eye_", "iris_small")),
        (pose.MOUTH, ("mouth_",)),
        (pose.IRIS_ROTATION, ("iris_rotation",)),
        (pose.HEAD, ("head_", "neck_")),
        (pose.BODY, ("body_",)),
        (pose.WINK, ("eye_wink_",)),
        (pose.CLOSINGS, ("eye_wink_", "eye_happy_wink_")),
        (slice(pose.BREATHING, pose.BREATHING + 1), ("breathing",)),
    ],
)
def test_slices_hold_what_they_are_named_after(values: slice, prefixes: tuple[str, ...]) -> None:
    assert all(name.startswith(prefixes) for name in NAMES[values])
    assert sum(name.startswith(prefixes) for name in NAMES) == len(NAMES[values])


def test_ranges() -> None:
    assert (HIGHEST == 1).all()
    signed = [name for name, low in zip(NAMES, LOWEST, strict=True) if low < 0]
    assert signed == ["iris_rotation_x", "iris_rotation_y", "head_x", "head_y", "neck_z", "body_y", "body_z"]
    with pytest.raises(ValueError, match="read-only"):
        LOWEST[0] = 1


def test_neutral_is_new_each_time() -> None:
    first = neutral()
    first[0] = 1
    assert not neutral().any()
    assert neutral().dtype == np.float32


@given(arrays(np.float32, 45, elements=st.floats(width=32, allow_nan=True, allow_infinity=True)))
def test_clamp_makes_anything_usable(values: np.ndarray) -> None:
    limited = clamp(values)
    assert limited.dtype == np.float32
    assert limited.shape == (45,)
    assert (limited >= LOWEST).all()
    assert (limited <= HIGHEST).all()
    assert (limited[np.isnan(values)] == 0).all()
    assert clamp(limited).tobytes() == limited.tobytes()


def test_lerp() -> None:
    start, end = neutral(), HIGHEST
    assert (lerp(start, end, 0.0) == start).all()
    assert (lerp(start, end, 1.0) == end).all()
    middle = lerp(start, end, 0.25)
    assert (middle == np.float32(0.25)).all()
    assert middle.dtype == np.float32


def test_smoothstep_is_level_at_both_ends_and_limited_outside() -> None:
    assert [smoothstep(value) for value in (-1.0, 0.0, 0.5, 1.0, 7.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert smoothstep(0.01) < 0.001
