"""trackers/listening.py: what the panel says about the network, in both languages, and that it never waits to say it."""

import shutil
import socket
import sys
import threading
import time
from dataclasses import replace

import pytest

from ezvtb_core.link import ports
from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import Notice
from ezvtb_core.pose import TrackedPose, neutral
from tests.captures.openseeface_synthetic import face
from tests.captures.phone_streams import bundle, ifacialmocap, message, vtube_studio
from tests.peers import wait_until
from trackers import listening
from trackers.listening import FIREWALL_SECONDS, Advice, Listening, PortOwner, firewall, recognise
from trackers.traffic import Traffic

ADVICE = Advice(Notice("vmc_waiting", address="1.2.3.4", port=7), Notice("vmc_silent"), Notice("vmc_absent"))
OPEN = Traffic(listening=True)


def said(
    traffic: Traffic, *, latest: float | None = None, now: float = 100.0, foreign: str = "", second: str = ""
) -> tuple[str, str]:
    words = Listening("VMC", "VMC", 7, lan=False)
    pose = None if latest is None else TrackedPose(latest, neutral())
    status = words.judge(traffic, pose, now, ADVICE, foreign, second)
    assert status.rate == traffic.rate
    assert "{" not in say(status.notice, "zh-CN")
    return status.state, say(status.notice, "en-US")


def test_each_state_has_its_sentence() -> None:
    heard = replace(OPEN, accepted=50, rate=60.0, sender="9.9.9.9:5", last_accepted=99.9)
    assert said(Traffic()) == ("starting", "The tracker is starting…")
    assert said(OPEN)[0] == "waiting"
    assert "1.2.3.4, UDP port 7" in said(OPEN)[1]
    assert said(heard, latest=99.9) == ("live", "Following VMC (9.9.9.9:5): 60 packets per second.")
    state, sentence = said(heard, latest=90.0)
    assert state == "lost"
    assert "sends 60 packets per second, but sees no face. Load a character" in sentence
    assert said(heard)[0] == "waiting"
    state, sentence = said(replace(heard, last_accepted=97.0, rate=0.0), latest=97.0)
    assert state == "lost"
    assert "nothing for 3 s (50 packets before). Check that the program is still running" in sentence


def test_packets_that_are_not_the_trackers() -> None:
    garbage = replace(OPEN, rejected=5, rejected_rate=30.0, stranger="8.8.8.8:1", last_rejected=99.0)
    assert "30 packets per second come to port 7, the last from 8.8.8.8:1, but they are not VMC's" in said(garbage)[1]
    assert "They are those of OpenSeeFace, not VMC's: choose OpenSeeFace" in said(garbage, foreign="OpenSeeFace")[1]
    assert "They are VMC's, but damaged" in said(garbage, foreign="VMC")[1]
    assert "Waiting" in said(replace(garbage, last_rejected=90.0))[1]


def test_a_second_sender_is_named() -> None:
    heard = replace(OPEN, accepted=50, rate=60.0, sender="9.9.9.9:5", last_accepted=99.9)
    assert "Another sender, 7.7.7.7:1, is ignored" in said(heard, latest=99.9, second="7.7.7.7:1")[1]


@pytest.mark.parametrize(
    ("payload", "program"),
    [
        (face(), "OpenSeeFace"),
        (ifacialmocap([0.0] * 52, (0, 0, 0), version=1), "iFacialMocap"),
        (ifacialmocap([0.0] * 52, (0, 0, 0))[:600], "iFacialMocap"),
        (vtube_studio([0.0] * 52, (0, 0, 0)), "VTube Studio"),
        (message("/VMC/Ext/T", 1.0).dgram, "VMC"),
        (bundle([message("/VMC/Ext/T", 1.0)]), "VMC"),
        (b"EZVP\1\0", "EZVTuber"),
        (message("/avatar/x", 1.0).dgram, ""),
        (b'{"a": 1}', ""),
        (b"", ""),
        (b"hello", ""),
    ],
)
def test_programs_are_recognised(payload: bytes, program: str) -> None:
    assert recognise(payload) == program


def test_firewall_is_spoken_of_when_nothing_at_all_comes_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "lan_address", lambda peer="": "192.168.1.2")
    words = Listening("VMC", "VMC", 7, lan=True)

    def sentence(now: float, traffic: Traffic = OPEN) -> str:
        return say(words.judge(traffic, None, now, ADVICE, "", "").notice, "en-US")

    assert "firewall" not in sentence(100.0)
    assert "firewall" not in sentence(100.0 + FIREWALL_SECONDS - 0.1)
    assert "firewall" in sentence(100.0 + FIREWALL_SECONDS)
    assert sentence(100.0 + FIREWALL_SECONDS).startswith("Waiting for a VMC program")
    assert "firewall" not in sentence(106.0, replace(OPEN, rejected=1))
    local = Listening("VMC", "VMC", 7, lan=False)
    local.judge(OPEN, None, 100.0, ADVICE, "", "")
    assert "firewall" not in say(local.judge(OPEN, None, 200.0, ADVICE, "", "").notice, "en-US")


def test_a_computer_without_a_network_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "lan_address", lambda peer="": "127.0.0.1")
    status = Listening("VMC", "VMC", 7, lan=True).judge(OPEN, None, 100.0, ADVICE, "", "")
    assert "not in a network" in say(status.notice, "en-US")


@pytest.mark.parametrize(
    ("platform", "program", "word"),
    [("win32", "", "Windows Security"), ("darwin", "", "System Settings"), ("linux", "ufw", "ufw allow 7/udp"),
     ("linux", "firewall-cmd", "--add-port=7/udp"), ("linux", "", "a firewall")],
)  # fmt: skip
def test_firewall_of_each_system(monkeypatch: pytest.MonkeyPatch, platform: str, program: str, word: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: name if name == program else None)
    listening._linux_firewall.cache_clear()
    try:
        assert word in say(firewall(7), "en-US")
        assert "{" not in say(firewall(7), "zh-CN")
    finally:
        listening._linux_firewall.cache_clear()


def test_address_to_type_is_the_one_that_the_phone_sees() -> None:
    assert Listening("x", "x", 7, lan=False).address == "127.0.0.1"
    assert Listening("x", "x", 7, lan=True, peer="127.0.0.9").address == "127.0.0.1"


def test_who_has_the_port_is_found_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    answer = threading.Event()

    def slow(port: int) -> str:
        asked.append(port)
        answer.wait(10)
        return "VSeeFace.exe (9120)"

    monkeypatch.setattr(ports, "owner", slow)
    problem = Notice("udp_port_in_use", port=7)
    words = Listening("VMC", "VMC", 7, lan=False)

    def judged(now: float) -> Notice:
        return words.judge(Traffic(problem=problem), None, now, ADVICE, "", "").notice

    began = time.monotonic()
    assert [judged(100.0), judged(100.5), judged(200.0)] == [problem] * 3
    assert time.monotonic() - began < 5
    answer.set()
    assert wait_until(lambda: judged(201.0) == Notice("udp_port_owned", port=7, owner="VSeeFace.exe (9120)"))
    assert "in use by VSeeFace.exe (9120)" in say(judged(201.0), "en-US")
    asked.clear()
    for step in range(50):
        judged(202.0 + step / 10)
    assert wait_until(lambda: len(asked) == 1)


def test_an_owner_that_nobody_may_know_leaves_the_sentence_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "owner", lambda port: "?")
    owner = PortOwner()
    assert owner.of(7, 0.0) == ""
    assert wait_until(lambda: not owner._asking.locked())
    assert owner.of(7, 1.0) == ""


@pytest.mark.needs("linux")
def test_real_owner() -> None:
    owner = PortOwner()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert wait_until(lambda: "(" in owner.of(port, 0.0))
