"""trackers/recorder.py: everything that was given is kept, a crash costs little, and trouble is a sentence."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.link import paths
from ezvtb_core.link.locale import say
from ezvtb_core.pose import SIZE, TrackedPose, neutral
from tests.peers import wait_until
from tests.trackers.movements import swaying, tracked
from trackers import recorder
from trackers.clip_file import ClipError, load
from trackers.recorder import PART, ROW, Recorder, recover


def test_a_recording_holds_what_was_given(tmp_path: Path) -> None:
    clip, recording = swaying(20.0, rate=60.0), Recorder(tmp_path, "webcam")
    for pose in tracked(clip):
        recording.add(pose)
    assert recording.recording
    assert "20 s so far" in say(recording.notice(), "en-US")
    file = recording.finish()
    assert recording.finish() == file
    assert not recording.recording
    assert file.stem in say(recording.notice(), "en-US")
    assert file.name.endswith(" webcam.npz")
    time.strptime(file.stem, "%Y-%m-%d %H-%M-%S webcam")
    assert list(tmp_path.iterdir()) == [file]
    again = load(file)
    assert np.allclose(again.times, clip.times, atol=1e-9)
    assert np.array_equal(again.poses, clip.poses)
    assert np.array_equal(again.positions, clip.positions)


def test_two_recordings_at_once_have_two_files(tmp_path: Path) -> None:
    both = [Recorder(tmp_path, "idle") for _ in range(2)]
    for recording in both:
        recording.add(TrackedPose(1.0, neutral()))
    assert len({recording.finish() for recording in both}) == 2


def test_poses_that_are_not_newer_are_left_out(tmp_path: Path) -> None:
    recording = Recorder(tmp_path, "idle")
    for moment in (5.0, 5.0, 4.0, 6.0):
        recording.add(TrackedPose(moment, neutral()))
    assert load(recording.finish()).times.tolist() == [0.0, 1.0]


def test_nothing_recorded_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="Nothing was recorded"):
        Recorder(tmp_path, "webcam").finish()
    assert list(tmp_path.iterdir()) == []


def test_it_ends_by_itself_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_POSES", 10)
    recording = Recorder(tmp_path, "idle")
    for number in range(12):
        recording.add(TrackedPose(1.0 + number, neutral()))
    assert not recording.recording
    assert "ended by itself after 30 minutes" in say(recording.notice(), "en-US")
    assert len(load(recording.finish()).times) == 10
    assert "is saved" in say(recording.notice(), "en-US")
    long = Recorder(tmp_path, "idle")
    long.add(TrackedPose(0.0, neutral()))
    long.add(TrackedPose(recorder.LONGEST_SECONDS + 1, neutral()))
    assert not long.recording
    long.finish()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    recording = Recorder(tmp_path / "file", "webcam")
    assert wait_until(lambda: not recording.recording)
    recording.add(TrackedPose(1.0, neutral()))
    assert "cannot be written" in say(recording.notice(), "en-US")
    with pytest.raises(ClipError, match="cannot be written"):
        recording.finish()


def test_a_full_disk_keeps_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.01)
    recording = Recorder(tmp_path, "webcam")
    recording.add(TrackedPose(1.0, neutral()))
    part = tmp_path / f"{recording._title}{PART}"
    assert wait_until(lambda: part.exists() and part.stat().st_size == ROW.itemsize)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(recorder.os, "write", full)
        recording.add(TrackedPose(2.0, neutral()))
        assert wait_until(lambda: not recording.recording)
    assert "No space left" in say(recording.notice(), "en-US")
    assert len(load(recording.finish()).times) == 1
    assert "No space left" in say(recording.notice(), "en-US")


def test_a_disk_that_hangs_is_a_sentence_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_JOIN_SECONDS", 0.05)
    hanging, write = threading.Event(), os.write

    def slow(file: int, data: memoryview) -> int:
        hanging.wait(10.0)
        return write(file, data)

    recording = Recorder(tmp_path, "webcam")
    recording.add(TrackedPose(1.0, neutral()))
    monkeypatch.setattr(recorder.os, "write", slow)
    with pytest.raises(ClipError, match="cannot be written"):
        recording.finish()
    hanging.set()
    assert wait_until(lambda: not recording._thread.is_alive())
    assert len(load(recording.finish()).times) == 1


_CRASH = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.trackers.movements import swaying, tracked
from trackers import recorder
recorder.FLUSH_SECONDS = 0.05
recording = recorder.Recorder(Path(sys.argv[2]), "webcam")
for pose in tracked(swaying(5.0)):
    recording.add(pose)
while not any(file.stat().st_size == 151 * 200 for file in Path(sys.argv[2]).glob("*.part")):
    time.sleep(0.01)
os._exit(9)
"""


def test_a_crash_loses_nothing_that_was_flushed(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _CRASH, str(paths.ROOT), str(tmp_path)], timeout=60)
    assert done.returncode == 9
    (part,) = tmp_path.iterdir()
    assert recover(tmp_path) == []  # somebody may still write it
    os.utime(part, (time.time() - 60, time.time() - 60))
    following = Recorder(tmp_path, "idle")  # finds it by itself
    assert wait_until(lambda: part.with_suffix(".npz").exists() and not part.exists())
    assert np.array_equal(load(part.with_suffix(".npz")).poses, swaying(5.0).poses)
    with pytest.raises(ClipError):
        following.finish()


def _abandon(folder: Path, name: str, content: bytes) -> Path:
    part = folder / f"{name}{PART}"
    part.write_bytes(content)
    os.utime(part, (time.time() - 60, time.time() - 60))
    return part


def test_recovery_of_damaged_raw_files(tmp_path: Path) -> None:
    rows = np.zeros(4, ROW)
    rows["time"] = 100.0 + np.arange(4)
    rows["pose"][2] = np.nan
    rows["position"] = 99.0
    _abandon(tmp_path, "torn", rows.tobytes() + b"\0" * 4096 + b"half a row")
    _abandon(tmp_path, "nothing", b"")
    _abandon(tmp_path, "junk", b"\xff" * 777)
    (made,) = recover(tmp_path)
    assert made.stem == "torn"
    assert load(made).times.tolist() == [0.0, 1.0, 3.0]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["torn.npz"]


def test_adding_is_cheap(tmp_path: Path) -> None:
    recording, pose = Recorder(tmp_path, "idle"), np.zeros(SIZE, np.float32)
    began = time.perf_counter()
    for number in range(10_000):
        recording.add(TrackedPose(1.0 + number / 120, pose))
    each = (time.perf_counter() - began) / 10_000
    print(f"adding a pose: {each * 1e6:.1f} us")
    assert each < 0.001
    assert len(load(recording.finish()).times) == 10_000
