"""trackers/face_reader.py: from recorded faces to poses, with a calibration that lasts, in every mapping."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import BREATHING, HIGHEST, INDEX, LOWEST, TrackedPose, clamp
from tests.trackers.recorded_faces import Recording, archive, converted, mediapipe
from trackers.context import Context
from trackers.face import ARKIT, SHAPE, FaceFrame, no_shapes
from trackers.face_reader import FaceReader

HEAD = slice(INDEX["head_x"], INDEX["body_z"] + 1)
LIDS = [INDEX["eye_wink_left"], INDEX["eye_wink_right"]]


def reader(folder: Path, **chosen: object) -> FaceReader:
    return FaceReader("webcam", Settings(tracker="webcam", **chosen), Context(calibrations=folder))  # type: ignore[arg-type]


class Person:
    """Shows faces to a reader, 30 per second, after a second at rest."""

    def __init__(self, folder: Path, **chosen: object) -> None:
        self.reader, self.now = reader(folder, **chosen), 100.0
        self.show(30)

    def show(self, frames: int = 1, **face: object) -> dict[str, float]:
        """The pose of the last of some equal frames. `head`, `position`, or shapes; a name without a side stands for both."""
        frame = FaceFrame(0.0, no_shapes())
        for name, value in face.items():
            if name in ("head", "position"):
                frame = dataclasses.replace(frame, **{name: value})  # type: ignore[arg-type]
            else:
                for full in [name] if name in SHAPE else [f"{name}Left", f"{name}Right"]:
                    frame.shapes[SHAPE[full]] = value
        for _ in range(frames):
            self.now += 1 / 30
            tracked = self.reader.read(dataclasses.replace(frame, time=self.now))
        assert tracked is not None
        self.position = tracked.position
        return dict(zip(INDEX, tracked.pose.tolist(), strict=True))


def played(recording: Recording, made: FaceReader, start: float = 0.0) -> np.ndarray:
    """(N, 45) poses of a recording at its own pace."""
    found = []
    for count, (shapes, head) in enumerate(zip(recording.shapes, recording.head.tolist(), strict=True)):
        tracked = made.read(FaceFrame(start + count * recording.frame_seconds, shapes, tuple(head)))
        assert tracked is not None
        found.append(tracked.pose)
    return np.array(found)


@pytest.mark.parametrize("clip", ["khill", "expr"])
def test_recorded_faces_are_followed(tmp_path: Path, clip: str) -> None:
    recording = mediapipe(clip)
    poses = played(recording, reader(tmp_path))[20:]
    for axis, name in enumerate(("head_x", "head_y", "neck_z")):
        assert np.corrcoef(poses[:, INDEX[name]], recording.head[20:, axis])[0, 1] > 0.95, name
    # The five vowels together tell how far the jaw is open.
    vowels = np.column_stack([poses[:, INDEX[f"mouth_{vowel}"]] for vowel in ("aaa", "iii", "uuu", "eee", "ooo")])
    vowels = np.column_stack([vowels, np.ones(len(vowels))])
    jaw = recording.shapes[20:, SHAPE["jawOpen"]]
    told = vowels @ np.linalg.lstsq(vowels, jaw, rcond=None)[0]
    assert np.corrcoef(told, jaw)[0, 1] > 0.95
    smile = recording.shapes[20:, [SHAPE["mouthSmileLeft"], SHAPE["mouthSmileRight"]]].mean(axis=1)
    corners = poses[:, [INDEX["mouth_raised_corner_left"], INDEX["mouth_raised_corner_right"]]].mean(axis=1)
    assert np.corrcoef(corners, smile)[0, 1] > 0.95
    assert np.abs(poses[:, HEAD]).max() < 0.99, "nothing stops hard"


@pytest.mark.parametrize("clip", ["khill", "expr"])
def test_open_eyes_are_open_and_blinks_shut_them(tmp_path: Path, clip: str) -> None:
    """Upstream's webcam client shows resting eyes 0.31 shut; MediaPipe's blinks never reach 1."""
    recording = mediapipe(clip)
    made = reader(tmp_path)
    played(recording, made)
    poses = played(recording, made, start=60.0)
    closing = poses[:, LIDS].max(axis=1) + poses[:, [index + 2 for index in LIDS]].max(axis=1)
    blink = recording.shapes[:, [SHAPE["eyeBlinkLeft"], SHAPE["eyeBlinkRight"]]].mean(axis=1)
    assert closing[blink < 0.1].max() < 0.1
    assert np.median(closing) < 0.05
    assert closing[blink > 0.6].min() > 0.75
    assert np.mean(closing[blink > 0.6]) > 0.95


def test_whose_blinks_peak_at_two_thirds_still_shuts_the_eyes(tmp_path: Path) -> None:
    person = Person(tmp_path)
    for _ in range(6):
        person.show(60, eyeBlink=0.06)
        person.show(1, eyeBlink=0.4)
        pose = person.show(2, eyeBlink=0.65)
        person.show(1, eyeBlink=0.3)
    assert pose["eye_wink_left"] == pose["eye_wink_right"] == 1.0
    assert person.show(30, eyeBlink=0.06)["eye_wink_left"] == 0.0


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_wink_is_one_eye(tmp_path: Path, side: str) -> None:
    person = Person(tmp_path)
    pose = person.show(6, **{f"eyeBlink{side}": 0.9, "eyeLookDown": 0.0})
    other = "right" if side == "Left" else "left"
    assert (pose[f"eye_wink_{side.lower()}"], pose[f"eye_wink_{other}"]) == (1.0, 0.0)
    linked = Person(tmp_path, link_blinks="always").show(6, **{f"eyeBlink{side}": 0.9})
    assert linked["eye_wink_left"] == linked["eye_wink_right"]


def test_gaze_has_both_signs_right(tmp_path: Path) -> None:
    person = Person(tmp_path)
    assert person.show(eyeLookUp=0.4)["iris_rotation_x"] > 0.5
    assert person.show(eyeLookDown=0.4)["iris_rotation_x"] < -0.5
    assert person.show(eyeLookDownLeft=0.4)["iris_rotation_x"] < -0.2, "EasyVtuber's slip makes this a look upwards"
    assert person.show(eyeLookInLeft=0.4, eyeLookOutRight=0.4)["iris_rotation_y"] > 0.5
    assert person.show(eyeLookOutLeft=0.4, eyeLookInRight=0.4)["iris_rotation_y"] < -0.5


def test_recentring_takes_the_next_half_second(tmp_path: Path) -> None:
    person = Person(tmp_path)
    aside = {"head": (5.0, 12.0, -4.0), "position": (0.1, 0.0, 0.2), "eyeLookDown": 0.3, "mouthSmile": 0.15}
    before = person.show(5, **aside)
    assert before["head_y"] > 0.6
    person.reader.recentre()
    assert person.show(3, **aside)["head_y"] == pytest.approx(before["head_y"])
    after = person.show(20, **aside)
    for name in ("head_x", "head_y", "neck_z", "body_y", "iris_rotation_x", "mouth_raised_corner_left"):
        assert after[name] == pytest.approx(0.0, abs=1e-3), name
    assert person.position == pytest.approx((0.0, 0.0, 0.0), abs=1e-3)


def test_position_is_counted_from_rest(tmp_path: Path) -> None:
    person = Person(tmp_path)
    person.show(30, position=(0.3, -0.2, -0.6))
    person.show(1, position=(0.36, -0.14, -0.54))
    assert all(0.3 < value < 0.6 for value in person.position)
    person.show(1)
    assert person.position == (0.0, 0.0, 0.0)


def test_the_slow_drift_can_be_switched_off(tmp_path: Path) -> None:
    held = {"head": (0.0, 8.0, 0.0)}
    drifting, fixed = Person(tmp_path / "a"), Person(tmp_path / "b", auto_centre=False)
    soon = drifting.show(20 * 30, **held)["head_y"]
    assert soon > 0.4
    assert drifting.show(600 * 30, **held)["head_y"] < 0.05
    assert fixed.show(620 * 30, **held)["head_y"] == pytest.approx(0.5, abs=0.02)


def test_ranges_are_learned_unless_switched_off(tmp_path: Path) -> None:
    learning, fixed = Person(tmp_path / "a"), Person(tmp_path / "b", learn_range=False)
    before = fixed.show(jawOpen=0.3)["mouth_aaa"]
    for person in (learning, fixed):
        person.show(90, jawOpen=0.75)
    assert learning.show(jawOpen=0.3)["mouth_aaa"] < before - 0.1
    assert fixed.show(jawOpen=0.3)["mouth_aaa"] == pytest.approx(before)


def test_a_calibration_survives_a_restart_and_serves_from_the_first_frame(tmp_path: Path) -> None:
    before = Person(tmp_path)
    before.reader.recentre()
    before.show(30, head=(-8.0, 20.0, 3.0), position=(0.0, 0.0, -0.7), eyeBlink=0.08)
    before.show(60, jawOpen=0.8, head=(-8.0, 20.0, 3.0), position=(0.0, 0.0, -0.7), eyeBlink=0.08)
    before.reader.close()
    before.reader.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["webcam.json"]
    after = reader(tmp_path)
    tracked = after.read(FaceFrame(5.0, no_shapes(), (-8.0, 20.0, 3.0), (0.0, 0.0, -0.7)))
    assert isinstance(tracked, TrackedPose)
    assert np.abs(tracked.pose[HEAD]).max() < 0.02
    assert tracked.position == pytest.approx((0.0, 0.0, 0.0), abs=0.01)
    turned = after.read(FaceFrame(5.1, no_shapes(), (-8.0, 28.0, 3.0)))
    assert turned is not None
    assert turned.pose[INDEX["head_y"]] > 0.4


def test_it_saves_by_itself_once_a_minute(tmp_path: Path) -> None:
    person, writes = Person(tmp_path), set()
    file = tmp_path / "webcam.json"
    for second in range(130):
        person.show(30, head=(0.0, second / 20, 0.0))
        if file.exists():
            writes.add(file.read_text())
    assert 2 <= len(writes) <= 4


def test_a_damaged_calibration_starts_afresh(tmp_path: Path) -> None:
    (tmp_path / "webcam.json").write_text(json.dumps({"version": 1, "tracker": "webcam", "values": {"rest_pitch": 1e9}}))
    person = Person(tmp_path)
    assert person.show()["head_x"] == 0.0
    assert (tmp_path / "webcam.json.bad").exists()


def test_nobody_there_gives_nothing_and_learns_nothing(tmp_path: Path) -> None:
    made = reader(tmp_path)
    for count in range(100):
        assert made.read(FaceFrame(count / 30, no_shapes(), (40.0, 40.0, 40.0), present=False)) is None
    made.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("clip", ["khill", "expr"])
@pytest.mark.parametrize(("mapping", "golden"), [("tha3", "pose_conv25"), ("easyvtuber", "pose_mode20")])
def test_upstream_mappings_are_the_originals(tmp_path: Path, clip: str, mapping: str, golden: str) -> None:
    recording, data = converted(clip)
    poses, wanted = played(recording, reader(tmp_path, mapping=mapping)), data[golden].copy()
    if mapping == "easyvtuber":
        wanted[:, INDEX["body_y"]], wanted[:, INDEX["body_z"]] = wanted[:, INDEX["head_y"]], wanted[:, INDEX["neck_z"]]
        wanted[:, INDEX["mouth_aaa"]] *= 1.5
    poses[:, BREATHING] = wanted[:, BREATHING] = 0.0
    apart = np.abs(poses - clamp(wanted)).max(axis=1)
    assert (apart > 1e-4).sum() <= {"khill": 6, "expr": 2}[clip], "see tests/trackers/test_upstream_map.py"


def test_upstream_webcam_is_the_original(tmp_path: Path) -> None:
    landmarks, wanted = (
        archive("mediapipe_legacy_khill.npz")["landmarks"],
        archive("golden/facemesh_upstream.npz")["pose_unfiltered"],
    )
    made = reader(tmp_path, mapping="easyvtuber")
    for count, (mesh, pose) in enumerate(zip(landmarks, wanted, strict=True)):
        tracked = made.read(FaceFrame(count / 25, no_shapes()), mesh)
        assert tracked is not None
        assert np.abs(tracked.pose - clamp(pose)).max() < 1e-4


def test_upstream_mappings_have_no_centre(tmp_path: Path) -> None:
    person = Person(tmp_path, mapping="tha3")
    person.reader.recentre()
    assert person.show(60, head=(0.0, 5.0, 0.0))["head_y"] == pytest.approx(0.5)
    person.reader.update(Settings(tracker="webcam", mapping="natural"))
    assert person.show(1, head=(0.0, 5.0, 0.0))["head_y"] == pytest.approx(0.0, abs=0.01), "it was learned meanwhile"


@given(
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.floats(-1, 2), st.sampled_from(["natural", "tha3", "easyvtuber"])), max_size=20
    )
)
@settings(max_examples=60)
def test_whatever_comes_poses_stay_finite_and_in_range(
    tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[int, float, str]]
) -> None:
    made = reader(tmp_path_factory.mktemp("calibrations"))
    time = 0.0
    for seed, step, mapping in frames:
        random, time = np.random.default_rng(seed), time + step
        made.update(Settings(tracker="webcam", mapping=mapping))
        shapes = random.uniform(-0.5, 1.5, len(ARKIT)).astype(np.float32)
        if seed % 5 == 0:
            shapes[seed % len(ARKIT)] = random.choice([np.nan, np.inf, -np.inf, 1e30])
        head = tuple((random.normal(0, 1, 3) * 10.0 ** random.uniform(-3, 6)).tolist())
        mesh = random.normal(0, 1, (478, 3)).astype(np.float32)
        tracked = made.read(FaceFrame(time, shapes, head, tuple(random.normal(0, 10, 3).tolist())), mesh)  # type: ignore[arg-type]
        if tracked is not None:
            assert (tracked.pose >= LOWEST).all()
            assert (tracked.pose <= HIGHEST).all()
            assert np.abs(tracked.position).max() <= 1.0
