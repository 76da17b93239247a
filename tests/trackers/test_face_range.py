"""trackers/face_range.py: what of a face is learned."""

import numpy as np

from tests.trackers.recorded_faces import mediapipe
from trackers.face import SHAPE, no_shapes
from trackers.face_range import MEASURES, FaceRange, measure


def test_measures_are_means_of_both_sides() -> None:
    shapes = no_shapes()
    shapes[SHAPE["mouthSmileLeft"]], shapes[SHAPE["jawOpen"]] = 0.6, 0.25
    found = dict(zip(MEASURES, measure(shapes.tolist()), strict=True))
    assert round(found.pop("smile"), 6) == 0.3
    assert found.pop("jaw") == 0.25
    assert not any(found.values())


def test_real_faces_end_up_inside_the_limits_and_use_their_spans() -> None:
    for clip in ("khill", "expr"):
        recording, ranges = mediapipe(clip), FaceRange()
        for _ in range(5):
            for row in recording.shapes:
                ranges.learn(measure(row.tolist()), recording.frame_seconds)
        limits, known = ranges.limits(), ranges.known()
        assert all(limits[name][0] <= value <= limits[name][1] for name, value in known.items())
        jaw = [ranges["jaw"].share(value) for value in recording.shapes[:, SHAPE["jawOpen"]].tolist()]
        assert max(jaw) == 1.0
        assert np.mean(np.array(jaw) == 1.0) < 0.08, "a jaw that saturates has no loud and no soft"


def test_what_was_learned_is_restored() -> None:
    before, after = FaceRange(), FaceRange()
    before.rest([0.1] * len(MEASURES))
    before["smile"].high = 0.8
    after.restore(before.known())
    assert after.known() == before.known()
    assert before.known().keys() == before.limits().keys()
