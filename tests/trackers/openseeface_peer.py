"""Feeding an OpenSeeFace tracker over its socket, in step."""

import time
from collections.abc import Sequence

from ezvtb_core.pose import TrackedPose
from tests.peers import Record, Sender, wait_until
from trackers.openseeface import OpenSeeFaceTracker


def port_of(tracker: OpenSeeFaceTracker) -> int:
    return tracker._receiver.port


def feed(tracker: OpenSeeFaceTracker, records: Sequence[Record]) -> list[TrackedPose]:
    """Send each datagram and wait for what it gives: every pose, in order, over the real socket."""
    poses: list[TrackedPose] = []
    with Sender(port_of(tracker)) as sender:
        for _, payload in records:
            before = tracker.latest()
            sender.send(payload)
            assert wait_until(lambda before=before: tracker.latest() is not before, poll=0.0003)
            latest = tracker.latest()
            assert latest is not None
            poses.append(latest)
    return poses


def settle(tracker: OpenSeeFaceTracker, payload: bytes) -> None:
    """Let it calibrate on one datagram, which takes half a second of real time."""
    for _ in range(16):
        feed(tracker, [(0.0, payload)])
        time.sleep(0.04)
