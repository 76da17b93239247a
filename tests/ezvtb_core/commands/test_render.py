from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.assemble import build_model
from ezvtb_core.commands import render
from ezvtb_core.commands.console import UsageError
from ezvtb_core.commands.measure import TimedModel
from ezvtb_core.link.settings import Settings
from tests.conftest import SHARED
from tests.ezvtb_core.models import tiny

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
        (["--eyebrows", "perhaps"], "--eyebrows"),
        (["--model", "tha4", "--models", "/nonexistent-folder"], "models folder .*nonexistent-folder is not there"),
        (["--backend", "directml"], "DmlExecutionProvider"),
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


GOLDEN = SHARED / "golden"


@pytest.mark.needs("shared")
@pytest.mark.parametrize("student", ["lambda_00", "lambda_01"])
@pytest.mark.parametrize("backend", ["cpu", "ort-cpu"])
def test_student_frames_are_those_of_the_original_networks(tmp_path: Path, console, student: str, backend: str) -> None:
    argv = [
        "--model",
        f"tha4_student:{student}",
        "--models",
        str(SHARED / "models"),
        "--poses",
        str(GOLDEN / "student_poses.npy"),
    ]
    assert render.run([*argv, "--backend", backend, "--out", str(tmp_path / "f.npy"), "--json"], console) == 0
    frames = np.load(tmp_path / "f.npy")
    assert frames.shape == (8, 512, 512, 4)
    for index, frame in enumerate(frames):
        expected = np.asarray(Image.open(GOLDEN / f"student_{student}" / f"pose{index}.png"))[..., [2, 1, 0, 3]].astype(int)
        difference = np.abs(frame - expected).max(axis=2)
        assert difference.max() <= 1
    assert console.data["model"] == f"tha4_student:{student}" and "CPU" in console.data["device"]


def test_models_of_a_folder_with_flags_of_their_own(tmp_path: Path, console) -> None:
    tiny.layout(tmp_path, "tha3:seperable", "fp16")
    path = poses(tmp_path / "p.npy")
    argv = ["--model", "tha3:seperable", "--models", str(tmp_path), "--precision", "fp16", "--poses", str(path)]
    argv += ["--character", str(tiny.picture(tmp_path / "a.png"))]
    frames = {}
    for eyebrows in ("on", "off"):
        assert render.run([*argv, "--eyebrows", eyebrows, "--out", str(tmp_path / "f.npy")], console) == 0
        frames[eyebrows] = np.load(tmp_path / "f.npy")
    assert not np.array_equal(frames["on"], frames["off"])
    given = np.load(path)
    given[:, :12] = 0
    np.save(path, given)
    assert render.run([*argv, "--out", str(tmp_path / "f.npy")], console) == 0
    assert np.array_equal(np.load(tmp_path / "f.npy"), frames["off"])


def test_models_that_need_a_picture_say_so(tmp_path: Path, console) -> None:
    tiny.layout(tmp_path, "tha4")
    with pytest.raises(UsageError, match=r"tha4 animates a picture: choose one .*--character"):
        draw(tmp_path, console, "--model", "tha4", "--models", str(tmp_path))


def test_ctrl_c_leaves_no_half_file(tmp_path: Path, console, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: TimedModel, pose: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TimedModel, "render", interrupted)
    assert draw(tmp_path, console) == 130
    assert {file.name for file in tmp_path.iterdir()} == {"p.npy"}
    assert "was not written" in console.err
