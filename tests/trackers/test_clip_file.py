"""trackers/clip_file.py: what is kept comes back, what else there is on disks is read or refused in a sentence, and fuzz."""

import io
import random
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.commands.measure import Recorder as DemoRecorder
from ezvtb_core.link.locale import say
from ezvtb_core.pose import HIGHEST, LOWEST, SIZE, TrackedPose
from tests.peers import CAPTURES
from tests.trackers.movements import random_poses, swaying
from trackers import clip_file
from trackers.clip_file import Clip, ClipError, load, recordings, save


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    clip, file = swaying(3.0), tmp_path / "new folder" / "a clip.npz"
    save(file, clip)
    again = load(file)
    assert np.array_equal(again.times, clip.times)
    assert np.array_equal(again.poses, clip.poses)
    assert np.array_equal(again.positions, clip.positions)
    assert again.seconds == 3.0
    assert [entry.name for entry in file.parent.iterdir()] == ["a clip.npz"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clip.npz"
    save(file, swaying(1.0))
    before = file.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        save(file, swaying(2.0))
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_times_begin_at_zero_and_values_are_limited(tmp_path: Path) -> None:
    file = tmp_path / "clip.npz"
    np.savez(file, time=[5e6, 5e6 + 1], pose=np.full((2, SIZE), 7.0), position=np.full((2, 3), -1e30))
    clip = load(file)
    assert clip.times.tolist() == [0.0, 1.0]
    assert (clip.poses == HIGHEST).all()
    assert (clip.positions == -clip_file.POSITION_LIMIT).all()
    assert (clip.poses.dtype, clip.positions.dtype, clip.times.dtype) == (np.float32, np.float32, np.float64)


def test_what_demo_records_is_read(tmp_path: Path) -> None:
    recorder, poses = DemoRecorder(), random_poses(20)
    for number, pose in enumerate(poses):
        recorder.add(TrackedPose(77.0 + number / 30, pose))
    recorder.save(tmp_path / "demo.npz")
    clip = load(tmp_path / "demo.npz")
    assert np.array_equal(clip.poses, poses)
    assert clip.seconds == pytest.approx(19 / 30)
    assert not clip.positions.any()


def test_a_plain_array_of_poses_is_played_at_twenty_per_second(tmp_path: Path) -> None:
    np.save(tmp_path / "poses.npy", random_poses(41))
    assert load(tmp_path / "poses.npy").seconds == pytest.approx(2.0)


def test_the_published_recording_is_read() -> None:
    file = CAPTURES / "pose_20fps_first.npy"
    if not file.exists():
        pytest.skip(f"MISSING CAPTURE: {file} is not here, so no published recording was read")
    clip = load(file)
    assert (len(clip.times), round(clip.seconds)) == (2500, 125)
    assert np.array_equal(clip.poses, np.clip(np.load(file), LOWEST, HIGHEST))


def _npz(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _objects() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, time=np.array([1, "x"], object), pose=np.zeros((2, SIZE)), allow_pickle=True)
    return stream.getvalue()


_TWO = np.zeros((2, SIZE), np.float32)
_NAN = np.full((2, SIZE), np.nan)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "clip_foreign"),
        (b"hello, this is a text", "clip_foreign"),
        (b"PK\x03\x04 cut off", "clip_damaged"),
        (_npz(time=[0, 1], pose=_TWO)[:-30], "clip_damaged"),
        (_npz(time=[0, 1], pose=_TWO).replace(b"\0" * 64, b"\1" * 64), "clip_damaged"),
        (_npz(time=[0, 1]), "clip_foreign"),
        (_npz(pose=_TWO), "clip_foreign"),
        (_npz(time=[], pose=np.zeros((0, SIZE))), "clip_foreign"),
        (_npz(time=[0, 1], pose=np.zeros((2, 44))), "clip_foreign"),
        (_npz(time=[0, 1, 2], pose=_TWO), "clip_foreign"),
        (_npz(time=[[0, 1]], pose=_TWO), "clip_foreign"),
        (_npz(time=[0, 1], pose=_TWO, position=np.zeros((2, 4))), "clip_foreign"),
        (_npz(time=["a", "b"], pose=_TWO), "clip_foreign"),
        (_npz(time=[0, 1], pose=_TWO, version=2), "clip_newer"),
        (_npz(time=[0, 1], pose=_TWO, version=[1]), "clip_newer"),
        (_npz(time=[1, 0], pose=_TWO), "clip_damaged"),
        (_npz(time=[0, np.inf], pose=_TWO), "clip_damaged"),
        (_npz(time=[0, 1], pose=_NAN), "clip_damaged"),
        (_npz(time=[-1e308, 1e308], pose=_TWO), "clip_too_long"),
        (_npz(time=[0, 7201], pose=_TWO), "clip_too_long"),
        (_objects(), "clip_foreign"),
    ],
    ids=range(21),
)
def test_other_files_are_refused_in_a_sentence(tmp_path: Path, content: bytes, code: str) -> None:
    file = tmp_path / "x.npz"
    file.write_bytes(content)
    with pytest.raises(ClipError) as caught:
        load(file)
    assert caught.value.notice.code == code
    for locale in ("en-US", "zh-CN"):
        said = say(caught.value.notice, locale)
        assert str(file) in said and "{" not in said


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="There is no recording"):
        load(tmp_path / "gone.npz")
    with pytest.raises(ClipError, match="cannot be read"):
        load(tmp_path)


def _lying(shape: str) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * ((-(len(header) + 11)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize("shape", ["(10000000000, 45)", "(-5, 45)", "(2**9,)", "(" * 500, "(99999999999999999999, 45)"])
def test_a_header_that_lies_costs_no_memory(tmp_path: Path, shape: str) -> None:
    for name, content in (("x.npy", _lying(shape)), ("x.npz", None)):
        file = tmp_path / name
        if content is None:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("time.npy", _lying(shape))
                archive.writestr("pose.npy", _lying(shape))
        else:
            file.write_bytes(content)
        tracemalloc.start()
        try:
            with pytest.raises(ClipError, match="is not a recording"):
                load(file)
            assert tracemalloc.get_traced_memory()[1] < 4_000_000
        finally:
            tracemalloc.stop()


def test_an_archive_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_file, "MOST_POSES", 1000)
    file = tmp_path / "bomb.npz"
    np.savez_compressed(file, time=np.zeros(60_000), pose=np.zeros((60_000, SIZE)))
    with pytest.raises(ClipError, match="longer than 2 hours"):
        load(file)


_PLAIN = _npz(time=np.arange(9.0), pose=np.zeros((9, SIZE), np.float32), position=np.zeros((9, 3), np.float32), version=1)


def _fine(clip: Clip) -> bool:
    return bool((clip.poses >= LOWEST).all() and (clip.poses <= HIGHEST).all() and (np.diff(clip.times) >= 0).all())


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_fuzz_arbitrary_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.npz"
    for start in (b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00"):
        file.write_bytes(start + content)
        with pytest.raises(ClipError):
            load(file)


def test_fuzz_mutated_recordings(tmp_path: Path) -> None:
    chance, file, read = random.Random(4), tmp_path / "fuzz.npz", 0
    for _ in range(3000):
        content = bytearray(_PLAIN)
        for _ in range(chance.choice((1, 2, 8))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if chance.random() < 0.2:
            del content[chance.randrange(len(content)) :]
        file.write_bytes(content)
        try:
            clip = load(file)
        except ClipError:
            continue
        assert _fine(clip)
        read += 1
    print(f"{read} of 3000 damaged files were read all the same")


def test_recordings_newest_first(tmp_path: Path) -> None:
    import os

    assert recordings(tmp_path / "nowhere") == []
    for age, name in ((30, "old.npz"), (10, "new.npz"), (20, "middle.npz"), (0, "raw.part"), (0, ".hidden.npz")):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1_700_000_000 - age, 1_700_000_000 - age))
    assert [file.stem for file in recordings(tmp_path)] == ["new", "middle", "old"]
