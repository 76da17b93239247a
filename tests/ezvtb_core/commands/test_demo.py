from __future__ import annotations

import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.commands import demo
from ezvtb_core.commands.console import UsageError
from ezvtb_core.commands.measure import Recorder, TimedModel
from ezvtb_core.commands.writers import StripWriter
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.pose import TrackedPose, neutral

pytestmark = pytest.mark.needs("ort-cpu")
KEYS = {"fps", "model_ms_p50", "model_ms_p99", "frames", "seconds", "size", "out", "tracker", "reused"}


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_gif_of_the_bundled_character(tmp_path: Path, console) -> None:
    out = tmp_path / "我 é.gif"
    assert demo.run(["--seconds", "1", "--out", str(out), "--json"], console) == 0
    facts = console.data
    assert facts.keys() >= KEYS
    assert facts["frames"] == 33
    assert facts["size"] == [512, 512]
    assert facts["model"] == "puppet"
    assert facts["fps"] > 0
    assert 0 <= facts["reused"] <= facts["frames"]
    with Image.open(out) as picture:
        durations = []
        for index in range(picture.n_frames):
            picture.seek(index)
            durations.append(picture.info["duration"])
        assert sum(durations) == 990
        assert 0.1 < (np.asarray(picture.convert("RGBA"))[..., 3] > 0).mean() < 0.9


def test_summary_for_people(tmp_path: Path, console) -> None:
    assert demo.run(["--seconds", "0.2", "--out", str(tmp_path / "x.png")], console) == 0
    assert "frames of 512×512" in console.out.splitlines()[-1]
    assert "100%" in console.err


def test_the_same_film_every_time(tmp_path: Path, console) -> None:
    """Idle movement of a film does not depend on the machine's speed."""
    for name in ("a.png", "b.png"):
        demo.run(["--seconds", "2", "--fps", "10", "--out", str(tmp_path / name)], console)
    first, second = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert first.shape == second.shape
    # The clock's own start differs, so the movement does: what is the same is the number of frames and that they move.
    assert not np.array_equal(first[:, :512], first[:, -512:])


def test_a_picture_of_ones_own(tmp_path: Path, console, picture: Path) -> None:
    assert demo.run(["--seconds", "0.2", "--character", str(picture), "--out", str(tmp_path / "x.png"), "--json"], console) == 0
    assert console.data["model"] == "picture"


def test_record(tmp_path: Path, console) -> None:
    demo.run(["--seconds", "1", "--fps", "20", "--out", str(tmp_path / "x.png"), "--record", str(tmp_path / "r.npz")], console)
    with np.load(tmp_path / "r.npz") as data:
        assert data["pose"].shape == (len(data["time"]), 45)
        assert data["pose"].dtype == np.float32
        assert len(data["time"]) >= 20
        assert data["time"][0] == 0
        assert (np.diff(data["time"]) > 0).all()
        assert data["time"][-1] == pytest.approx(0.95, abs=0.06)


def test_record_of_nothing(tmp_path: Path) -> None:
    assert Recorder().save(tmp_path / "r.npz") == 0
    with np.load(tmp_path / "r.npz") as data:
        assert data["time"].shape == (0,)
        assert data["pose"].shape == (0, 45)


def test_recorder_keeps_order(tmp_path: Path) -> None:
    recorder = Recorder()
    for time in (5.0, 5.5):
        recorder.add(TrackedPose(time, neutral()))
    recorder.save(tmp_path / "r.npz")
    with np.load(tmp_path / "r.npz") as data:
        assert data["time"].tolist() == [0.0, 0.5]


def test_live_tracker_runs_in_real_time(tmp_path: Path, console) -> None:
    argv = ["--seconds", "1", "--fps", "20", "--out", str(tmp_path / "x.png"), "--json"]
    assert demo.run([*argv, "--tracker", f"openseeface:{free_port()}"], console) == 0
    facts = console.data
    assert facts["tracker"] == "openseeface"
    assert facts["paced"]
    assert facts["tracker_state"] == "waiting"
    assert facts["state"] == "running"
    assert facts["frames"] == 20


def test_ctrl_c_keeps_what_there_is(tmp_path: Path, console, monkeypatch: pytest.MonkeyPatch) -> None:
    real = TimedModel.render
    calls = iter(range(1000))

    def interrupting(self: TimedModel, pose: np.ndarray) -> np.ndarray:
        if next(calls) == 6:
            raise KeyboardInterrupt
        return real(self, pose)

    monkeypatch.setattr(TimedModel, "render", interrupting)
    assert demo.run(["--seconds", "30", "--quantise", "0", "--out", str(tmp_path / "x.gif"), "--json"], console) == 0
    assert 0 < console.data["frames"] < 30
    with Image.open(tmp_path / "x.gif") as picture:
        assert picture.n_frames == console.data["frames"]
    assert "Stopped after" in console.err


def test_without_display_and_out_it_is_a_file_here(tmp_path: Path, console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "has_display", lambda _: False)
    monkeypatch.chdir(tmp_path)
    assert demo.run(["--seconds", "0.2"], console) == 0
    assert (tmp_path / "demo.gif").exists()
    assert "no display" in console.err


def test_a_model_that_fails_half_way_is_said(tmp_path: Path, console, monkeypatch: pytest.MonkeyPatch) -> None:
    real = TimedModel.render
    calls = iter(range(1000))

    def failing(self: TimedModel, pose: np.ndarray) -> np.ndarray:
        if next(calls) >= 6:
            raise NoticeError("engine_model_failed", detail="out of memory")
        return real(self, pose)

    monkeypatch.setattr(TimedModel, "render", failing)
    assert demo.run(["--seconds", "2", "--quantise", "0", "--out", str(tmp_path / "x.png"), "--json"], console) == 1
    assert console.data["state"] == "error"
    assert "out of memory" in console.err


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path, console, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: StripWriter) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StripWriter, "save", full)
    with pytest.raises(NoticeError, match="No space left"):
        demo.run(["--seconds", "0.2", "--out", str(tmp_path / "x.png")], console)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--out", "x.avi"], "Use one of"),
        (["--out", "/nonexistent-folder/x.gif"], "cannot be written"),
        (["--record", "r.txt"], r"\.npz"),
        (["--record", "/nonexistent-folder/r.npz"], "cannot be written"),
        (["--seconds", "0"], "--seconds"),
        (["--seconds", "nan"], "--seconds"),
        (["--seconds", "1e9"], "--seconds"),
        (["--fps", "1000"], "--fps: expected int 5..120, got 1000"),
        (["--background", "red"], "#RRGGBB"),
        (["--character", "/nonexistent.png"], "nonexistent.png"),
        (["--model", "picture"], "."),
        (["--model", "tha9"], "--model"),
        (["--sec", "1"], "unrecognized"),
    ],
)
def test_bad_input_is_refused_before_anything_is_drawn(tmp_path, console, monkeypatch, argv: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo._Demo, "_frames", lambda *_: pytest.fail("drawn"))
    given = argv if "--out" in argv else ["--out", "x.gif", *argv]
    with pytest.raises(UsageError, match=said):
        demo.run(given, console)
    assert not list(tmp_path.iterdir())


def test_no_thread_is_left(tmp_path: Path, console) -> None:
    before = set(threading.enumerate())
    demo.run(["--seconds", "0.2", "--out", str(tmp_path / "x.png")], console)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]
