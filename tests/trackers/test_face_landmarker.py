"""Real MediaPipe, on the bundled character's drawn face. Expected values are how the picture was turned and moved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.trackers.camera.fakes import MODELS, needs_model, needs_opencv, portrait
from trackers import face_landmarker
from trackers.camera.pictures import Picture
from trackers.face import FaceFrame
from trackers.face_landmarker import FaceLandmarker, FaceLandmarkerError

pytestmark = needs_opencv


@pytest.fixture
def landmarker() -> Iterator[FaceLandmarker]:
    made = FaceLandmarker([MODELS])
    yield made
    made.close()


def look(landmarker: FaceLandmarker, start: float = 0.0, **pose: float) -> FaceFrame:
    """The face once the video mode has settled on it."""
    pixels = np.ascontiguousarray(portrait(**pose)[..., ::-1])
    for number in range(20):
        frame, _ = landmarker.find(Picture(start + number / 30, pixels))
    return frame


@needs_model
def test_tilting_the_picture_tilts_the_head(landmarker: FaceLandmarker) -> None:
    left, straight, right = (look(landmarker, start, turned=turned).head[2] for start, turned in ((0, -10), (5, 0), (10, 10)))
    # To the picture's right is to the subject's left. The detector is made for photographs: a drawing costs it some degrees.
    assert left > straight > right
    assert left - right == pytest.approx(20.0, abs=8.0)


@needs_model
def test_moving_and_enlarging_the_picture_moves_the_head(landmarker: FaceLandmarker) -> None:
    middle, left, right, small = (
        look(landmarker, start, right=moved, scale=scale).position
        for start, moved, scale in ((0, 0, 0.9), (5, -100, 0.9), (10, 100, 0.9), (15, 0, 0.6))
    )
    assert middle is not None and left is not None and right is not None and small is not None
    # A pinhole camera of 63° height, which MediaPipe assumes: metres for 100 pixels at this distance.
    step = 100 * -middle[2] * np.tan(np.radians(63 / 2)) / 240
    # To the picture's right is to the subject's left.
    assert left[0] - middle[0] == pytest.approx(step, rel=0.25)
    assert middle[0] - right[0] == pytest.approx(step, rel=0.25)
    assert small[2] / middle[2] == pytest.approx(0.9 / 0.6, rel=0.15)


@needs_model
def test_an_empty_picture_holds_no_face_and_the_face_comes_back(landmarker: FaceLandmarker) -> None:
    assert look(landmarker).present
    empty = np.full((480, 640, 3), 128, np.uint8)
    frames = [landmarker.find(Picture(1.0 + number / 30, empty))[0] for number in range(10)]
    assert not frames[-1].present
    assert look(landmarker, 2.0).present


@needs_model
def test_points_are_given_when_they_are_wanted(landmarker: FaceLandmarker) -> None:
    look(landmarker)
    pixels = np.ascontiguousarray(portrait()[..., ::-1])
    frame, mesh = landmarker.find(Picture(1.0, pixels), mesh=True)
    assert frame.present
    assert mesh is not None
    assert (mesh.shape, mesh.dtype) == ((478, 3), np.float32)
    assert 0.2 < mesh[:, 0].mean() < 0.8
    # The subject's right eye (33, 133) is on the left of the picture, the mouth (13) below the eyes.
    assert mesh[33, 0] < mesh[263, 0]
    assert mesh[13, 1] > mesh[33, 1]
    empty = np.zeros((480, 640, 3), np.uint8)
    assert [landmarker.find(Picture(2.0 + number / 30, empty), mesh=True)[1] for number in range(10)][-1] is None


@needs_model
def test_times_that_do_not_increase_are_no_trouble(landmarker: FaceLandmarker) -> None:
    pixels = np.ascontiguousarray(portrait()[..., ::-1])
    for moment in (5.0, 5.0, 4.0, 5.0001):
        frame, _ = landmarker.find(Picture(moment, pixels))
        assert frame.time == moment


def refused(folders: list[Path]) -> str:
    with pytest.raises(FaceLandmarkerError) as caught:
        FaceLandmarker(folders)
    return caught.value.notice.code


def test_without_the_model_its_download_is_named(tmp_path: Path) -> None:
    assert refused([tmp_path]) == "webcam_no_model"


def test_without_the_packages_their_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_landmarker.importlib.util, "find_spec", lambda _: None)
    assert refused([tmp_path]) == "webcam_not_installed"


def test_packages_that_do_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "face_landmarker.task").write_bytes(b"x")
    monkeypatch.setattr(face_landmarker, "installed", lambda: True)
    monkeypatch.setitem(sys.modules, "mediapipe.tasks.python.vision", None)
    assert refused([tmp_path]) == "webcam_packages_broken"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"<html>"])
def test_a_damaged_model_is_called_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "face_landmarker.task").write_bytes(content)
    assert refused([tmp_path]) == "webcam_model_damaged"


def test_looking_for_packages_does_not_import_them() -> None:
    before = set(sys.modules)
    assert face_landmarker.installed()
    assert not {name for name in set(sys.modules) - before if name.startswith(("cv2.", "mediapipe."))}


@needs_model
def test_a_moving_head_is_followed(landmarker: FaceLandmarker) -> None:
    moments = np.arange(120) / 30
    truth, seen = [], []
    for moment in moments:
        right = 60 * np.sin(2 * moment)
        frame, _ = landmarker.find(Picture(float(moment), np.ascontiguousarray(portrait(right=right)[..., ::-1])))
        if frame.position is not None:
            truth.append(-right)
            seen.append(frame.position[0])
    # The detector is made for photographs and now and then loses the drawing.
    assert len(seen) > 90
    assert np.corrcoef(seen, truth)[0, 1] >= 0.95
