from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core import upscale
from ezvtb_core.backends import Session, SessionError, SessionOptions, Signature, ort
from ezvtb_core.frame_graphs import FrameGraphError
from ezvtb_core.upscale import Upscaler
from tests.conftest import SHARED
from tests.ezvtb_core import frame_files

pytestmark = pytest.mark.needs("ort-cpu")
MODELS = SHARED / "models"


def open_session(path: Path, expected: Signature) -> Session:
    return ort.CPU(path, expected, SessionOptions(threads=2))


@pytest.mark.parametrize("batched", [True, False])
def test_both_layouts_enlarge(tmp_path, batched):
    made = Upscaler(frame_files.enlarging(tmp_path / "sr.onnx", batched), open_session)
    random = np.random.default_rng(0)
    for frame in random.integers(0, 256, (2, 512, 512, 4), np.uint8):
        assert np.array_equal(made.enlarge(frame), frame_files.repeated(frame))
    made.close()
    made.close()


@pytest.mark.slow
@pytest.mark.needs("shared")
@pytest.mark.parametrize(
    ("folder", "whole"), [(MODELS, True), (MODELS, False), (MODELS / "v0.0.1", True), (MODELS / "v0.0.1", False)]
)
def test_published_networks_draw_the_frame_larger(folder, whole):
    """The whole frame twice, or its middle of 256×256 four times: reduced again, it is what went in."""
    frame = np.array(Image.open(MODELS / "custom_tha4_models" / "lambda_00" / "character.png").convert("RGBA"))[..., [2, 1, 0, 3]]
    frame[frame[..., 3] == 0] = 0
    made = Upscaler(upscale.locate(whole, False, 0, [folder]).path, open_session)
    large = made.enlarge(frame)
    made.close()
    assert large.shape == (1024, 1024, 4) and large.dtype == np.uint8
    source = frame if whole else frame[:256, 128:384]
    factor = 1024 // len(source)
    small = large.reshape(len(source), factor, len(source), factor, 4).mean(axis=(1, 3))
    solid = source[..., 3] == 255
    assert np.abs(small - source)[solid].mean() < 4
    assert np.abs(small - source)[..., 3].mean() < 1


def located(folder: Path, *arguments: object) -> str:
    return upscale.locate(*arguments, [folder]).path.relative_to(folder).as_posix()


def test_each_choice_has_its_file_in_both_layouts(tmp_path):
    def there(*names: str) -> Path:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        return folder

    new = there(*(f"waifu2x/noise0_scale2x_{each}.onnx" for each in ("fp16", "fp32")))
    assert located(new, True, True, 0) == "waifu2x/noise0_scale2x_fp16.onnx"
    assert located(new, True, False, 0) == "waifu2x/noise0_scale2x_fp32.onnx"
    # Level 1, which callers of 2026 cannot choose, is not in that release.
    assert located(new, True, True, 1) == "waifu2x/noise0_scale2x_fp16.onnx"
    assert upscale.locate(True, True, 1, [new]).notice is not None
    art = "waifu2x_upconv/{}/upconv_7/art/noise{}_scale2x.onnx"
    old = there(art.format("fp16", 0), art.format("fp16", 2), art.format("fp32", 1))
    assert located(old, True, True, 2) == art.format("fp16", 2)
    assert located(old, True, False, 1) == art.format("fp32", 1)
    assert located(old, True, True, 1) == art.format("fp16", 0)
    new = there("Real-ESRGAN/exported_256_fp32.onnx", "Real-ESRGAN/exported_256_fp16.onnx")
    assert located(new, False, False, 1) == "Real-ESRGAN/exported_256_fp32.onnx"
    old = there("Real-ESRGAN/exported_256.onnx")
    assert located(old, False, False, 1) == "Real-ESRGAN/exported_256.onnx"
    assert upscale.locate(False, True, 1, [old]).notice is not None
    with pytest.raises(FrameGraphError, match=r"waifu2x needs one of these files.*use_sr=False"):
        upscale.locate(True, True, 1, [old])


def test_another_kind_of_graph_is_refused(tmp_path):
    path = frame_files.rife(tmp_path / "sr.onnx", 2, batched=True)
    with pytest.raises(SessionError, match=r"sr\.onnx.*expected inputs tha_img_0 uint8\(1,512,512,4\), got"):
        Upscaler(path, open_session)
