"""trackers/lan.py and lan_sender.py on real sockets: one computer moves, the other shows it."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from ezvtb_core.link.locale import say
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import FloatArray, TrackedPose
from tests.peers import Sender, free_port, wait_until
from tests.trackers.movements import random_poses
from trackers.context import Context
from trackers.lan import LanTracker
from trackers.lan_key import derive
from trackers.lan_packet import Packet, pack
from trackers.lan_sender import LanSender

POSES = random_poses(60)


@contextmanager
def tracker(port: int, key: str = "", notify: Callable[[], None] | None = None) -> Iterator[LanTracker]:
    made = LanTracker(Settings(tracker="lan", lan_port=port, lan_key=key), Context())
    made.start(notify)
    try:
        assert wait_until(lambda: made.status().state == "waiting" and (not key or made._key.value is not None))
        yield made
    finally:
        made.stop()
        made.stop()


@contextmanager
def sender(target: str, key: str = "") -> Iterator[LanSender]:
    made = LanSender(Settings(send_to=target, lan_key=key))
    try:
        assert wait_until(lambda: not key or made._key.value is not None)
        yield made
    finally:
        made.stop()
        made.stop()


def datagram(
    number: int, pose: FloatArray | None = None, session: int = 1, key: bytes | None = None, present: bool = True
) -> bytes:
    return pack(
        Packet(1, present, False, session, number, int(time.monotonic() * 1000), POSES[number % 60] if pose is None else pose),
        key,
    )


def arrives(to: LanTracker, pose: FloatArray) -> bool:
    latest = to.latest()
    return latest is not None and bool(np.abs(latest.pose - pose).max() <= 1 / 32767)


def said(of: LanTracker) -> str:
    return say(of.status().notice, "en-US")


@pytest.mark.parametrize("key", ["", "open sesame"])
@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_every_pose_arrives(address: str, key: str) -> None:
    port, told = free_port(), []
    with tracker(port, key, lambda: told.append(1)) as there, sender(f"{address}:{port}", key) as here:
        assert there.latest() is None
        for count, pose in enumerate(POSES):
            before = time.monotonic()
            here.send(TrackedPose(before, pose, (0.1, -0.2, 0.3)))
            assert wait_until(lambda pose=pose: arrives(there, pose))
            latest = there.latest()
            assert latest is not None
            assert before <= latest.time <= time.monotonic()  # the moment of its arrival, on this computer's clock
            assert latest.position == pytest.approx((0.1, -0.2, 0.3), abs=1e-4)
            assert len(told) <= count + 1
        assert told
        assert there.status().state == "live"
        assert here.notice() is None
        there.recentre()


def test_one_tracker_feeds_another_computer_and_stays_itself() -> None:
    """Two trackers end to end: what the first receives is sent on, and the second shows the same."""
    first_port, second_port = free_port(), free_port()
    onwards = f"127.0.0.1:{second_port}"
    with tracker(first_port) as first, tracker(second_port) as second, sender(onwards) as onward, Sender(first_port) as phone:
        for number in range(1, 30):
            phone.send(datagram(number))
            assert wait_until(lambda number=number: arrives(first, POSES[number]))
            latest = first.latest()
            assert latest is not None
            onward.send(latest)
            assert wait_until(lambda number=number: arrives(second, POSES[number]))


def test_a_face_that_is_lost_is_told_from_a_computer_that_is() -> None:
    port = free_port()
    with tracker(port) as there:
        with sender(f"127.0.0.1:{port}") as here:
            here.send(TrackedPose(time.monotonic(), POSES[0]))
            assert wait_until(lambda: there.status().state == "live")
            assert wait_until(lambda: "sees no face" in said(there))
            assert there.status().state == "lost"
            assert arrives(there, POSES[0])  # a sign of life is no pose
            here.send(TrackedPose(time.monotonic(), POSES[1]))
            assert wait_until(lambda: there.status().state == "live")
        assert wait_until(lambda: "has sent nothing for" in said(there))
        assert there.status().state == "lost"


def test_loss_order_and_duplicates() -> None:
    """30 % lost, a tenth late, a tenth twice, at 60 Hz: what is shown never goes backwards, and ends with the last."""
    port, chance = free_port(), random.Random(3)
    order = list(range(1, 301))
    for index in range(0, 290, 10):
        order[index], order[index + 4] = order[index + 4], order[index]
    ramp = np.repeat(np.arange(301, dtype=np.float32)[:, None] / 301, 45, axis=1)
    shown: list[float] = []
    with tracker(port) as there, Sender(port) as wire:
        for number in order:
            if chance.random() >= 0.3 or number == 300:
                wire.send(datagram(number, ramp[number]))
            if chance.random() < 0.1:
                wire.send(datagram(number, ramp[number]))
            time.sleep(1 / 300)
            latest = there.latest()
            if latest is not None:
                shown.append(float(latest.pose[0]))
        assert wait_until(lambda: arrives(there, ramp[300]))
    print(f"{len(set(shown))} different poses of 300 shown")
    assert shown == sorted(shown)
    assert len(set(shown)) > 100


def test_wrong_and_missing_keys_are_refused_and_named() -> None:
    port = free_port()
    with tracker(port, "right") as there, Sender(port) as wire:
        wire.send(datagram(1, key=derive("wrong")))
        assert wait_until(lambda: "another key" in said(there))
        wire.send(datagram(2))
        assert wait_until(lambda: "without a key" in said(there))
        assert there.status().state == "waiting"
        assert there.latest() is None
        wire.send(datagram(3, key=derive("right")))
        assert wait_until(lambda: there.status().state == "live")
        assert arrives(there, POSES[3])
        for number in range(4, 20):  # somebody else in the network disturbs nothing
            wire.send(datagram(number, session=2))
            wire.send(datagram(number, key=derive("wrong")))
        wire.send(datagram(20, key=derive("right")))
        assert wait_until(lambda: arrives(there, POSES[20]))


def test_keys_can_be_changed_live() -> None:
    port = free_port()
    with tracker(port, "one") as there, sender(f"127.0.0.1:{port}", "two") as here:
        here.send(TrackedPose(1.0, POSES[0]))
        assert wait_until(lambda: "another key" in said(there))
        there.update(Settings(lan_key=" two "))

        def sent() -> bool:
            here.send(TrackedPose(1.0, POSES[1]))
            return arrives(there, POSES[1])

        assert wait_until(sent, poll=0.02)
        there.update(Settings(lan_key=""))
        assert wait_until(lambda: here.send(TrackedPose(1.0, POSES[2])) is None and arrives(there, POSES[2]), poll=0.02)


def test_a_sender_that_restarts_is_followed_within_a_second() -> None:
    port = free_port()
    with tracker(port) as there:
        with sender(f"127.0.0.1:{port}") as first:
            for pose in POSES:
                first.send(TrackedPose(1.0, pose))
            assert wait_until(lambda: arrives(there, POSES[-1]))
        with sender(f"127.0.0.1:{port}") as second:
            began = time.monotonic()
            assert wait_until(lambda: second.send(TrackedPose(1.0, POSES[0])) is None and arrives(there, POSES[0]), poll=0.01)
            print(f"followed after {time.monotonic() - began:.2f} s")


def test_two_senders_at_once_do_not_mix() -> None:
    port = free_port()
    with tracker(port) as there, Sender(port) as first, Sender(port) as second:
        first.send(datagram(1, session=1))
        assert wait_until(lambda: arrives(there, POSES[1]))
        for number in range(2, 40):
            second.send(datagram(number, POSES[0], session=2))
            first.send(datagram(number, session=1))
            assert wait_until(lambda number=number: arrives(there, POSES[number]))
        assert there.status().state == "live"
        assert f"127.0.0.1:{second.port}" in said(there)
        assert wait_until(
            lambda: second.send(datagram(int(time.monotonic() * 1000) % 2**31, POSES[0], 2)) is None and arrives(there, POSES[0])
        )


def test_other_programs_and_versions_are_named() -> None:
    port = free_port()
    with tracker(port) as there, Sender(port) as wire:
        assert f":{port} into Send poses to" in said(there)
        wire.send(b"EZVP\x02" + bytes(80))
        assert wait_until(lambda: "another version" in said(there))
        assert there.status().state == "waiting"
    port = free_port()
    with tracker(port) as there, Sender(port) as wire:
        wire.send(b"/VMC/Ext/OK")
        assert wait_until(lambda: "not EZVTuber's" in said(there))


def test_a_pause_of_three_seconds() -> None:
    port = free_port()
    with tracker(port) as there, Sender(port) as wire:
        wire.send(datagram(1))
        assert wait_until(lambda: there.status().state == "live")
        time.sleep(3.0)
        assert there.status().state == "lost"
        wire.send(datagram(2))
        assert wait_until(lambda: there.status().state == "live", seconds=1.0)
        with Sender(port) as moved:  # the same sender from another port: a router or a new network
            moved.send(datagram(3))
            assert wait_until(lambda: arrives(there, POSES[3]), seconds=1.0)


def test_garbage_keeps_the_last_good_pose() -> None:
    port, chance = free_port(), random.Random(9)
    with tracker(port) as there, Sender(port) as wire:
        wire.send(datagram(1))
        assert wait_until(lambda: arrives(there, POSES[1]))
        good = there.latest()
        for length in (0, 1, 113, 114, 115, 130, 1500, 60000):
            wire.send(chance.randbytes(length))
            wire.send(b"EZVP" + chance.randbytes(length))
        assert wait_until(lambda: there._receiver.traffic().rejected >= 15)
        assert there.latest() is good


def test_port_in_use_is_reported_and_heals() -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
        squatter.bind(("0.0.0.0", port))
        there = LanTracker(Settings(tracker="lan", lan_port=port), Context())
        there.start()
        try:
            assert wait_until(lambda: there.status().state == "error")
            assert str(port) in said(there)
            squatter.close()
            assert wait_until(lambda: there.status().state == "waiting")
        finally:
            there.stop()


def test_thirty_starts_leave_no_thread() -> None:
    port = free_port()
    for _ in range(30):
        with tracker(port) as there, sender(f"127.0.0.1:{port}") as here:
            here.send(TrackedPose(1.0, POSES[0]))
            assert wait_until(lambda there=there: there.latest() is not None)
    names = ("udp-", "ezvtuber-lan")
    assert wait_until(lambda: not [each for each in threading.enumerate() if each.name.startswith(names)])


def test_latency_from_sending_to_pose() -> None:
    """The aim is p99 of 1 ms from datagram to pose (printed); asserted is what a busy machine can promise for the median."""
    port, done, seconds = free_port(), [0.0], []
    with (
        tracker(port, "key", lambda: done.__setitem__(0, time.perf_counter())) as there,
        sender(f"127.0.0.1:{port}", "key") as here,
    ):
        for number in range(300):
            began = time.perf_counter()
            here.send(TrackedPose(1.0 + number, POSES[number % 60]))
            assert wait_until(lambda began=began: done[0] > began, poll=0.0003)
            seconds.append(done[0] - began)
            time.sleep(0.002)
        assert there.status().state == "live"
    p50, p99 = np.percentile(seconds, (50, 99)) * 1e3
    print(f"sent to pose: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    assert p50 < 20
