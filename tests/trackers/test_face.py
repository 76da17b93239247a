"""trackers/face.py: the common language of face trackers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trackers.face import ARKIT, LOWER, SHAPE, FaceFrame, no_shapes

RECORDING = Path(__file__).resolve().parents[3] / "shared" / "captures" / "golden" / "conv_khill.npz"


def test_there_are_apples_52_shapes() -> None:
    assert len(ARKIT) == len(set(ARKIT)) == len(LOWER) == 52
    assert all(ARKIT[index] == name for name, index in SHAPE.items())
    sided = [name for name in ARKIT if name.endswith(("Left", "Right")) and name not in ("jawLeft", "jawRight")]
    sided = [name for name in sided if name not in ("mouthLeft", "mouthRight")]
    assert all(name.replace("Left", "Right") in SHAPE and name.replace("Right", "Left") in SHAPE for name in sided)


@pytest.mark.needs("shared")
def test_the_names_are_those_that_the_original_converters_were_run_with() -> None:
    with np.load(RECORDING) as recording:
        names = next(recording[key] for key in recording.files if recording[key].dtype.kind == "U" and recording[key].size == 52)
    assert {str(name).lower() for name in names} == set(LOWER)


def test_a_new_face_rests_and_shares_nothing() -> None:
    first, second = FaceFrame(1.0), FaceFrame(1.0)
    assert not first.shapes.any() and first.shapes.shape == (52,) and first.present
    assert first.shapes is not second.shapes and no_shapes() is not no_shapes()
