"""trackers/openseeface_follow.py: settings and calibrations reach every face; choosing is tested with the tracker."""

from pathlib import Path

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import INDEX
from tests.captures.openseeface_synthetic import face
from trackers.context import Context
from trackers.openseeface_follow import FaceFollower


def test_settings_apply_to_faces_already_known_and_to_new_ones() -> None:
    follower = FaceFollower(0, Settings(tracker="openseeface"))
    shut = {"open_left": 0.3, "open_right": 0.3}
    follower.read(face(), 0.0)
    follower.update(Settings(tracker="openseeface", mapping="easyvtuber", openseeface_face=1))
    for face_id, now in ((0, 0.04), (1, 0.08)):
        _, tracked = follower.read(face(face_id=face_id, **shut), now)
        assert tracked is not None
        assert tracked.pose[INDEX["eye_happy_wink_left"]] > 0.6
    assert follower.wanted == 1


def test_each_face_has_a_calibration_of_its_own(tmp_path: Path) -> None:
    context = Context(calibrations=tmp_path)
    follower = FaceFollower(0, Settings(), context)
    for count in range(40):
        for face_id in (0, 1):
            follower.wanted = face_id
            follower.read(face(face_id=face_id, right=10.0 + 20 * face_id), count * 0.04)
    follower.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["openseeface-1.json", "openseeface.json"]
    again = FaceFollower(1, Settings(), context)
    _, tracked = again.read(face(face_id=1, right=30.0), 0.0)
    assert tracked is not None
    assert abs(tracked.pose[INDEX["head_y"]]) < 1e-3


def test_a_face_that_is_dropped_is_saved(tmp_path: Path) -> None:
    follower = FaceFollower(0, Settings(), Context(calibrations=tmp_path))
    for count in range(20):
        follower.read(face(), count * 0.04)
    for face_id in range(100, 170):
        follower.wanted = face_id
        follower.read(face(face_id=face_id), float(face_id))
    assert [file.name for file in tmp_path.iterdir()] == ["openseeface.json"]
