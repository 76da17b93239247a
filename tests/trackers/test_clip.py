"""trackers/clip.py: what is played is what was recorded, loops have no jump, blinks stay whole, and what the tracker says."""

import time
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.link.locale import say
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import HIGHEST, LOWEST, SIZE, FloatArray, TrackedPose
from tests.peers import CAPTURES, wait_until
from tests.trackers.movements import HEAD_Y, LEFT_LID, random_poses, swaying, tracked
from trackers.clip import FADE_SECONDS, LIDS, ClipTracker, Player, find, spell
from trackers.clip_file import Clip, ClipError, load, save
from trackers.context import Context
from trackers.recorder import Recorder


def _clip(times: list[float], poses: FloatArray) -> Clip:
    return Clip(np.array(times), poses, np.zeros((len(times), 3), np.float32))


def test_poses_are_met_at_their_moments_and_joined_between() -> None:
    clip = swaying(5.0)
    player = Player(clip)
    for moment, pose, position in zip(clip.times.tolist(), clip.poses, clip.positions, strict=True):
        (played, place), seen = player.once(moment)
        assert np.allclose(played, pose, atol=1e-6)
        assert np.allclose(place, position, atol=1e-6)
        assert seen == moment
    (between, _), _ = player.once(0.05)
    assert between[HEAD_Y] == pytest.approx(clip.poses[1:3, HEAD_Y].mean(), abs=1e-6)


def _played(player: Player, seconds: float, rate: float) -> FloatArray:
    return np.array([player.loop(number / rate)[0][0] for number in range(round(seconds * rate))])


def test_a_loop_has_no_jump() -> None:
    clip = swaying(10.0, rate=60.0)
    played = _played(Player(clip), 45.0, 240.0)
    recorded = np.abs(np.diff(clip.poses[:, HEAD_Y])).max() * 60
    jump = abs(clip.poses[-1, HEAD_Y] - clip.poses[0, HEAD_Y])
    assert jump > 0.5  # or the recording would loop by itself
    fastest = np.abs(np.diff(played[:, HEAD_Y])).max() * 240
    print(f"fastest turn {recorded:.2f} in the recording, {fastest:.2f} in the loop, per second")
    assert fastest < recorded + 1.6 * jump / FADE_SECONDS  # smoothstep is 1.5 times as steep in its middle
    assert np.abs(np.diff(played, axis=0)).max() < 0.1


def test_every_turn_of_a_loop_shows_the_whole_recording() -> None:
    clip = swaying(10.0)
    player = Player(clip)
    assert player.period == pytest.approx(9.5)
    (first, _), _ = player.loop(4.0)
    (later, _), seen = player.loop(4.0 + 3 * player.period)
    assert np.allclose(first, later, atol=1e-5)
    assert seen == pytest.approx(4.0 + 3 * player.period)


@pytest.mark.parametrize("rate", [20.0, 60.0])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.7])
def test_every_recorded_blink_shows_whole_at_thirty_pictures_per_second(rate: float, phase: float) -> None:
    blinks = (1.0, 2.5, 4.2, 9.4)
    player = Player(swaying(10.0, rate, blinks))
    for turn in range(3):
        for blink in blinks:
            moments = turn * player.period + blink + (np.arange(-9, 10) + phase) / 30
            lids = [float(player.loop(moment)[0][0][LEFT_LID]) for moment in moments.tolist() if moment >= 0]
            assert max(lids) > 0.99, (turn, blink)


def test_lids_do_not_stay_shut_in_the_seam() -> None:
    """Both the end and the beginning have a blink in the half second of the seam: each is whole or absent."""
    clip = swaying(10.0, 30.0, (0.1, 9.9))
    played = _played(Player(clip), 30.0, 120.0)[:, LEFT_LID]
    partly = (played > 0.05) & (played < 0.95)
    assert partly.mean() < 0.02
    assert np.abs(np.diff(played)).max() < 0.6


def test_where_the_tracker_had_lost_its_face_it_is_lost_again() -> None:
    player = Player(_clip([0.0, 0.1, 3.0, 3.1], random_poses(4)))
    (pose, _), seen = player.once(2.0)
    assert seen == pytest.approx(0.1)
    assert np.array_equal(pose[:12], player.once(0.1)[0][0][:12])
    assert player.once(3.05)[1] == 3.05
    assert player.loop(2.0 + 2 * player.period)[1] == pytest.approx(0.1 + 2 * player.period)


def test_the_last_pose_is_held_with_open_eyes() -> None:
    clip = swaying(5.0, 30.0, blinks=(5.0,))
    player = Player(clip)
    assert player.end(0.0)[0][LEFT_LID] == 1.0
    held = player.end(3.0)[0]
    assert held[LEFT_LID] == 0.0
    assert held[HEAD_Y] == pytest.approx(clip.poses[-1, HEAD_Y])
    asleep = _clip([0.0, 1.0, 2.0], np.ones((3, SIZE), np.float32))
    assert (Player(asleep).end(9.0)[0][LIDS] == 1.0).all()


def test_a_single_pose_stands_still() -> None:
    pose = random_poses(1)
    player = Player(_clip([0.0], pose))
    for moment in (0.0, 1.0, 1e6):
        assert np.array_equal(player.loop(moment)[0][0], pose[0])
    assert np.array_equal(player.end(1.0)[0], pose[0])


def test_played_poses_are_in_range() -> None:
    player = Player(_clip(np.cumsum(np.random.default_rng(1).uniform(0, 0.6, 200)).tolist(), random_poses(200)))
    played = _played(player, 200.0, 37.0)
    assert (played >= LOWEST).all()
    assert (played <= HIGHEST).all()


class _Clock:
    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


def _tracker(folder: Path, clock: _Clock, **values: str) -> ClipTracker:
    made = ClipTracker(Settings(tracker="clip", **values), Context(clips=folder), now=clock)
    assert made.status().state == "starting"
    assert made.latest() is None
    made.start()
    assert wait_until(lambda: made.status().state != "starting")
    return made


def _latest(tracker: ClipTracker) -> TrackedPose:
    found = tracker.latest()
    assert found is not None
    return found


def _said(tracker: ClipTracker) -> str:
    return say(tracker.status().notice, "en-US")


def test_the_newest_recording_is_looped(tmp_path: Path) -> None:
    save(tmp_path / "tune.npz", swaying(10.0))
    clock = _Clock()
    tracker = _tracker(tmp_path, clock)
    assert _said(tracker) == "Playing the recording tune: 0:00 of 0:10."
    clock.now += 4.0
    first = _latest(tracker)
    assert first.time == pytest.approx(504.0)
    clock.now += 9.5
    assert np.allclose(_latest(tracker).pose, first.pose, atol=1e-4)
    assert _latest(tracker).position == pytest.approx(first.position, abs=1e-4)
    assert "0:04 of" in _said(tracker)
    assert tracker.status().state == "live"
    tracker.recentre()
    tracker.stop()
    tracker.stop()


def test_what_happens_at_the_end_can_be_changed_live(tmp_path: Path) -> None:
    clip = swaying(10.0)
    save(tmp_path / "tune.npz", clip)
    clock = _Clock()
    tracker = _tracker(tmp_path, clock, clip_end="hold")
    clock.now += 60.0
    assert "has been played" in _said(tracker)
    held = _latest(tracker)
    assert held.time == pytest.approx(560.0)
    assert held.pose[HEAD_Y] == pytest.approx(clip.poses[-1, HEAD_Y])
    tracker.update(Settings(clip_end="idle"))
    assert _latest(tracker).time == pytest.approx(510.0)  # grows stale, so that the loss policy brings idle movement
    tracker.update(Settings(clip_end="loop"))
    assert np.abs(_latest(tracker).pose[HEAD_Y] - held.pose[HEAD_Y]) < 0.4  # the seam, not the beginning
    clock.now += 9.5 * 3 + 2.0
    inside = _latest(tracker).pose
    tracker.update(Settings(clip_end="hold"))
    assert np.allclose(_latest(tracker).pose, inside, atol=1e-4)  # plays to its end first
    clock.now += 60.0
    assert _latest(tracker).pose[HEAD_Y] == pytest.approx(clip.poses[-1, HEAD_Y])


def test_who_is_told_when_the_file_is_read(tmp_path: Path) -> None:
    save(tmp_path / "tune.npz", swaying(1.0))
    told: list[bool] = []
    tracker = ClipTracker(Settings(tracker="clip"), Context(clips=tmp_path))
    tracker.start(lambda: told.append(True))
    assert wait_until(lambda: told == [True])
    assert _latest(tracker).time <= time.monotonic()


def test_trouble_is_a_sentence_with_a_next_step(tmp_path: Path) -> None:
    tracker = _tracker(tmp_path / "clips", _Clock())
    assert tracker.status().state == "error"
    assert "press Record movement" in _said(tracker)
    tracker = _tracker(tmp_path, _Clock(), clip="gone")
    assert "There is no recording" in _said(tracker)
    assert str(tmp_path / "gone") in _said(tracker)
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    tracker = _tracker(tmp_path, _Clock(), clip="bad")
    assert "is damaged" in _said(tracker)
    assert tracker.latest() is None
    tracker.update(Settings(clip_end="hold"))


def test_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.npz", "b.npz", "poses.npy"):
        (tmp_path / name).write_bytes(b"")
    assert find("a", tmp_path) == tmp_path / "a.npz"
    assert find("b.npz", tmp_path) == tmp_path / "b.npz"
    assert find(str(tmp_path / "poses.npy"), tmp_path / "other") == tmp_path / "poses.npy"
    monkeypatch.chdir(tmp_path)
    assert find("poses.npy", tmp_path / "other").resolve() == tmp_path / "poses.npy"
    assert find("", tmp_path).suffix == ".npz"
    for wanted in ("c", "..", ".", "x" * 4000):
        with pytest.raises(ClipError):
            find(wanted, tmp_path)


def test_what_is_recorded_from_a_clip_is_the_clip(tmp_path: Path) -> None:
    """Record → play → record: the second recording equals the first."""
    clip = swaying(4.0, rate=30.0)
    recording = Recorder(tmp_path, "webcam")
    for pose in tracked(clip):
        recording.add(pose)
    player, again = Player(load(recording.finish())), Recorder(tmp_path, "clip")
    for moment in clip.times.tolist():
        (pose, (x, y, z)), seen = player.once(moment)
        again.add(TrackedPose(3000.0 + seen, pose, (float(x), float(y), float(z))))
    copy = load(again.finish())
    assert np.allclose(copy.poses, clip.poses, atol=1e-5)
    assert np.allclose(copy.times, clip.times, atol=1e-6)


def test_the_published_recording_plays() -> None:
    file = CAPTURES / "pose_20fps_first.npy"
    if not file.exists():
        pytest.skip(f"MISSING CAPTURE: {file} is not here, so no published recording was played")
    clip = load(file)
    player = Player(clip)
    played = np.array([player.once(moment)[0][0] for moment in clip.times.tolist()])
    others = np.r_[0 : LIDS.start, LIDS.stop : SIZE]
    assert np.allclose(played[:, others], clip.poses[:, others], atol=1e-6)
    assert (played[:, LIDS] >= clip.poses[:, LIDS]).all()


def test_a_pose_is_cheap() -> None:
    player, began = Player(swaying(600.0, 60.0)), time.perf_counter()
    for number in range(2000):
        player.loop(number / 7)
    each = (time.perf_counter() - began) / 2000
    print(f"a pose of a clip: {each * 1e6:.0f} us")
    assert each < 0.005


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (7.9, "0:07"), (750, "12:30"), (3723, "1:02:03")])
def test_spelling(seconds: float, text: str) -> None:
    assert spell(seconds) == text
