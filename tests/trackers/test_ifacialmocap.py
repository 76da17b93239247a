"""trackers/ifacialmocap.py with fake phones on real sockets: asking, asking again, stopping, TCP, Facemotion3d's two ports."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import trackers.ifacialmocap as module
from ezvtb_core.link.locale import say
from ezvtb_core.link.settings import Settings
from tests.captures.phone_streams import ifacialmocap
from tests.peers import Sender, free_port, wait_until
from tests.trackers.phones import FakePhone, Spy, TcpPhone, free_ports
from tests.trackers.test_tcp import free_tcp_port
from trackers.context import Context
from trackers.ifacialmocap import IFacialMocapTracker, requests

V1 = b"iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719"
V2 = V1 + b"|sendDataVersion=v2"
TCP = b"iFacialMocap_UDPTCP_sahuasouryya9218sauhuiayeta91555dy3719"
STOP = b"iFacialMocap_UDPTCPSTOP_sahuasouryya9218sauhuiayeta91555dy3719"
FRAMES = [ifacialmocap([0.01 * (number % 100)] * 52, (number % 20, 0, 0)) for number in range(100)]


def test_texts_are_the_vendors() -> None:
    assert requests("v1", False) == (V1, STOP)
    assert requests("v2", False) == (V2, STOP)
    assert requests("v2", True) == (TCP + b"|sendDataVersion=v2", STOP)
    assert requests("facemotion3d", False) == (b"FACEMOTION3D_OtherStreaming", b"StopStreaming_FACEMOTION3D")
    assert requests("facemotion3d", True)[0] == b"FACEMOTION3D_OtherStreaming|protocol=tcp"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(calibrations=tmp_path)


@pytest.fixture
def started(context: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """`started(phone, **settings)` → a tracker that asks the phone."""
    made: list[IFacialMocapTracker] = []

    def start(phone: FakePhone | None, port: int, **settings: object) -> IFacialMocapTracker:
        if phone is not None:
            monkeypatch.setattr(module, "PHONE_PORT", phone.port)
            settings["phone_address"] = "127.0.0.1"
        values = {"tracker": "ifacialmocap", "ifacialmocap_port": port, **settings}
        made.append(IFacialMocapTracker(Settings(**values), context))  # type: ignore[arg-type]
        made[-1].start()
        return made[-1]

    yield start
    for tracker in made:
        tracker.stop()


@pytest.mark.parametrize(("app", "text"), [("v1", V1), ("v2", V2)])
def test_the_phone_is_asked_until_it_sends_and_told_to_stop(started, app: str, text: bytes) -> None:
    port = free_port()
    with FakePhone(FRAMES, port, [text]) as phone:
        tracker = started(phone, port, ifacialmocap_app=app)
        assert wait_until(lambda: tracker.status().state == "live")
        assert phone.asked == [text]
        phone.streaming = False  # the app was closed and opened again
        assert wait_until(lambda: tracker.status().state == "lost")
        assert "nothing for" in say(tracker.status().notice, "en-US")
        assert wait_until(lambda: len(phone.asked) >= 2)
        assert wait_until(lambda: tracker.status().state == "live")
        count = len(phone.asked)
        assert wait_until(lambda: phone.sent > 150)
        assert len(phone.asked) == count  # nobody is asked while data come
        tracker.stop()
        assert wait_until(lambda: phone.asked[-1] == STOP)
        assert not phone.streaming


def test_a_phone_that_is_deaf_at_first_is_asked_again(started, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with FakePhone(FRAMES, port, []) as phone:
        tracker = started(phone, port)
        assert wait_until(lambda: len(phone.asked) == 2)
        assert tracker.status().state == "waiting"
        assert "Asking iFacialMocap on the phone 127.0.0.1" in say(tracker.status().notice, "en-US")
        phone._starts = [V2]
        assert wait_until(lambda: tracker.status().state == "live")


def test_apps_that_send_by_themselves(started) -> None:
    port = free_port()
    tracker = started(None, port)
    assert wait_until(lambda: tracker.status().state == "waiting")
    assert f"port {port}" in say(tracker.status().notice, "en-US")
    with Sender(port) as sender:
        sender.send(ifacialmocap([0.0] * 52, (0, 0, 0), app="MeowFace"))
        assert wait_until(lambda: tracker.latest() is not None)


def test_face_lost_and_foreign_packets_are_named(started) -> None:
    port = free_port()
    tracker = started(None, port)
    assert wait_until(lambda: tracker.status().state == "waiting")

    def sentence() -> str:
        return say(tracker.status().notice, "en-US")

    with Sender(port) as sender:
        sender.send(b"/VMC/Ext/T\0\0,f\0\0" + bytes(4))
        assert wait_until(lambda: "They are those of VMC" in sentence())
        sender.send(ifacialmocap([0.0] * 52, (0, 0, 0), tracking=False))
        assert wait_until(lambda: "sees no face" in sentence())
        assert tracker.latest() is None


@pytest.mark.parametrize("app", ["v1", "v2"])
def test_tcp(started, app: str) -> None:
    port, tcp_port = free_port(), free_tcp_port()
    with TcpPhone(FRAMES, tcp_port, [TCP, TCP + b"|sendDataVersion=v2"]) as phone:
        tracker = started(phone, port, ifacialmocap_app=app, ifacialmocap_tcp=True, ifacialmocap_tcp_port=tcp_port)
        spy = Spy(tracker)
        assert wait_until(lambda: len(spy.frames) > 100)
        assert tracker.status().state == "live"
        sent = {tuple(round(float(value), 2) for value in (frame.shapes[0], frame.head[0])) for frame in spy.frames}
        assert sent <= {(round(0.01 * number, 2), -float(number % 20)) for number in range(100)}
        assert len(sent) > 30
        tracker.stop()
        assert wait_until(lambda: phone.asked[-1] == STOP)
    assert not [thread for thread in threading.enumerate() if "tcp-" in thread.name]


def test_facemotion3d_is_asked_and_heard_on_both_ports(started, monkeypatch: pytest.MonkeyPatch) -> None:
    port, own = free_ports(2)
    monkeypatch.setattr(module, "FACEMOTION3D_PORT", own)
    tracker = started(None, port, ifacialmocap_app="facemotion3d", phone_address="127.0.0.1")
    spy = Spy(tracker)
    assert wait_until(lambda: "Asking Facemotion3d" in say(tracker.status().notice, "en-US"))
    for number, each in enumerate((own, port), 1):
        with Sender(each) as sender:

            def heard(sender: Sender = sender, number: int = number) -> bool:
                sender.send(ifacialmocap([0.1 * number] * 52, (0, 0, 0), app="Facemotion3d"))
                return bool(spy.frames) and abs(float(spy.frames[-1].shapes[0]) - 0.1 * number) < 1e-6

            assert wait_until(heard, poll=0.02)


def test_stop_is_quick_and_leaves_no_thread(started) -> None:
    for _ in range(10):
        tracker = started(None, free_port(), phone_address="192.0.2.77")
        tracker.stop()
        tracker.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("udp-", "ezvtuber-tcp-"))]
