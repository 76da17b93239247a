"""ezvtb_core/smoothing.py: One-Euro against the paper's scalar algorithm, jitter and lag, and odd times."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import BREATHING, HIGHEST, INDEX, LOWEST, SIZE, neutral
from ezvtb_core.smoothing import OneEuro
from tests.peers import capture
from tests.trackers.recorded_faces import mediapipe
from trackers.context import Context
from trackers.face import FaceFrame
from trackers.face_reader import FaceReader
from trackers.openseeface_follow import FaceFollower

HEAD, MOUTH, LID = INDEX["head_y"], INDEX["mouth_aaa"], INDEX["eye_wink_left"]
DT = 1 / 30


def filtered(signal: np.ndarray, smoothing: int, index: int = HEAD, dt: float = DT) -> np.ndarray:
    """`signal` (N,) through the filter as one value of the pose."""
    euro, out = OneEuro(smoothing), []
    for value in signal:
        pose = neutral()
        pose[index] = value
        out.append(euro(pose, dt)[index])
    return np.array(out)


def paper(signal: np.ndarray, minimum: float, beta: float, dt: float) -> list[float]:
    """The algorithm of the CHI 2012 paper, one value at a time."""

    def weight(cutoff: float) -> float:
        return 1 / (1 + 1 / (2 * math.pi * cutoff * dt))

    value, speed, out = float(signal[0]), 0.0, [float(signal[0])]
    for new in signal[1:]:
        speed += weight(1.0) * ((new - value) / dt - speed)
        value += weight(minimum + beta * abs(speed)) * (new - value)
        out.append(value)
    return out


@pytest.mark.parametrize("smoothing", [1, 30, 100])
def test_it_is_the_papers_filter(smoothing: int) -> None:
    signal = np.cumsum(np.random.default_rng(1).normal(0, 0.05, 200)).clip(-1, 1)
    euro = OneEuro(smoothing)
    expected = paper(signal.astype(np.float32), euro._minimum[HEAD], euro._beta[HEAD], DT)
    assert filtered(signal, smoothing) == pytest.approx(expected, abs=1e-6)


def test_zero_passes_everything_bit_for_bit() -> None:
    random, euro = np.random.default_rng(2), OneEuro(0)
    for _ in range(100):
        pose = random.uniform(LOWEST, HIGHEST).astype(np.float32)
        result = euro(pose, DT)
        assert result.tobytes() == pose.tobytes()
        assert result is not pose


def test_breath_always_passes() -> None:
    euro, random = OneEuro(100), np.random.default_rng(3)
    for value in random.uniform(0, 1, 50):
        pose = neutral()
        pose[BREATHING] = value
        assert euro(pose, DT)[BREATHING] == pytest.approx(value, abs=1e-6)


def test_jitter_falls_and_lag_stays_small() -> None:
    """Figures: noise of a still head, and delay of a head turning at a natural pace (1.2 units in half a second)."""
    random = np.random.default_rng(4)
    noise = random.normal(0, 0.02, 600)
    steps = np.arange(0, 3, DT)
    turn = 0.6 * np.tanh((steps - 1.5) * 5)
    report = {}
    for smoothing in (0, 30, 60, 100):
        jitter = np.diff(filtered(noise, smoothing)).std() / np.diff(noise).std()
        moved = filtered(turn, smoothing)
        lag = float(np.interp(0.0, moved, steps) - np.interp(0.0, turn, steps))
        report[smoothing] = (round(float(jitter), 3), round(lag * 1000))
    print("smoothing: (jitter left, lag in ms)", report)
    assert report[0] == (1.0, 0)
    assert report[30][0] < 0.45
    assert report[30][1] < 60
    assert report[60][0] < 0.3
    assert report[60][1] < 110
    assert report[100][0] < 0.12
    assert report[100][1] < 400


def test_lag_and_jerk_on_a_real_tracker() -> None:
    """On the recording of a lively head: the delay that makes input and output agree best, and what is left of the jerk."""
    follower = FaceFollower(0)
    tracked = [follower.read(payload, moment)[1] for moment, payload in capture("osf_capture_expr.bin")]
    raw = np.array([entry.pose[HEAD] for entry in tracked if entry is not None])[20:]
    report, fine = {}, np.arange(0, len(raw) - 1, 0.1)
    for smoothing in (10, 30, 60, 100):
        shown = filtered(raw, smoothing)
        before, after = (np.interp(fine, np.arange(len(raw)), signal) for signal in (raw, shown))
        delay = max(range(60), key=lambda lag: np.corrcoef(before[: len(before) - lag], after[lag:])[0, 1])
        report[smoothing] = (round(delay * 100 * DT), round(float(np.diff(shown, 2).std() / np.diff(raw, 2).std()), 2))
    print("smoothing: (lag in ms, jerk left)", report)
    assert report[30][0] < 60
    assert report[30][1] < 0.5
    assert report[100][0] < 150
    assert report[100][1] < 0.3


@pytest.mark.parametrize("clip", ["khill", "expr"])
def test_mouth_and_blink_are_not_late_on_real_faces(tmp_path: Path, clip: str) -> None:
    """At the default, on what MediaPipe saw: less than half a frame late at 30 Hz, while the head's jitter falls."""
    recording = mediapipe(clip)
    reader = FaceReader("webcam", Settings(), Context(calibrations=tmp_path))
    frames = zip(recording.shapes, recording.head.tolist(), strict=True)
    tracked = [reader.read(FaceFrame(count * recording.frame_seconds, *face)) for count, face in enumerate(frames)]
    poses = np.array([entry.pose for entry in tracked if entry is not None])[20:]
    euro, fine = OneEuro(30), np.arange(0, len(poses) - 1, 0.05)
    shown = np.array([euro(pose, recording.frame_seconds) for pose in poses])
    late, jerk = {}, {}
    for name in ("mouth_aaa", "mouth_raised_corner_left", "eye_wink_left", "head_x", "head_y"):
        raw, smooth = poses[:, INDEX[name]], shown[:, INDEX[name]]
        before, after = (np.interp(fine, np.arange(len(poses)), signal) for signal in (raw, smooth))
        lag = max(range(60), key=lambda lag: np.corrcoef(before[: len(before) - lag], after[lag:])[0, 1])
        late[name], jerk[name] = lag * 0.05, float(np.diff(smooth, 2).std() / np.diff(raw, 2).std())
    print(f"smoothing {clip}: frames late {late}, jerk left {jerk}")
    assert max(late["mouth_aaa"], late["mouth_raised_corner_left"], late["eye_wink_left"]) < 0.5
    assert shown[:, LID].max() > 0.9 * poses[:, LID].max()
    assert max(late["head_x"], late["head_y"]) < 1.5
    assert max(jerk["head_x"], jerk["head_y"]) < 0.75


@pytest.mark.parametrize(("index", "name"), [(LID, "lid"), (MOUTH, "mouth")])
def test_lids_and_mouth_stay_quick(index: int, name: str) -> None:
    """A blink of four frames at 30 per second must still shut the eye at any setting."""
    signal = np.r_[np.zeros(10), 0.6, 1.0, 1.0, 0.5, np.zeros(10)]
    for smoothing, least in ((30, 0.93), (100, 0.8)):
        shown = filtered(signal, smoothing, index)
        assert shown.max() > least, (name, smoothing)
        assert shown[-6:].max() < 0.05


def test_a_still_input_is_reached() -> None:
    assert filtered(np.r_[0.0, np.full(200, 0.7)], 100)[-1] == pytest.approx(0.7, abs=1e-3)


@pytest.mark.parametrize("dt", [0.0, -1.0, float("nan"), 1e-12])
def test_time_that_does_not_move_gives_the_last_result(dt: float) -> None:
    euro = OneEuro(50)
    pose, other = neutral(), neutral()
    other[HEAD] = 1.0
    euro(pose, DT)
    assert euro(other, dt)[HEAD] == 0.0
    assert 0.0 < euro(other, DT)[HEAD] < 1.0


def test_after_a_long_pause_the_new_pose_is_taken_as_it_is() -> None:
    euro, other = OneEuro(100), neutral()
    other[HEAD] = 1.0
    euro(neutral(), DT)
    assert euro(other, 5.0)[HEAD] == 1.0
    euro.reset()
    assert euro(neutral(), DT)[HEAD] == 0.0


def test_low_frame_rates_do_not_add_lag() -> None:
    """At 5 frames per second each frame is already half a head turn: nearly all of it must pass at the default."""
    assert filtered(np.array([0.0, 1.0]), 30, dt=0.2)[1] > 0.8


def test_changing_the_setting_does_not_jump() -> None:
    euro, pose = OneEuro(80), neutral()
    euro(pose, DT)
    pose[HEAD] = 0.02
    first = euro(pose, DT)[HEAD]
    euro.smoothing = 60
    assert abs(euro(pose, DT)[HEAD] - first) < 0.02
    assert euro.smoothing == 60
    euro.smoothing = 1000
    assert euro.smoothing == 100


def test_what_is_not_a_number_is_taken_as_unchanged() -> None:
    euro, bad = OneEuro(40), np.full(SIZE, np.nan, np.float32)
    bad[0] = np.inf
    assert not euro(bad, DT).any()
    half = neutral()
    half[HEAD] = 0.5
    before = euro(half, DT)
    assert (euro(bad, DT) == before).all()


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.floats(-1, 2)), min_size=1, max_size=30), st.integers(0, 100))
@settings(max_examples=150)
def test_ranges_are_kept(frames: list[tuple[int, float]], smoothing: int) -> None:
    euro = OneEuro(smoothing)
    for seed, dt in frames:
        result = euro(np.random.default_rng(seed).uniform(LOWEST, HIGHEST).astype(np.float32), dt)
        assert result.dtype == np.float32
        assert (result >= LOWEST).all()
        assert (result <= HIGHEST).all()
