"""trackers/face_map.py: each fix against upstream, continuity, and recorded faces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.pose import HIGHEST, INDEX, LOWEST
from tests.trackers.recorded_faces import mediapipe
from trackers.face import ARKIT, SHAPE
from trackers.face_map import Seen, natural
from trackers.face_range import FaceRange

SIDES = ("Left", "Right")


def pose_of(
    head: tuple[float, float, float] = (0.0, 0.0, 0.0),
    gaze: tuple[float, float] = (0.0, 0.0),
    closing: tuple[float, float] = (0.0, 0.0),
    **shapes: float,
) -> dict[str, float]:
    """The pose of a face with these shapes, by name; a name without a side stands for both."""
    row = [0.0] * len(ARKIT)
    for name, value in shapes.items():
        for full in [name] if name in SHAPE else [f"{name}{side}" for side in SIDES]:
            row[SHAPE[full]] = value
    return dict(zip(INDEX, natural(Seen(row, head, gaze, closing), FaceRange()), strict=True))


def test_a_face_at_rest_is_neutral() -> None:
    assert not any(pose_of().values())


@pytest.mark.parametrize(("axis", "name"), [(0, "head_x"), (1, "head_y"), (2, "neck_z")])
def test_head_signs_and_soft_limits(axis: int, name: str) -> None:
    def turned(degrees: float) -> dict[str, float]:
        return pose_of(head=tuple(degrees if index == axis else 0.0 for index in range(3)))  # type: ignore[arg-type]

    values = [turned(degrees)[name] for degrees in range(0, 90, 3)]
    assert (np.diff(values) > 0).all()
    assert values[5] > 0.7
    assert values[-1] <= 1.0
    assert turned(-15)[name] == -turned(15)[name]


def test_the_body_follows_half() -> None:
    pose = pose_of(head=(0.0, 8.0, -7.0))
    assert pose["body_y"] == pytest.approx(pose["head_y"] / 2)
    assert pose["body_z"] == pytest.approx(pose["neck_z"] / 2)


def test_a_blink_is_a_wink_and_a_happy_one_only_with_a_strong_smile() -> None:
    """EasyVtuber closes eyes as a happy wink always."""
    closed = pose_of(closing=(1.0, 1.0))
    assert (closed["eye_wink_left"], closed["eye_happy_wink_left"]) == (1.0, 0.0)
    laughing = pose_of(closing=(1.0, 1.0), mouthSmile=0.9)
    assert (laughing["eye_wink_right"], laughing["eye_happy_wink_right"]) == (0.0, 1.0)
    smiles = [pose_of(closing=(1.0, 1.0), mouthSmile=smile / 100)["eye_happy_wink_left"] for smile in range(100)]
    assert np.abs(np.diff(smiles)).max() < 0.07
    assert all(pose_of(closing=(0.6, 0.6), mouthSmile=smile / 10)["eye_wink_left"] <= 0.6 for smile in range(10))


@pytest.mark.parametrize("side", SIDES)
def test_each_corner_of_the_mouth_for_itself(side: str) -> None:
    pose = pose_of(**{f"mouthSmile{side}": 0.6, f"mouthFrown{SIDES[side == 'Left']}": 0.4})
    this, other = side.lower(), SIDES[side == "Left"].lower()
    assert pose[f"mouth_raised_corner_{this}"] > 0.8
    assert pose[f"mouth_raised_corner_{other}"] == 0.0
    assert pose[f"mouth_lowered_corner_{other}"] > 0.7
    assert pose[f"mouth_lowered_corner_{this}"] == 0.0


def test_dimples_over_a_shut_mouth_are_a_smirk() -> None:
    assert pose_of(mouthDimple=0.7)["mouth_smirk"] > 0.6
    assert pose_of(mouthDimple=0.7, jawOpen=0.5)["mouth_smirk"] == 0.0


@pytest.mark.parametrize(
    ("vowel", "shapes"),
    [
        ("aaa", {"jawOpen": 0.5, "mouthLowerDown": 0.1}),
        ("iii", {"jawOpen": 0.08, "mouthStretch": 0.5, "mouthLowerDown": 0.3, "mouthUpperUp": 0.2}),
        ("uuu", {"jawOpen": 0.06, "mouthPucker": 0.8}),
        ("eee", {"jawOpen": 0.3, "mouthStretch": 0.6, "mouthLowerDown": 0.5, "mouthUpperUp": 0.4}),
        ("ooo", {"jawOpen": 0.3, "mouthFunnel": 0.5, "mouthPucker": 0.4}),
    ],
)
def test_vowels(vowel: str, shapes: dict[str, float]) -> None:
    pose = pose_of(**shapes)
    vowels = {
        name: value for name, value in pose.items() if name in {f"mouth_{each}" for each in ("aaa", "iii", "uuu", "eee", "ooo")}
    }
    assert max(vowels, key=lambda name: vowels[name]) == f"mouth_{vowel}"
    assert vowels[f"mouth_{vowel}"] > 0.3
    assert sum(vowels.values()) <= 1.0 + 1e-9


def test_lips_that_are_pressed_rolled_in_or_closed_over_the_jaw_stay_shut() -> None:
    opened = pose_of(jawOpen=0.3)["mouth_aaa"]
    assert opened > 0.5
    for lips in ({"mouthRollLower": 0.8, "mouthRollUpper": 0.8}, {"mouthPress": 0.9}, {"mouthClose": 0.3}):
        assert pose_of(jawOpen=0.3, **lips)["mouth_aaa"] < opened / 2


def test_brows() -> None:
    raised = pose_of(browOuterUp=0.7, browInnerUp=0.65)
    assert raised["eyebrow_raised_left"] > 0.9
    assert raised["eyebrow_troubled_left"] == raised["eyebrow_angry_left"] == 0.0
    worried = pose_of(browInnerUp=0.8, mouthFrown=0.3)
    assert worried["eyebrow_troubled_right"] > 0.5 > worried["eyebrow_raised_right"]
    little, much = pose_of(browDown=0.16), pose_of(browDown=0.45)
    assert little["eyebrow_lowered_left"] > little["eyebrow_angry_left"]
    assert much["eyebrow_angry_left"] > 0.9
    assert much["eyebrow_lowered_left"] < 0.1
    glad = pose_of(mouthSmile=0.9, browDown=0.45)
    assert glad["eyebrow_angry_left"] == 0.0
    assert glad["eyebrow_happy_left"] > 0.6


def test_lids_beside_the_blink() -> None:
    assert pose_of(eyeWide=0.6)["eye_surprised_left"] > 0.9
    assert pose_of(eyeSquint=0.7)["eye_raised_lower_eyelid_right"] > 0.8
    assert pose_of(cheekSquint=0.7)["eye_raised_lower_eyelid_right"] > 0.9
    shut = pose_of(eyeSquint=0.7, eyeWide=0.6, closing=(1.0, 1.0))
    assert shut["eye_raised_lower_eyelid_left"] == shut["eye_surprised_left"] == 0.0


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=200)
def test_everything_is_continuous_and_in_range(seed: int) -> None:
    """No value jumps when any shape crosses a threshold: a step of 0.002 in all shapes moves nothing by more than 0.05."""
    random = np.random.default_rng(seed)
    start, end = random.uniform(0, 1, (2, len(ARKIT))) * (random.uniform(0, 1, (2, len(ARKIT))) < 0.5)
    lids = tuple(random.uniform(0, 1, 2).tolist())
    ranges = FaceRange()
    at = random.uniform(0, 1)
    poses = []
    for share in np.clip(at + np.array([0.0, 0.002]), 0, 1):
        row = (start + (end - start) * share).tolist()
        poses.append(natural(Seen(row, tuple(random.normal(0, 30, 3).tolist()), (0.5, -0.5), lids), ranges))  # type: ignore[arg-type]
        head = slice(INDEX["head_x"], INDEX["body_z"] + 1)
    step = np.abs(np.diff(poses, axis=0))[0]
    step[head] = 0.0
    assert step.max() < 0.05
    assert (np.array(poses) >= LOWEST).all()
    assert (np.array(poses) <= HIGHEST).all()


def test_the_mouth_does_not_jump_when_the_jaw_begins_to_open() -> None:
    """In upstream's converters the corners drop out and the vowels jump in when the jaw passes 0.1."""
    others = {"mouthFrown": 0.3, "mouthPucker": 0.5, "mouthFunnel": 0.3, "mouthLowerDown": 0.3}
    poses = np.array([list(pose_of(jawOpen=jaw / 1000, **others).values()) for jaw in range(400)])
    assert np.abs(np.diff(poses, axis=0)).max() < 0.01


@pytest.mark.parametrize("clip", ["khill", "expr"])
def test_channels_that_mediapipe_never_moves_do_not_matter(clip: str) -> None:
    recording, ranges = mediapipe(clip), FaceRange()
    dead = [SHAPE[name] for name in ARKIT if name.startswith(("cheek", "noseSneer", "tongue")) or name == "jawForward"]
    for row in recording.shapes[::10]:
        without = row.copy()
        without[dead] = 0.0
        seen = [Seen(shapes.tolist(), (0, 0, 0), (0, 0), (0, 0)) for shapes in (row, without)]
        assert natural(seen[0], ranges) == pytest.approx(natural(seen[1], ranges), abs=1e-3)
