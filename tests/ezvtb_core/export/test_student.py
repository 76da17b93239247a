"""Students from the authors' own .pt files against pictures that the original program drew with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.export import export
from ezvtb_core.export.families import FAMILIES
from tests.ezvtb_core.export import golden

pytestmark = [pytest.mark.needs("shared"), pytest.mark.needs("ort-cpu")]
NAMES = pytest.mark.parametrize("name", ["lambda_00", "lambda_01"])


def draw(folder: Path, name: str):
    """For each stored pose: face, result, frame."""
    import onnx

    face, body = (golden.session(onnx.load(folder / f"{stem}.onnx")) for stem in ("face_morpher", "body_morpher"))
    for pose in np.load(golden.GOLDEN / "student_poses.npy")[:, None]:
        morphed = golden.call(face, {"pose": pose[:, :39]})["face_morphed"]
        inputs = {"input_image": golden.picture(name), "face_morphed": morphed, "pose": pose}
        made = golden.call(body, inputs)
        yield morphed, made["result"], made["cv_result"]


@pytest.mark.slow
@NAMES
def test_faces_results_and_frames_of_the_original(tmp_path: Path, name: str) -> None:
    written = export(f"tha4_student:{name}", golden.STUDENTS / name, tmp_path)
    folder = tmp_path / "custom_tha4_models" / name
    assert written == [folder / "face_morpher.onnx", folder / "body_morpher.onnx"]
    stored = np.load(golden.GOLDEN / f"student_{name}.npz")
    drawn = list(draw(folder, name))
    assert len(drawn) == 8
    for index, (face, result, frame) in enumerate(drawn):
        assert golden.worst(face, stored[f"face{index}"]) < 1e-4
        assert golden.worst(result, stored[f"result{index}"]) < golden.LIMIT
        rgba = np.asarray(Image.open(golden.GOLDEN / f"student_{name}" / f"pose{index}.png").convert("RGBA"))
        difference = np.abs(frame.astype(int) - rgba[..., [2, 1, 0, 3]])
        assert difference.max() <= 1
        assert (difference > 0).mean() < 1e-3


@NAMES
def test_parameters_are_those_of_the_files(name: str) -> None:
    from ezvtb_core.export import checkpoint

    for stem in ("face_morpher", "body_morpher"):
        arrays = checkpoint.load(golden.STUDENTS / name / f"{stem}.pt")
        assert {key: array.shape for key, array in arrays.items()} == FAMILIES["tha4_student"].census(stem)
