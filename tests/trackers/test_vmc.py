"""trackers/vmc.py over real sockets: shapes, presets, state, and what the panel says."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ezvtb_core.link.locale import say
from ezvtb_core.link.settings import OPTIONS, Settings
from ezvtb_core.pose import INDEX
from tests.captures.phone_streams import message, perfect_sync, vmc
from tests.peers import Sender, free_port, wait_until
from tests.trackers.phones import Spy, send_in_step
from trackers.context import Context
from trackers.vmc import VmcTracker


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def tracker(tmp_path: Path, port: int) -> Iterator[VmcTracker]:
    made = VmcTracker(Settings(tracker="vmc", vmc_port=port), Context(calibrations=tmp_path))
    made.start()
    assert wait_until(lambda: made.status().state == "waiting")
    yield made
    made.stop()


def test_the_marionettes_port() -> None:
    assert OPTIONS["vmc_port"].default == 39539


def test_moments_spread_over_datagrams(tracker: VmcTracker, port: int) -> None:
    spy = Spy(tracker)
    send_in_step(port, spy, [vmc(perfect_sync([0.1 * n] * 52), (n, 0, 0), per_datagram=10) for n in range(1, 6)])
    assert [frame.head[0] for frame in spy.frames] == pytest.approx([-1, -2, -3, -4, -5], abs=1e-3)
    assert [float(frame.shapes[3]) for frame in spy.frames] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


@pytest.mark.parametrize(
    ("vowel", "name"), [("A", "mouth_aaa"), ("I", "mouth_iii"), ("U", "mouth_uuu"), ("E", "mouth_eee"), ("O", "mouth_ooo")]
)
def test_vowels_of_models_without_perfect_sync(tracker: VmcTracker, port: int, vowel: str, name: str) -> None:
    presets = [(each, 0.9 if each == vowel else 0.0) for each in ("A", "I", "U", "E", "O", "Joy", "Blink")]
    spy = Spy(tracker)
    send_in_step(port, spy, [vmc(presets, (0, 0, 0))] * 3)
    assert wait_until(lambda: tracker.latest() is not None and tracker.latest().time == spy.frames[-1].time)
    latest = tracker.latest()
    assert latest is not None
    assert latest.pose[INDEX[name]] == pytest.approx(0.9)


def test_only_state_is_a_program_without_a_face(tracker: VmcTracker, port: int) -> None:
    with Sender(port) as sender:
        sender.send(message("/VMC/Ext/OK", 1).dgram)
        assert wait_until(lambda: "Load a character there" in say(tracker.status().notice, "en-US"))
    assert tracker.status().state == "waiting"


def test_other_osc_is_foreign(tracker: VmcTracker, port: int) -> None:
    with Sender(port) as sender:
        sender.send(message("/avatar/parameters/x", 1.0).dgram)
        assert wait_until(lambda: "but they are not VMC's" in say(tracker.status().notice, "en-US"))


def test_another_sender_begins_with_nothing_of_the_old_one(tracker: VmcTracker, port: int) -> None:
    spy = Spy(tracker)
    send_in_step(port, spy, [vmc(perfect_sync([0.8] * 52), (5, 0, 0))])
    time.sleep(0.6)
    send_in_step(port, spy, [[message("/VMC/Ext/Blend/Apply").dgram]])
    assert not spy.frames[-1].shapes.any()
    assert spy.frames[-1].head == (0.0, 0.0, 0.0)
