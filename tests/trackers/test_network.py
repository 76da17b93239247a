"""trackers/network.py: one sender at a time, who may take over and when."""

from collections.abc import Sequence

from ezvtb_core.link.messages import Notice
from ezvtb_core.pose import TrackedPose, neutral
from trackers.listening import Advice
from trackers.network import SWITCH_SECONDS, NetworkTracker, OneSender


def test_the_first_sender_stays_until_it_is_silent() -> None:
    senders = OneSender()
    assert senders.admits("10.0.0.1:5", 0.0)
    senders.follow("10.0.0.1:5", 0.0)
    assert not senders.admits("10.0.0.2:5", 0.3)
    assert senders.second(0.3) == "10.0.0.2:5"
    assert senders.admits("10.0.0.1:5", 0.4)
    senders.follow("10.0.0.1:5", 0.4)
    assert not senders.admits("10.0.0.2:5", 0.4 + SWITCH_SECONDS - 0.01)
    assert senders.admits("10.0.0.2:5", 0.4 + SWITCH_SECONDS)
    senders.follow("10.0.0.2:5", 0.9)
    assert senders.second(0.9) == ""
    assert senders.second(9.9) == ""


def test_the_phone_whose_address_was_typed_comes_first() -> None:
    senders = OneSender(preferred="10.0.0.2")
    senders.follow("10.0.0.1:5", 0.0)
    assert senders.admits("10.0.0.2:5", 0.1)
    senders.follow("10.0.0.2:5", 0.1)
    assert not senders.admits("10.0.0.1:5", 0.2)
    assert OneSender(preferred="fe80::1").admits("[fe80::1]:5", 0.0)


def test_a_device_that_begins_again_from_another_port_is_followed_at_once() -> None:
    senders = OneSender()
    senders.follow("10.0.0.1:5", 0.0)
    assert senders.admits("10.0.0.1:6", 0.01)
    assert not senders.replaces("10.0.0.1:6", 0.01)


def test_a_new_port_for_every_packet() -> None:
    senders = OneSender()
    for number in range(1000):
        assert senders.admits(f"10.0.0.1:{number}", number / 60)
        senders.follow(f"10.0.0.1:{number}", number / 60)
    assert not senders._left


def test_of_two_programs_on_one_computer_the_later_one_is_followed() -> None:
    senders, used = OneSender(), []
    for number in range(600):
        sender = "127.0.0.1:1" if number < 60 or number % 2 else "127.0.0.1:2"
        if senders.admits(sender, number / 60):
            senders.follow(sender, number / 60)
            used.append(sender)
    assert used == ["127.0.0.1:1"] * 60 + ["127.0.0.1:2"] * 270
    assert senders.second(10.0) == "127.0.0.1:1"
    assert senders.admits("127.0.0.1:1", 10.6)


class Trained(NetworkTracker):
    """Knows packets that begin with `k`; a `kp` has a pose."""

    def __init__(self) -> None:
        super().__init__("Test", 7, lan=False)
        self.changes = 0

    def _read(self, payload: bytes, arrival: float) -> tuple[bool, TrackedPose | None]:
        return payload.startswith(b"k"), TrackedPose(arrival, neutral()) if payload == b"kp" else None

    def _advice(self) -> Advice:
        return Advice(Notice("vmc_waiting", address="", port=1), Notice("vmc_silent"), Notice("vmc_absent"))

    def _changed_sender(self) -> None:
        self.changes += 1


def offered(tracker: Trained, packets: Sequence[tuple[bytes, str, float]]) -> list[bool]:
    return [tracker._on_packet(*packet) for packet in packets]


def test_packets_of_one_sender_only_reach_the_tracker() -> None:
    tracker, told = Trained(), []
    tracker._notify = lambda: told.append(tracker.latest())
    packets = [(b"kp", "a:1", 0.0), (b"kp", "b:2", 0.1), (b"k", "a:1", 0.2), (b"?", "a:1", 0.25), (b"kp", "b:2", 0.8)]
    assert offered(tracker, packets) == [True, False, True, False, True]
    assert [pose.time for pose in told] == [0.0, 0.8]
    assert tracker.changes == 2


def test_what_is_refused_is_recognised() -> None:
    tracker = Trained()
    offered(tracker, [(b"/VMC/Ext/T\0\0", "a:1", 0.0)])
    assert tracker._foreign == "VMC"
