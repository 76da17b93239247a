from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.assemble import build_model
from ezvtb_core.commands import render
from ezvtb_core.commands.console import UsageError
from ezvtb_core.commands.measure import TimedModel
from ezvtb_core.link.settings import Settings

pytestmark = pytest.mark.needs("ort-cpu")


def poses(path: Path, count: int = 3) -> Path:
    random = np.random.default_rng(1)
    np.save(path, random.uniform(-1, 1, (count, 45)).astype(np.float32))
    return path


def draw(tmp_path: Path, console: object, *more: str) -> int:
    argv = ["--model", "puppet", "--poses", str(poses(tmp_path / "p.npy")), "--out", str(tmp_path / "f.npy"), *more]
    return render.run(argv, console)  # type: ignore[arg-type]


def test_frames_are_the_models_own(tmp_path: Path, console) -> None:
    assert draw(tmp_path, console, "--json") == 0
    frames = np.load(tmp_path / "f.npy")
    assert frames.dtype == np.uint8
    assert list(frames.shape) == [3, 512, 512, 4]
    model = build_model(Settings(model="puppet"))
    from ezvtb_core.pose import clamp

    for frame, pose in zip(frames, np.load(tmp_path / "p.npy"), strict=True):
        assert np.array_equal(frame, model.render(clamp(pose)))
    model.close()
    assert console.data["frames"] == 3
    assert console.data["size"] == [512, 512]
    assert console.data["model_ms_p50"] > 0
    assert {file.name for file in tmp_path.iterdir()} == {"p.npy", "f.npy"}


def test_a_picture_of_ones_own(tmp_path: Path, console, picture: Path) -> None:
    argv = ["--model", "picture", "--poses", str(poses(tmp_path / "p.npy")), "--out", str(tmp_path / "f.npy")]
    assert render.run([*argv, "--character", str(picture)], console) == 0
    assert np.load(tmp_path / "f.npy", mmap_mode="r").shape == (3, 512, 512, 4)
    assert "3 frames of 512×512" in console.out


def test_no_poses_no_frames(tmp_path: Path, console) -> None:
    poses(tmp_path / "none.npy", 0)
    argv = ["--model", "puppet", "--poses", str(tmp_path / "none.npy"), "--out", str(tmp_path / "f.npy"), "--json"]
    assert render.run(argv, console) == 0
    assert np.load(tmp_path / "f.npy").shape == (0, 512, 512, 4)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((3, 44), np.float32), "expected .* got \\(3, 44\\) float32"),
        (np.zeros((3, 45), np.float64), "float64"),
        (np.zeros(45, np.float32), "\\(45,\\)"),
        (np.array([[0.0] * 45, [np.nan] * 45], np.float32), "pose 1 holds"),
        (np.array([{"evil": 1}], object), "cannot be read as poses"),
    ],
)
def test_bad_poses(tmp_path: Path, console, array: np.ndarray, said: str) -> None:
    np.save(tmp_path / "bad.npy", array, allow_pickle=True)
    with pytest.raises(UsageError, match=said):
        render.run(["--model", "puppet", "--poses", str(tmp_path / "bad.npy"), "--out", str(tmp_path / "f.npy")], console)


@pytest.mark.parametrize("content", [b"", b"not numpy", b"\x93NUMPY\x01\x00"])
def test_what_is_no_npy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.npy").write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read as poses"):
        render.load_poses(tmp_path / "bad.npy")
    with pytest.raises(UsageError, match="cannot be read as poses"):
        render.load_poses(tmp_path / "missing.npy")
    np.savez(tmp_path / "many.npz", a=np.zeros((1, 45), np.float32))
    with pytest.raises(UsageError, match=r"\.npz"):
        render.load_poses(tmp_path / "many.npz")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--model", "tha9"], "no model called tha9"),
        (["--backend", "abacus"], "no backend called abacus"),
        (["--model", "picture"], "."),
        (["--upscale", "waifu2x"], "--upscale waifu2x is not available"),
        (["--interpolate", "2"], "--interpolate 2"),
        (["--precision", "fp16"], "--precision fp16"),
        (["--interpolate", "two"], "render: "),
        (["--out", "frames.txt"], r"Use one of: \.npy"),
        (["--out", "/nonexistent-folder/frames.npy"], "cannot be written"),
        (["--nonsense"], "unrecognized"),
    ],
)
def test_bad_input_is_refused_before_anything_is_drawn(tmp_path: Path, console, monkeypatch, more: list[str], said: str) -> None:
    monkeypatch.setattr(render, "_draw", lambda *_: pytest.fail("drawn"))
    with pytest.raises(UsageError, match=said):
        draw(tmp_path, console, *more)


def test_ctrl_c_leaves_no_half_file(tmp_path: Path, console, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: TimedModel, pose: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TimedModel, "render", interrupted)
    assert draw(tmp_path, console) == 130
    assert {file.name for file in tmp_path.iterdir()} == {"p.npy"}
    assert "was not written" in console.err
