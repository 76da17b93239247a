"""Supervision of an engine host, with connections that live and die as the test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ezvtb_core.link import hosts
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.hosts import EngineHost
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.protocol import Connection, Message, Post
from ezvtb_core.link.status import EngineStatus


class Puppeteered(Connection):
    """A connection whose events the test sends."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.sent: list[Message] = []
        self.closed = self.killed = False

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def close(self, timeout: float) -> None:
        self.closed = True

    def kill(self) -> None:
        self.killed = True
        self.post({"gone": Notice("worker_died", code=-9)})

    def ready(self) -> None:
        self.post({"ready": {}})

    def die(self) -> None:
        self.post({"gone": Notice("worker_died", code=1)})

    def say(self, source: str, **values: Any) -> None:
        self.post({"status": {source: EngineStatus(**values).to_json()}})


class Stage:
    """A host under test, the connections it made, and what it reported."""

    def __init__(self) -> None:
        self.connections: list[Puppeteered] = []
        self.changes: list[str] = []
        self.refusal: NoticeError | None = None
        self.host = EngineHost(self.connect, self.changes.append)

    def connect(self, post: Post) -> Connection:
        if self.refusal is not None:
            raise self.refusal
        self.connections.append(Puppeteered(post))
        return self.connections[-1]

    def wait(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "did not happen"
            time.sleep(0.005)

    def running(self, count: int = 1) -> Puppeteered:
        self.wait(lambda: len(self.connections) >= count)
        self.connections[count - 1].ready()
        self.wait(lambda: self.host.host_status().state == "running")
        return self.connections[count - 1]


@pytest.fixture
def stage():
    made = Stage()
    yield made
    made.host.stop()


def test_nothing_runs_until_a_source_needs_it(stage):
    time.sleep(0.1)
    assert stage.connections == []
    assert stage.host.host_status().state == "stopped"


def test_a_source_is_opened_with_its_newest_settings_when_the_engines_are_ready(stage):
    stage.host.open("a", {"fps": 30}, "buffer", 4096)
    stage.host.update("a", {"fps": 60})
    stage.host.show("a", False)
    connection = stage.running()
    stage.wait(lambda: connection.sent)
    opening = {"do": "open", "source": "a", "settings": {"fps": 60}, "buffer": "buffer", "capacity": 4096}
    assert connection.sent == [{**opening, "visible": False, "feeds": {}}]


def test_commands_pass_in_order(stage):
    stage.host.open("a", {}, "buffer", 4096)
    connection = stage.running()
    stage.host.update("a", {"fps": 60})
    stage.host.act("a", "recentre")
    stage.host.show("a", True)
    stage.host.close("a")
    stage.wait(lambda: len(connection.sent) == 5)
    assert [message["do"] for message in connection.sent] == ["open", "update", "act", "show", "close"]


def test_feeds_are_handed_over_at_once_and_again_after_a_restart(stage):
    sound, camera = Feed("ring", 96000, "Mic"), Feed("pictures", 4096, "Cam")
    stage.host.open("a", {}, "buffer", 4096)
    first = stage.running()
    stage.host.feed("a", "sound", sound)
    stage.host.feed("a", "camera", camera)
    stage.host.feed("a", "camera", None)
    stage.host.feed("nobody", "sound", sound)
    stage.wait(lambda: len(first.sent) == 4)
    assert [(message["kind"], message["feed"]) for message in first.sent[1:]] == [
        ("sound", sound.to_json()),
        ("camera", camera.to_json()),
        ("camera", None),
    ]
    first.die()
    second = stage.running(2)
    stage.wait(lambda: second.sent)
    assert second.sent[0]["feeds"] == {"sound": sound.to_json()}
    stage.host.open("a", {}, "other buffer", 4096)
    stage.wait(lambda: len(second.sent) == 2)
    assert second.sent[1]["feeds"] == {"sound": sound.to_json()}


def test_a_death_is_followed_by_a_restart_with_the_same_sources(stage):
    stage.host.open("a", {"fps": 10}, "buffer", 4096)
    stage.running().die()
    second = stage.running(2)
    stage.wait(lambda: second.sent)
    assert second.sent[0]["settings"] == {"fps": 10}
    assert stage.host.host_status().restarts == 1


def test_after_too_many_deaths_it_gives_up_and_says_so_until_the_user_restarts(stage):
    stage.host.open("a", {}, "buffer", 4096)
    for count in range(1, hosts.MAX_RESTARTS + 2):
        stage.running(count).die()
        stage.wait(lambda: stage.host.host_status().state != "running")
    stage.wait(lambda: stage.host.host_status().state == "failed")
    time.sleep(0.4)
    assert len(stage.connections) == hosts.MAX_RESTARTS + 1
    status = stage.host.status("a")
    assert (status.state, status.notice.code) == ("error", "host_failed")
    stage.host.restart()
    stage.running(hosts.MAX_RESTARTS + 2)


def test_what_cannot_be_started_is_said_and_tried_again(stage):
    stage.refusal = NoticeError("environment_missing")
    stage.host.open("a", {}, "buffer", 4096)
    stage.wait(lambda: stage.host.host_status().state == "unavailable")
    assert stage.host.status("a").notice == Notice("environment_missing")
    stage.refusal = None
    stage.running()


def test_silence_is_ended_by_force(stage, monkeypatch):
    monkeypatch.setattr(hosts, "SILENCE_LIMIT", 0.6)
    stage.host.open("a", {}, "buffer", 4096)
    connection = stage.running()
    stage.wait(lambda: connection.killed)
    stage.running(2)


def test_a_loop_that_stands_still_is_ended_by_force(stage):
    stage.host.open("a", {}, "buffer", 4096)
    connection = stage.running()
    connection.say("a", state="running", loop_age=hosts.FRAME_LIMIT + 1)
    stage.wait(lambda: connection.killed)


def test_a_slow_model_load_is_not_taken_for_a_hang(stage):
    stage.host.open("a", {}, "buffer", 4096)
    connection = stage.running()
    connection.say("a", state="starting", loop_age=hosts.FRAME_LIMIT + 1)
    stage.wait(lambda: stage.host.status("a").loop_age)
    assert not connection.killed


def test_panels_are_told_of_words_not_of_numbers(stage):
    stage.host.open("a", {}, "buffer", 4096)
    connection = stage.running()
    connection.say("a", state="running", fps=30.0)
    stage.wait(lambda: stage.host.status("a").fps == 30.0)
    before = len(stage.changes)
    connection.say("a", state="running", fps=31.0)
    stage.wait(lambda: stage.host.status("a").fps == 31.0)
    assert len(stage.changes) == before
    connection.say("a", state="error", notice=Notice("model_failed"))
    stage.wait(lambda: len(stage.changes) == before + 1)


def test_an_unused_host_ends_after_a_while(stage, monkeypatch):
    monkeypatch.setattr(hosts, "LINGER", 0.3)
    stage.host.open("a", {}, "buffer", 4096)
    connection = stage.running()
    stage.host.close("a")
    stage.wait(lambda: connection.closed)
    assert stage.host.host_status().state == "stopped"


def test_verbs_never_wait_even_while_a_connection_is_being_made():
    gate = threading.Event()

    def slow(post: Post) -> Connection:
        gate.wait(5.0)
        return Puppeteered(post)

    host = EngineHost(slow, lambda source: None)
    began = time.monotonic()
    for _ in range(1000):
        host.open("a", {}, "buffer", 4096)
        host.update("a", {})
        host.show("a", True)
    assert time.monotonic() - began < 2.0
    gate.set()
    host.stop()


def test_the_last_words_of_a_replaced_connection_do_not_count(stage):
    stage.host.open("a", {}, "buffer", 4096)
    first = stage.running()
    stage.host.restart()
    second = stage.running(2)
    first.die()
    second.say("a", state="running", fps=12.0)
    stage.wait(lambda: stage.host.status("a").fps == 12.0)
    assert stage.host.host_status().state == "running"
    assert len(stage.connections) == 2


def test_stop_ends_the_thread_and_the_connection(stage):
    stage.host.open("a", {}, "buffer", 4096)
    connection = stage.running()
    stage.host.stop()
    assert connection.closed
    assert not stage.host._thread.is_alive()
