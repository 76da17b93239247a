"""Streams of phones and VMC programs, made from recordings of real faces, over real sockets into whole trackers: what is
followed, and how faults of networks are survived."""

import random
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import trackers.ifacialmocap
import trackers.vtube_studio
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import HIGHEST, INDEX, LOWEST
from tests.captures.arkit_recording import Recording, recording
from tests.captures.phone_streams import ifacialmocap, perfect_sync, vmc, vtube_studio
from tests.peers import Sender, free_port, wait_until
from tests.trackers.phones import FakePhone, Spy, send_in_step
from trackers import create
from trackers.context import Context
from trackers.face import SHAPE, FaceFrame
from trackers.face_reader import FaceReader
from trackers.ifacialmocap import requests

VOWELS = [INDEX[f"mouth_{vowel}"] for vowel in ("aaa", "iii", "uuu", "eee", "ooo")]
HEAD = [INDEX[name] for name in ("head_x", "head_y", "neck_z")]
KINDS = ("ifacialmocap", "vtube_studio", "vmc")


@dataclass
class Running:
    """A tracker, its port, and what it reads."""

    kind: str
    tracker: object
    port: int
    spy: Spy

    def frame(self, shapes: Sequence[float], head: Sequence[float], number: int) -> list[bytes]:
        """The datagrams of one face, protocol-exact."""
        if self.kind == "ifacialmocap":
            return [ifacialmocap(shapes, head, version=1 + number % 2, shuffle=3)]
        if self.kind == "vtube_studio":
            return [vtube_studio(shapes, head, milliseconds=1_700_000_000_000 + round(number * 1000 / 60))]
        return vmc(perfect_sync(shapes), head, seconds=number / 60)

    def stream(self, faces: Recording) -> list[list[bytes]]:
        return [
            self.frame(shapes, head, number) for number, (shapes, head) in enumerate(zip(faces.shapes, faces.head, strict=True))
        ]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[object]:
    """`run(kind)` → a started tracker of that kind."""
    made: list[Running] = []

    def start(kind: str, **settings: object) -> Running:
        port = free_port()
        values = {"tracker": kind, f"{kind}_port": port, "auto_centre": False, **settings}
        tracker = create(Settings(**values), Context(calibrations=tmp_path / str(len(made))))  # type: ignore[arg-type]
        spy = Spy(tracker)
        tracker.start()
        made.append(Running(kind, tracker, port, spy))
        assert wait_until(lambda: tracker.status().state == "waiting")
        return made[-1]

    yield start
    for each in made:
        each.tracker.stop()  # type: ignore[attr-defined]


def correlation(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.corrcoef(one, two)[0, 1])


def compare(spy: Spy, faces: Recording, which: np.ndarray, folder: Path) -> dict[str, float]:
    """Correlations with the recorded faces `which`: of what was read, of the head in the poses, and of the poses' mouth with that
    of the recorded faces read directly, as the mapping makes vowels of an open jaw."""
    frames = spy.frames
    poses = np.array([pose.pose for pose in spy.poses if pose is not None])
    assert len(poses) == len(frames)
    assert ((poses >= LOWEST) & (poses <= HIGHEST)).all()
    reader = FaceReader("direct", Settings(auto_centre=False), Context(calibrations=folder / "direct"))
    direct = []
    for frame, index in zip(frames, which, strict=True):
        x, y, z = faces.head[index]
        pose = reader.read(FaceFrame(frame.time, faces.shapes[index].astype(np.float32), (-x, -y, z)))
        assert pose is not None
        direct.append(pose.pose)
    jaw = faces.shapes[which, SHAPE["jawOpen"]]
    found = {"frame jaw": correlation(np.array([frame.shapes[SHAPE["jawOpen"]] for frame in frames]), jaw)}
    for axis, name, sign in ((0, "pitch", -1), (1, "yaw", -1), (2, "roll", 1)):
        turned = sign * faces.head[which, axis]
        found[f"frame {name}"] = correlation(np.array([frame.head[axis] for frame in frames]), turned)
        found[f"pose {name}"] = correlation(poses[:, HEAD[axis]], turned)
    found["pose mouth"] = correlation(poses[:, VOWELS].sum(axis=1), np.array(direct)[:, VOWELS].sum(axis=1))
    print(f"{len(frames)} frames:", {key: round(value, 3) for key, value in found.items()}, end=" ")
    print("mouth of the pose with jawOpen:", round(correlation(poses[:, VOWELS].sum(axis=1), jaw), 3))
    return found


@pytest.mark.parametrize("name", ["mediapipe_khill", "mediapipe_expr"])
@pytest.mark.parametrize("kind", KINDS)
def test_recorded_faces_are_followed(run, kind: str, name: str, tmp_path: Path) -> None:
    faces = recording(name).part(0, 600)
    running = run(kind)
    stream = running.stream(faces)
    for _ in range(16):  # calibration takes half a second of real time
        send_in_step(running.port, running.spy, stream[:1])
        time.sleep(0.04)
    settled = len(running.spy.frames)
    send_in_step(running.port, running.spy, stream)
    found = compare(running.spy, faces, np.r_[np.zeros(settled, int), : len(faces)], tmp_path)
    assert min(found.values()) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ifacialmocap", "vtube_studio"])
def test_a_phone_at_its_own_pace(run, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Eight seconds at 60 per second from a phone that waits to be asked."""
    faces = recording("mediapipe_khill")
    twice = np.repeat(np.arange(len(faces)), 2)[:400]
    slow = Recording(np.arange(400) / 60, faces.shapes[twice], faces.head[twice], faces.position[twice])
    with FakePhone([], 0, [requests("v2", False)[0]], json_ports=kind == "vtube_studio") as phone:
        monkeypatch.setattr(trackers.ifacialmocap, "PHONE_PORT", phone.port)
        monkeypatch.setattr(trackers.vtube_studio, "PHONE_PORT", phone.port)
        phone.pause = True
        running = run(kind, phone_address="127.0.0.1")
        phone.frames = [datagram for datagrams in running.stream(slow) for datagram in datagrams]
        phone._reply_port = running.port
        assert wait_until(lambda: phone.streaming)
        phone.pause = False
        assert wait_until(lambda: phone.sent >= 400, seconds=60)
        phone.pause = True
        time.sleep(0.1)
    spy = running.spy
    ours = faces.head * (-1, -1, 1)
    which = np.array([int(np.abs(ours - frame.head).sum(axis=1).argmin()) for frame in spy.frames])
    found = compare(spy, faces, which, tmp_path)
    assert len(spy.frames) >= 0.9 * phone.sent
    assert min(found.values()) >= 0.95


@pytest.mark.slow
def test_a_vmc_program_at_its_own_pace(run, tmp_path: Path) -> None:
    faces = recording("mediapipe_expr").part(0, 360)
    running = run("vmc")
    began = time.monotonic()
    with Sender(running.port) as sender:
        for number, datagrams in enumerate(running.stream(faces)):
            time.sleep(max(began + number / 60 - time.monotonic(), 0.0))
            for datagram in datagrams:
                sender.send(datagram)
    assert wait_until(lambda: len(running.spy.frames) == len(faces))
    found = compare(running.spy, faces, np.arange(len(faces)), tmp_path)
    assert min(found.values()) >= 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_loss_duplicates_and_reordering(run, kind: str) -> None:
    """30 % lost, 10 % twice, 10 % too late: the head is still followed. Only VTube Studio's packets tell that they are late."""
    faces = recording("mediapipe_khill").part(0, 200)
    running, chance = run(kind), random.Random(2)
    datagrams = [datagram for frame in running.stream(faces) for datagram in frame]
    order: list[bytes] = []
    for datagram in datagrams:
        luck = chance.random()
        if luck > 0.3:
            order.append(datagram)
        if luck > 0.9:
            order.append(datagram)
        if 0.8 < luck < 0.9 and len(order) > 2:
            order[-1], order[-2] = order[-2], order[-1]
    before = len(running.spy.frames)
    with Sender(running.port) as sender:
        for datagram in order:
            sender.send(datagram)
            time.sleep(0.002)
    assert wait_until(lambda: len(running.spy.frames) > before + 80)
    heads = np.array([frame.head[1] for frame in running.spy.frames])
    assert np.abs(heads).max() <= np.abs(faces.head[:, 1]).max() + 0.01
    assert running.tracker.status().state == "live"
    assert running.tracker._receivers[0].traffic().rejected == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pause", [0.5, pytest.param(3.0, marks=pytest.mark.slow)])
def test_pauses_are_noticed_and_over_at_once(run, kind: str, pause: float) -> None:
    running = run(kind)
    frame = running.frame([0.5] * 52, (1, 2, 3), 1)
    send_in_step(running.port, running.spy, [frame])
    assert running.tracker.status().state == "live"
    assert wait_until(lambda: running.tracker.status().state == "lost")
    time.sleep(pause)
    assert running.tracker.status().state == "lost"
    before = len(running.spy.frames)
    send_in_step(running.port, running.spy, [running.frame([0.5] * 52, (1, 2, 3), 600)])
    assert len(running.spy.frames) == before + 1  # the very first face counts
    assert running.tracker.status().state == "live"


@pytest.mark.parametrize("kind", KINDS)
def test_a_minute_of_silence_by_the_clock(run, kind: str) -> None:
    """The same, a minute long: the clock is moved instead of waited for."""
    running = run(kind)
    base = time.monotonic()
    for arrival, number in ((base, 1), (base + 60.0, 3600)):
        for datagram in running.frame([0.5] * 52, (1, 2, 3), number):
            assert running.tracker._on_packet(datagram, "192.168.1.5:5", arrival)
        latest = running.tracker.latest()
        assert latest.time == arrival
    assert len(running.spy.frames) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_sender_that_comes_back_from_elsewhere(run, kind: str) -> None:
    """Another port of the same device is followed at once, another device once the first has been silent for half a second."""
    running = run(kind)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with second:
            try:
                second.bind(("127.0.0.2", 0))
            except OSError as error:
                pytest.skip(f"this system has one loopback address only: {error}")

            def heard(out: socket.socket, turn: float) -> bool:
                for datagram in running.frame([0.5] * 52, (turn, 0, 0), round(turn)):
                    out.sendto(datagram, ("127.0.0.1", running.port))
                time.sleep(0.02)
                return bool(running.spy.frames) and abs(running.spy.frames[-1].head[0] + turn) < 0.01

            assert wait_until(lambda: heard(first, 1.0))
            assert wait_until(lambda: heard(again, 2.0))
            assert not heard(second, 3.0)
            assert wait_until(lambda: heard(again, 2.0) and not heard(second, 3.0) and "Another sender" in _sentence(running))
            assert wait_until(lambda: heard(second, 3.0))  # after half a second, as test_network.py has it by the clock
            assert not heard(first, 4.0)


def _sentence(running: Running) -> str:
    from ezvtb_core.link.locale import say

    return say(running.tracker.status().notice, "en-US")


@pytest.mark.parametrize("kind", KINDS)
def test_ipv6(run, kind: str) -> None:
    running = run(kind)
    try:
        with Sender(running.port, "::1") as sender:
            for datagram in running.frame([0.5] * 52, (1, 2, 3), 1):
                sender.send(datagram)
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    assert wait_until(lambda: len(running.spy.frames) == 1)
