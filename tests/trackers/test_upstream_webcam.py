"""trackers/upstream_webcam.py against the original's formulas, executed on recorded landmarks."""

import numpy as np
import pytest

from ezvtb_core.pose import INDEX
from tests.trackers.recorded_faces import archive, mediapipe
from trackers.upstream_webcam import measure, upstream_webcam


def _faces() -> list:  # type: ignore[type-arg]
    return [measure(landmarks) for landmarks in archive("mediapipe_legacy_khill.npz")["landmarks"]]


def test_equal_to_the_original() -> None:
    golden, faces = archive("golden/facemesh_upstream.npz"), _faces()
    columns = {str(name): index for index, name in enumerate(golden["columns"])}
    for name in faces[0]._fields:
        found = np.array([getattr(face, name) for face in faces])
        assert np.abs(found - golden["get_pose"][:, columns[name]]).max() < 1e-4, name
    poses = np.array([upstream_webcam(face, faces[0]) for face in faces])
    assert np.abs(poses - golden["pose_unfiltered"]).max() < 1e-4


def test_what_is_wrong_with_it() -> None:
    """The facts that docs/trackers/mapping.md names: mirrored turning, resting eyes a third shut."""
    poses = np.array([upstream_webcam(face, _faces()[0]) for face in _faces()])
    turning = mediapipe("khill").head[:, 1]
    assert np.corrcoef(poses[:, INDEX["head_y"]], turning)[0, 1] < -0.95
    assert 0.25 < np.median(poses[:, INDEX["eye_happy_wink_left"]]) < 0.4


@pytest.mark.parametrize("shape", [(468, 2), (10, 3), (468,)])
def test_what_is_no_face_mesh_is_refused(shape: tuple[int, ...]) -> None:
    assert measure(np.zeros(shape, np.float32)) is None


def test_a_mesh_without_size_or_with_nonsense_is_refused() -> None:
    mesh = np.zeros((478, 3), np.float32)
    assert measure(mesh) is None
    mesh = np.random.default_rng(1).uniform(0, 1, (478, 3)).astype(np.float32)
    assert measure(mesh) is not None
    mesh[13, 1] = np.nan
    assert measure(mesh) is None
