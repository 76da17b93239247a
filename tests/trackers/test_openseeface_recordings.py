"""The whole OpenSeeFace tracker over real sockets with recordings of the real program, at its own pace where time matters."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import HIGHEST, INDEX, LOWEST, Times, TrackedPose
from tests.peers import Record, Replayer, capture, free_port, wait_until
from tests.trackers.openseeface_peer import feed, port_of, settle
from trackers.context import Context
from trackers.idle import IdleMotion
from trackers.openseeface import OpenSeeFaceTracker
from trackers.openseeface_follow import FaceFollower
from trackers.openseeface_packet import parse
from trackers.presence import Presence

HEAD = [INDEX[name] for name in ("head_y", "head_x", "neck_z")]


def angles(records: Sequence[Record], which: int = 0) -> np.ndarray:
    """(N, 3) what head_y, head_x and neck_z have to follow: minus the program's yaw, its pitch, its roll."""
    faces = [parse(payload)[which] for _, payload in records]
    return np.array([(seen.yaw, seen.pitch, seen.roll) for seen in faces])


def correlations(poses: Sequence[TrackedPose], wanted: np.ndarray) -> list[float]:
    got = np.array([tracked.pose[HEAD] for tracked in poses])
    return [float(np.corrcoef(got[:, axis], wanted[:, axis])[0, 1]) for axis in range(3)]


def test_a_new_face_is_ignored_until_its_fit_has_settled() -> None:
    records = capture("osf_capture_2faces.bin")
    follower = FaceFollower(1)
    found = [follower.read(payload, moment)[1] for moment, payload in records]
    poses = np.array([tracked.pose for tracked in found[5:] if tracked is not None])
    assert len(poses) == 195
    assert abs(poses[:, HEAD]).max() < 1.0


@pytest.mark.parametrize("name", ["osf_capture.bin", "osf_capture_expr.bin"])
def test_replay_over_a_socket_follows_the_head(tracker: OpenSeeFaceTracker, name: str) -> None:
    records = capture(name)
    settle(tracker, records[0][1])
    found = correlations(feed(tracker, records), angles(records))
    print(name, "head_y, head_x, neck_z:", [round(value, 3) for value in found])
    assert min(found) >= 0.95
    assert tracker.status().state == "live"


@pytest.mark.parametrize("wanted", [0, 1])
def test_two_faces_follow_the_chosen_one(wanted: int, tmp_path: Path) -> None:
    records = capture("osf_capture_2faces.bin")[3:]
    tracker = OpenSeeFaceTracker(
        Settings(tracker="openseeface", openseeface_port=free_port(), openseeface_face=wanted), Context(calibrations=tmp_path)
    )
    tracker.start()
    try:
        assert wait_until(lambda: tracker.status().state == "waiting")
        settle(tracker, records[0][1])
        found = correlations(feed(tracker, records), angles(records, wanted))
    finally:
        tracker.stop()
    print("face", wanted, [round(value, 3) for value in found])
    assert min(found) >= 0.95


@pytest.mark.slow
def test_real_pace_with_loss_and_garbage(tracker: OpenSeeFaceTracker) -> None:
    """Five seconds as they happened, every fifth datagram lost and garbage between: the head is still followed."""
    records = capture("osf_capture.bin")[:120]
    wanted = angles(records)
    replayer = Replayer(records, port_of(tracker), keep=[True, True, False, True, True], garbage_every=3)
    seen: list[TrackedPose] = []
    replayer.start()
    while replayer.is_alive():
        latest = tracker.latest()
        if latest is not None and (not seen or latest is not seen[-1]):
            seen.append(latest)
        time.sleep(0.002)
    replayer.stop()
    sent = np.array([moment for moment, _ in replayer.sent])
    # A pose belongs to the last datagram sent before it arrived (sending is noted after the fact, hence the millisecond).
    owner = [replayer.sent[max(int(np.searchsorted(sent, tracked.time + 0.02)) - 1, 0)][1] for tracked in seen]
    found = correlations(seen, wanted[owner])
    print(f"{len(seen)} of {len(sent)} datagrams at real pace:", [round(value, 3) for value in found])
    assert len(seen) >= 0.9 * len(sent)
    assert min(found) >= 0.95
    assert tracker._receiver.traffic().rejected > 20
    assert 10 < tracker.status().rate < 30


def _watch(tracker: OpenSeeFaceTracker, running: Callable[[], bool]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """What an engine at 30 per second would show: (times (N,), poses (N, 45), presence states)."""
    presence, idle = Presence(), IdleMotion(5)
    times, poses, states = [], [], []
    while running():
        now = time.monotonic()
        poses.append(presence.blend(tracker.latest(), now, idle.pose(now, 1.0), Times(1.0, 1.5)))
        times.append(now)
        states.append(presence.state)
        time.sleep(max(now + 1 / 30 - time.monotonic(), 0.0))
    return np.array(times), np.array(poses), states


@pytest.mark.slow
def test_gap_at_real_pace_holds_eases_and_comes_back(tracker: OpenSeeFaceTracker) -> None:
    """The 3.2 s hole that the program makes when it sees no face, from 0.8 s before to 1 s after."""
    records = capture("osf_capture_gap.bin")
    moments = np.array([moment for moment, _ in records])
    hole = int(np.argmax(np.diff(moments)))
    part = records[hole - 19 : hole + 28]
    replayer = Replayer(part, port_of(tracker))
    statuses: list[str] = []
    replayer.start()
    watcher = threading.Thread(target=lambda: [statuses.append(tracker.status().state) or time.sleep(0.05) for _ in range(105)])
    watcher.start()
    times, poses, states = _watch(tracker, replayer.is_alive)
    watcher.join()
    order = [state for state, before in zip(states, [None, *states[:-1]], strict=True) if state != before]
    assert "live hold ease idle live" in " ".join(order)
    assert "lost" in statuses
    assert tracker.status().state in ("live", "lost")
    back = replayer.sent[20][0]
    assert moments[hole + 1] - moments[hole] > 3
    returned = times[len(states) - 1 - states[::-1].index("idle") + 1]
    assert returned - back < 1.0
    # Head and body may not jump: at most what 1/30 s of the blends can do. Idle's glances are jumps on purpose.
    calm = np.r_[INDEX["head_x"] : INDEX["body_z"] + 1]
    steps = np.abs(np.diff(poses[:, calm], axis=0)).max(axis=1) / np.maximum(np.diff(times) * 30, 1.0)
    lost, found = states.index("hold"), len(states) - 1 - states[::-1].index("idle")
    away, coming = steps[lost - 1 : found], steps[found:]
    print(f"largest step per 1/30 s: lost {away.max():.3f}, coming back {coming.max():.3f}; back after {returned - back:.2f} s")
    assert away.max() < 0.1
    assert coming.max() < 0.3  # the way back of 0.4 s, plus what the head itself moves
    assert (poses >= LOWEST).all()
    assert (poses <= HIGHEST).all()
