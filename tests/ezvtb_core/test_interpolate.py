from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core import interpolate
from ezvtb_core.backends import Session, SessionError, SessionOptions, Signature, ort, sniff
from ezvtb_core.frame_graphs import FrameGraphError
from ezvtb_core.interpolate import Interpolator
from tests.conftest import SHARED
from tests.ezvtb_core import frame_files

pytestmark = pytest.mark.needs("ort-cpu")
STUBS = SHARED / "models" / "stubs"


def open_session(path: Path, expected: Signature) -> Session:
    return ort.CPU(path, expected, SessionOptions(threads=1))


def frames() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    before, after = random.integers(0, 256, (2, 512, 512, 4), np.uint8)
    return before, after


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("scale", interpolate.SCALES)
def test_frames_between_are_evenly_spaced_in_both_layouts(tmp_path, scale, batched):
    made = Interpolator(frame_files.rife(tmp_path / "rife.onnx", scale, batched), scale, open_session)
    before, after = frames()
    for first, second in ((before, after), (after, before)):
        found = made.between(first, second)
        assert len(found) == scale - 1
        for frame, expected in zip(found, frame_files.faded(first, second, scale), strict=False):
            assert frame.dtype == np.uint8 and frame.shape == (512, 512, 4)
            assert np.abs(frame - expected).max() <= 0.5 + 1e-3
    made.close()
    made.close()


@pytest.mark.needs("shared")
@pytest.mark.parametrize("name", ["rife/rife_x{}_{}.onnx", "rife_512/x{}/{}.onnx"])
@pytest.mark.parametrize("half", [True, False])
def test_published_layouts_run(name, half):
    """The stand-ins have the published names and types and cross-fade."""
    before, after = frames()
    for scale in interpolate.SCALES:
        path = STUBS / name.format(scale, "fp16" if half else "fp32")
        made = Interpolator(path, scale, open_session)
        for frame, expected in zip(made.between(before, after), frame_files.faded(before, after, scale), strict=False):
            assert np.abs(frame - expected).max() <= 1
        made.close()


def test_both_layouts_are_found_and_the_newer_one_is_preferred(tmp_path):
    for name in ("rife_512/x3/fp16.onnx", "rife/rife_x3_fp16.onnx"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.touch()
        assert interpolate.locate(3, True, [tmp_path]).path == path
    found = interpolate.locate(3, False, [tmp_path])
    assert found.path == path and found.notice is not None
    with pytest.raises(FrameGraphError, match=r"rife/rife_x2_fp16\.onnx \| rife_512/x2/fp16\.onnx.*use_interpolation=False"):
        interpolate.locate(2, True, [tmp_path])


def test_a_file_for_another_number_of_frames_is_refused(tmp_path):
    for batched in (True, False):
        path = frame_files.rife(tmp_path / "rife.onnx", 3, batched)
        with pytest.raises(SessionError, match=r"rife\.onnx.*expected outputs"):
            Interpolator(path, 4, open_session)


def test_a_file_that_is_no_graph_is_named(tmp_path):
    (tmp_path / "rife.onnx").write_text("<html>not found</html>")
    with pytest.raises(sniff.SniffError, match=r"rife\.onnx.*not a model but text"):
        Interpolator(tmp_path / "rife.onnx", 2, open_session)
