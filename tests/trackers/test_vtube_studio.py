"""trackers/vtube_studio.py with fake phones on real sockets: requests, MeowFace, packets that overtake each other."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import trackers.vtube_studio as module
from ezvtb_core.link.locale import say
from ezvtb_core.link.settings import Settings
from tests.captures.phone_streams import vtube_studio
from tests.peers import Sender, free_port, wait_until
from tests.trackers.phones import FakePhone, Spy
from trackers.context import Context
from trackers.vtube_studio import VTubeStudioTracker, request


def test_request_is_as_documented() -> None:
    asked = json.loads(request(12345))
    assert asked == {"messageType": "iOSTrackingDataRequest", "time": 5, "sentBy": "EZVTuber for OBS", "ports": [12345]}
    assert len(asked["sentBy"]) <= 32


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def tracker(tmp_path: Path, port: int) -> Iterator[VTubeStudioTracker]:
    """Without an address: it waits."""
    made = VTubeStudioTracker(Settings(tracker="vtube_studio", vtube_studio_port=port), Context(calibrations=tmp_path))
    made.start()
    assert wait_until(lambda: made.status().state == "waiting")
    yield made
    made.stop()


def test_the_phone_is_asked_every_second(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [vtube_studio([0.5] * 52, (1, 2, 3), milliseconds=number) for number in range(5000)]
    with FakePhone(frames, 0, json_ports=True) as phone:
        monkeypatch.setattr(module, "PHONE_PORT", phone.port)
        settings = Settings(tracker="vtube_studio", vtube_studio_port=port, phone_address="127.0.0.1")
        asking = VTubeStudioTracker(settings, Context(calibrations=tmp_path))
        asking.start()
        try:
            assert wait_until(lambda: asking.status().state == "live")
            assert wait_until(lambda: len(phone.asked) >= 3)
            assert set(phone.asked) == {request(port)}
            assert "Following VTube Studio (127.0.0.1:" in say(asking.status().notice, "en-US")
        finally:
            asking.stop()
        count = len(phone.asked)
        time.sleep(1.2)
        assert len(phone.asked) == count


def test_meowface_pushes(tracker: VTubeStudioTracker, port: int) -> None:
    assert "MeowFace: type this computer's address and port" in say(tracker.status().notice, "en-US")
    with Sender(port) as sender:
        sender.send(vtube_studio([0.5] * 52, (1, 2, 3), app="MeowFace"))
        assert wait_until(lambda: tracker.latest() is not None)


def test_face_not_found(tracker: VTubeStudioTracker, port: int) -> None:
    with Sender(port) as sender:
        sender.send(vtube_studio([0.5] * 52, (1, 2, 3), found=False))
        assert wait_until(lambda: "sees no face" in say(tracker.status().notice, "en-US"))
    assert tracker.latest() is None


def test_late_packets_are_left_out_and_a_new_clock_is_taken(tracker: VTubeStudioTracker) -> None:
    spy = Spy(tracker)
    for clock in (100_000, 100_032, 100_016, 100_032, 100_048, 5, 21, 0, 0):
        known = tracker._on_packet(vtube_studio([0.5] * 52, (0, 0, 0), milliseconds=clock), "a:1", float(len(spy.frames)))
        assert known
    # 100 016 came late; 5 is of an app that has begun again; 0 after 21 is late, and so is the second.
    assert len(spy.frames) == 6


def test_a_clock_that_stands_still_does_not_stop_the_face(tracker: VTubeStudioTracker) -> None:
    spy = Spy(tracker)
    for number in range(5):
        tracker._on_packet(vtube_studio([0.5] * 52, (0, 0, 0), milliseconds=0), "a:1", number / 60)
    assert len(spy.frames) == 5


def test_iphones_text_is_recognised(tracker: VTubeStudioTracker, port: int) -> None:
    with Sender(port) as sender:
        sender.send(b"eyeBlink_L-5|=head#1,2,3|")
        assert wait_until(lambda: "choose iFacialMocap as the tracker" in say(tracker.status().notice, "en-US"))
