"""trackers/lan_sender.py: addresses that people type, and that sending never waits or raises."""

import socket
import time

import pytest

from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, neutral
from tests.peers import free_port, wait_until
from trackers.lan_packet import Packet, parse
from trackers.lan_sender import LanSender, read_target

POSE = TrackedPose(1.0, neutral())


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("", None),
        ("   ", None),
        ("192.168.1.30:39600", ("192.168.1.30", 39600)),
        (" 192.168.1.30:5 ", ("192.168.1.30", 5)),
        ("192.168.1.30", ("192.168.1.30", 39600)),
        ("１９２.168.1.30：39600", ("192.168.1.30", 39600)),
        ("[::1]:7", ("::1", 7)),
        ("[::1]", ("::1", 39600)),
        ("fd00::1", ("fd00::1", 39600)),
    ],
)
def test_addresses(text: str, target: tuple[str, int] | None) -> None:
    assert read_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "my-pc", "my-pc:39600", "localhost:1", "192.168.1", "1", "192.168.1.300:1", "192.168.1.30:", "192.168.1.30:0",
        "192.168.1.30:65536", "192.168.1.30:-1", "192.168.1.30:9x", "192.168.1.30:1:2", "[::1", "[::1]7", "[::1]:", "[]:1",
        ":39600", "0.0.0.0:1", "[::]:1", "224.0.0.1:1", "[ff02::1]:1", "http://192.168.1.30",
        "192.168.1.30:999999999999", "\0", "[" * 4000,
    ],
)  # fmt: skip
def test_what_is_no_address_is_a_sentence(text: str) -> None:
    with pytest.raises(NoticeError, match=r"like 192\.168\.1\.30:39600"):
        read_target(text)
    sender = LanSender(Settings(send_to=text.replace("\0", "?")))
    notice = sender.notice()
    assert notice is not None
    for locale in ("en-US", "zh-CN"):
        assert "192.168.1.30:39600" in say(notice, locale)
    sender.send(POSE)
    sender.update(Settings())
    assert sender.notice() is None
    sender.stop()


def _ear() -> socket.socket:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    ear.settimeout(10)
    return ear


def _hear(ear: socket.socket) -> Packet:
    packet = parse(ear.recv(2000))
    assert packet is not None
    return packet


def test_signs_of_life_without_a_new_pose() -> None:
    with _ear() as ear:
        sender = LanSender(Settings(send_to=f"127.0.0.1:{ear.getsockname()[1]}"))
        try:
            sender.send(POSE)
            heard = [_hear(ear) for _ in range(4)]
        finally:
            sender.stop()
        assert [packet.present for packet in heard] == [True, False, False, False]
        assert [packet.number for packet in heard] == [1, 2, 3, 4]
        assert len({packet.session for packet in heard}) == 1
        assert heard[0].milliseconds < heard[3].milliseconds


def test_the_address_can_be_changed_live() -> None:
    with _ear() as first, _ear() as second:
        sender = LanSender()
        assert sender.notice() is None
        sender.send(POSE)  # nobody to send to
        for ear in (first, second):
            sender.update(Settings(send_to=f"127.0.0.1:{ear.getsockname()[1]}"))
            sender.send(POSE)
            assert any(_hear(ear).present for _ in range(3))
        sender.update(Settings(send_to=""))
        sender.send(POSE)
        second.setblocking(False)
        time.sleep(0.5)
        with pytest.raises(BlockingIOError):
            while True:
                second.recv(2000)
        sender.stop()


def test_nothing_is_sent_unsigned_while_the_key_is_made() -> None:
    with _ear() as ear:
        sender = LanSender(Settings(send_to=f"127.0.0.1:{ear.getsockname()[1]}", lan_key="a key that was not used before"))
        for _ in range(20):
            sender.send(POSE)
        assert wait_until(lambda: sender._key.value is not None)
        sender.send(POSE)
        assert _hear(ear).signed
        sender.stop()


def test_nobody_listening_is_no_trouble() -> None:
    sender = LanSender(Settings(send_to=f"127.0.0.1:{free_port()}"))
    for _ in range(50):
        sender.send(POSE)
    assert sender.notice() is None
    sender.stop()


def test_a_system_that_refuses_is_a_sentence() -> None:
    sender = LanSender(Settings(send_to="240.0.0.1:39600"))  # an address that no network has

    def refused(*_: object) -> int:
        raise OSError(101, "Network is unreachable")

    line = sender._line
    assert line is not None
    sender.stop()
    sender.update(Settings(send_to="192.0.2.1:39600"))
    line = sender._line
    assert line is not None
    line.socket.close()  # every further call fails as a broken network does
    sender.send(POSE)
    notice = sender.notice()
    assert notice is not None
    assert "cannot be sent to 192.0.2.1:39600" in say(notice, "en-US")
    sender.stop()


def test_sending_is_cheap() -> None:
    sender = LanSender(Settings(send_to=f"127.0.0.1:{free_port()}", lan_key="key"))
    assert wait_until(lambda: sender._key.value is not None)
    began = time.perf_counter()
    for _ in range(1000):
        sender.send(POSE)
    each = (time.perf_counter() - began) / 1000
    print(f"sending a signed pose: {each * 1e6:.0f} us")
    assert each < 0.005
    sender.stop()
