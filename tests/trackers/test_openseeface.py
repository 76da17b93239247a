"""trackers/openseeface.py: which face is followed, what the tracker says, and that nothing brings it down."""

import re
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.link.locale import say
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import INDEX
from tests.captures.openseeface_synthetic import face
from tests.peers import Sender, free_port, wait_until
from tests.trackers.openseeface_peer import feed, port_of, settle
from trackers.context import Context
from trackers.listening import LOST_SECONDS
from trackers.openseeface import OpenSeeFaceTracker
from trackers.openseeface_follow import FaceFollower, choose
from trackers.openseeface_packet import parse


def test_choose() -> None:
    faces = parse(face(face_id=0, error=9) + face(face_id=1, error=5) + face(face_id=2, fitted=False))

    def chosen(wanted: int, followed: int | None = None) -> int:
        picked = choose(faces, wanted, followed)
        assert picked is not None
        return picked.id

    assert chosen(0) == 0
    assert chosen(1) == 1
    assert chosen(2) == 1  # seen, but not fitted: the best fit instead
    assert chosen(7) == 1
    assert chosen(7, followed=0) == 0  # stays with whom it was
    assert choose(parse(face(error=2188)), 0, None) is None
    assert choose([], 0, None) is None


def test_a_neighbour_is_not_followed_because_of_one_bad_frame() -> None:
    follower, both, other = FaceFollower(0), face(face_id=0) + face(face_id=1, right=40), face(face_id=1, right=40)
    assert follower.read(both, 0.0)[1] is not None
    assert follower.read(other, 0.5) == (True, None)
    assert follower.read(both, 0.9)[1] is not None
    assert follower.read(other, 1.5) == (True, None)
    assert follower.read(other, 2.0)[1] is not None
    returned = follower.read(both, 2.1)[1]
    assert returned is not None
    assert abs(returned.pose[INDEX["head_y"]]) < 1e-3  # the first face again, with its own calibration


def test_calibrations_are_bounded() -> None:
    follower = FaceFollower(0)
    for number in range(300):
        follower.read(face(face_id=number), number * 2.0)
    assert len(follower._mappers) <= 64


def test_two_avatars_follow_two_faces_on_one_port(tmp_path: Path) -> None:
    port = free_port()
    made = [
        OpenSeeFaceTracker(
            Settings(tracker="openseeface", openseeface_port=port, openseeface_face=n), Context(calibrations=tmp_path)
        )
        for n in (0, 1)
    ]
    for tracker in made:
        tracker.start()
    try:
        assert wait_until(lambda: all(tracker.status().state == "waiting" for tracker in made))
        with Sender(port) as sender:
            for turn in [0.0] * 20 + [15.0]:
                sender.send(face(face_id=0, right=turn) + face(face_id=1, right=-turn))
                time.sleep(0.04)
        assert wait_until(lambda: all(tracker.latest() is not None for tracker in made))
        left, right = (tracker.latest() for tracker in made)
        assert left is not None
        assert right is not None
        assert left.pose[INDEX["head_y"]] > 0.3
        assert right.pose[INDEX["head_y"]] < -0.3
    finally:
        for tracker in made:
            tracker.stop()


def test_face_can_be_changed_live(tracker: OpenSeeFaceTracker) -> None:
    both = face(face_id=0, error=5) + face(face_id=1, open_left=0.0, open_right=0.0)
    feed(tracker, [(0.0, both)])
    tracker.update(Settings(openseeface_face=1))
    (pose,) = feed(tracker, [(0.0, both)])
    assert pose.pose[INDEX["eye_wink_left"]] == 1.0


def test_states_and_sentences(tmp_path: Path) -> None:
    port = free_port()
    tracker = OpenSeeFaceTracker(Settings(tracker="openseeface", openseeface_port=port), Context(calibrations=tmp_path))

    def sentence() -> str:
        return say(tracker.status().notice, "en-US")

    assert tracker.status().state == "starting"
    assert tracker.latest() is None
    tracker.start()
    try:
        with Sender(port) as sender:
            assert wait_until(lambda: tracker.status().state == "waiting")
            assert f"facetracker -i 127.0.0.1 -p {port}" in sentence()
            assert "nothing has come yet" in sentence()
            sender.send(b'{"BlendShapes": []}')
            assert wait_until(lambda: "not OpenSeeFace's" in sentence())
            assert f"127.0.0.1:{sender.port}" in sentence()
            assert tracker.status().state == "waiting"
            sender.send(face(fitted=False))
            assert wait_until(lambda: "sees no face" in sentence())
            assert tracker.status().state == "waiting"
            sender.send(face())
            assert wait_until(lambda: tracker.status().state == "live")
            assert re.search("[123] packets per second", sentence())
            assert wait_until(lambda: tracker.status().state == "lost")
            assert "check that it is still running" in sentence()

            def no_face() -> bool:
                sender.send(face(fitted=False))
                return "sees no face" in sentence()

            assert wait_until(no_face)
            assert tracker.status().state == "lost"
            latest = tracker.latest()
            assert latest is not None
            assert time.monotonic() - latest.time > LOST_SECONDS
    finally:
        tracker.stop()


def test_garbage_keeps_the_last_good_pose(tracker: OpenSeeFaceTracker) -> None:
    random = np.random.default_rng(3)
    feed(tracker, [(0.0, face(right=turn)) for turn in [0.0] * 10 + [20.0]])
    good = tracker.latest()
    with Sender(port_of(tracker)) as sender:
        for length in [0, 1, 1784, 1785, 1785, 1786, 3570, 60000]:
            sender.send(random.bytes(length))
            sender.send(bytes(length))
    assert wait_until(lambda: tracker._receiver.traffic().rejected >= 8)
    assert tracker.latest() is good


def test_recentre_over_the_socket(tracker: OpenSeeFaceTracker) -> None:
    def turn() -> float:
        (tracked,) = feed(tracker, [(0.0, face(right=20.0))])
        return float(tracked.pose[INDEX["head_y"]])

    settle(tracker, face())
    assert turn() > 0.4
    tracker.recentre()
    assert turn() > 0.4
    assert wait_until(lambda: abs(turn()) < 0.01)


def test_port_in_use_is_reported_and_heals(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
        squatter.bind(("127.0.0.1", port))
        tracker = OpenSeeFaceTracker(Settings(tracker="openseeface", openseeface_port=port), Context(calibrations=tmp_path))
        tracker.start()
        try:
            assert wait_until(lambda: tracker.status().state == "error")
            assert str(port) in say(tracker.status().notice, "en-US")
            squatter.close()
            assert wait_until(lambda: tracker.status().state == "waiting")
            feed(tracker, [(0.0, face())])
            assert tracker.status().state == "live"
        finally:
            tracker.stop()


def test_stopping_twice_and_fifty_starts_leave_no_thread(tmp_path: Path) -> None:
    port = free_port()
    for _ in range(50):
        tracker = OpenSeeFaceTracker(Settings(tracker="openseeface", openseeface_port=port), Context(calibrations=tmp_path))
        tracker.start()
        tracker.stop()
        tracker.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("udp-")]


def test_latency_from_datagram_to_pose(tracker: OpenSeeFaceTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The aim is p99 of 1 ms (printed); asserted is what a busy machine can promise for the median."""
    done: list[float] = []
    original = tracker._receiver._counter._on_datagram

    def timed(payload: bytes, sender: str, arrival: float) -> bool:
        known = original(payload, sender, arrival)
        done.append(time.perf_counter())  # the pose can be had from here on
        return known

    monkeypatch.setattr(tracker._receiver._counter, "_on_datagram", timed)
    seconds: list[float] = []
    with Sender(port_of(tracker)) as sender:
        for count in range(300):
            payload = face(right=count % 20)
            began = time.perf_counter()
            sender.send(payload)
            assert wait_until(lambda count=count: len(done) > count, poll=0.003)
            seconds.append(done[count] - began)
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    print(f"datagram to pose: p50 {p50:.3f} ms, p99 {p99:.3f} ms")
    assert p50 < 20


def test_each_pose_is_announced_and_nothing_else(tmp_path: Path) -> None:
    port = free_port()
    tracker = OpenSeeFaceTracker(Settings(tracker="openseeface", openseeface_port=port), Context(calibrations=tmp_path))
    seen: list[object] = []
    tracker.start(lambda: seen.append(tracker.latest()))
    try:
        assert wait_until(lambda: tracker.status().state == "waiting")
        with Sender(port) as sender:
            for number, payload in enumerate((face(), b"garbage", face(fitted=False), face(right=5.0)), 1):
                sender.send(payload)
                assert wait_until(lambda number=number: sum(_counted(tracker)) == number)
    finally:
        tracker.stop()
    assert len(seen) == 2
    assert None not in seen


def _counted(tracker: OpenSeeFaceTracker) -> tuple[int, int]:
    traffic = tracker._receiver.traffic()
    return traffic.accepted, traffic.rejected
