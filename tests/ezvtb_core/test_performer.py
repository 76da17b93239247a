from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.movement import Movement
from ezvtb_core.performer import Cast, Performer
from ezvtb_core.pose import INDEX, TrackedPose
from tests.ezvtb_core.engine_fakes import Direct, FakeHearing, FakeSending, FakeTracker, StillIdle, until

SETTINGS = Settings(smoothing=0, quantise=0, expression_fade=0.0)


class FakeRecording:
    """A recording whose writing waits for the test."""

    def __init__(self) -> None:
        self.poses: list[TrackedPose] = []
        self.gate = threading.Event()
        self.refusal: NoticeError | None = None
        self.recording = True
        self.saved = False

    def add(self, tracked: TrackedPose) -> None:
        self.poses.append(tracked)

    def notice(self) -> Notice:
        return Notice("recording_saved") if self.saved else Notice("recording_live", seconds=len(self.poses))

    def finish(self) -> Path:
        assert self.gate.wait(10)
        if self.refusal is not None:
            raise self.refusal
        self.saved = True
        return Path("clips/monday.npz")


class Stage:
    def __init__(self) -> None:
        self.tracker, self.recordings, self.now = FakeTracker(), [FakeRecording(), FakeRecording()], 100.0
        self.begun: list[FakeRecording] = []
        self.sending, self.hearing = FakeSending(), FakeHearing()
        cast = Cast(lambda _: self.tracker, Movement(StillIdle(), Direct()), self.hearing, self.sending, self.record)
        self.performer = Performer(cast, SETTINGS, "test", None, None)
        until(lambda: (self.performer.adopt(SETTINGS), "start" in self.tracker.calls)[1])

    def record(self, settings: Settings) -> FakeRecording:
        self.begun.append(self.recordings[len(self.begun)])
        return self.begun[-1]

    def see(self, **values: float) -> float:
        self.now += 0.1
        self.tracker.see(self.now, **values)
        self.performer.adopt(SETTINGS)
        return float(self.performer.pose(self.now, SETTINGS)[INDEX[next(iter(values))]])


@pytest.fixture
def stage():
    made = Stage()
    yield made
    for recording in made.recordings:
        recording.gate.set()
    made.performer.stop(2.0)


def test_poses_go_to_the_network_as_the_tracker_saw_them(stage):
    until(lambda: stage.see(head_x=0.5) == 0.5)
    count = len(stage.sending.sent)
    stage.see(head_x=0.6)
    stage.performer.pose(stage.now + 0.01, SETTINGS)
    assert len(stage.sending.sent) == count + 1
    assert stage.sending.sent[-1] is stage.tracker.seen


def test_a_recording_keeps_every_pose_once_and_is_written_without_waiting(stage):
    until(lambda: stage.see(head_x=0.5) == 0.5)
    assert not stage.performer.describe()["recording"]
    stage.performer.act("record_start", SETTINGS)
    stage.performer.act("record_start", SETTINGS)
    assert stage.performer.describe()["recording"] and len(stage.begun) == 1
    for step in range(5):
        stage.see(head_x=step / 10)
        stage.performer.pose(stage.now, SETTINGS)
    stage.performer.act("record_stop", SETTINGS)
    stage.performer.act("record_stop", SETTINGS)
    assert not stage.performer.describe()["recording"]
    assert [round(float(each.pose[INDEX["head_x"]]), 1) for each in stage.begun[0].poses] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert stage.performer.describe()["message"] == Notice("recording_live", seconds=5)
    stage.begun[0].gate.set()
    until(lambda: stage.performer.describe()["message"] == Notice("recording_saved"))
    stage.performer.act("record_start", SETTINGS)
    assert len(stage.begun) == 2


def test_a_recording_that_cannot_be_written_says_why(stage):
    stage.recordings[0].refusal = NoticeError("model_needs_picture")
    stage.recordings[0].gate.set()
    stage.performer.act("record_start", SETTINGS)
    stage.performer.act("record_stop", SETTINGS)
    until(lambda: stage.performer.describe()["message"] == Notice("model_needs_picture"))


def test_a_recording_that_is_full_is_finished(stage):
    stage.recordings[0].gate.set()
    stage.performer.act("record_start", SETTINGS)
    stage.recordings[0].recording = False
    stage.performer.poll(stage.now)
    assert not stage.performer.describe()["recording"]
    until(lambda: stage.recordings[0].saved)


def test_stopping_finishes_the_recording_first(stage):
    stage.performer.act("record_start", SETTINGS)
    stage.recordings[0].gate.set()
    stage.performer.stop(2.0)
    assert stage.performer.describe()["message"] == Notice("recording_saved")
    assert stage.sending.stopped and stage.hearing.calls == ["stop"]


def test_expressions_come_and_go(stage):
    until(lambda: stage.see(head_x=0.5) == 0.5)
    stage.performer.act("express_on:smile", SETTINGS)
    stage.performer.act("express_on:no_such_thing", SETTINGS)
    assert stage.performer.describe()["expressions"] == ["smile"]
    stage.performer.act("express_off:smile", SETTINGS)
    assert stage.performer.describe()["expressions"] == []


def test_what_is_wrong_with_the_network_is_a_warning(stage):
    assert stage.performer.warnings() == []
    stage.sending.trouble = Notice("engine_running")
    assert stage.performer.warnings() == [Notice("engine_running")]


def test_a_recording_and_another_computer_want_every_pose(stage):
    assert not stage.performer.heeded
    stage.sending.sending = True
    assert stage.performer.heeded
    stage.sending.sending = False
    stage.performer.act("record_start", SETTINGS)
    assert stage.performer.heeded
    stage.recordings[0].gate.set()
    stage.performer.act("record_stop", SETTINGS)
    assert not stage.performer.heeded


def test_a_damaged_expression_file_is_a_warning(stage):
    stage.performer._movement.expressions.problems = [Notice("engine_running")]
    assert stage.performer.warnings() == [Notice("engine_running")]


def test_the_face_of_the_moment_is_kept_as_an_expression(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(stage.performer._movement.expressions, "_folder", tmp_path)
    until(lambda: stage.see(mouth_aaa=0.75) == 0.75)
    stage.performer.act("express_save:My face", SETTINGS)
    assert stage.performer.describe()["message"] == Notice("expression_saved", label="My face", name="my_face")
    stage.see(mouth_aaa=0.0)
    stage.performer.act("express_on:my_face", SETTINGS)
    assert stage.see(mouth_aaa=0.0) == 0.75


def test_a_face_at_rest_is_not_kept_and_that_is_said(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(stage.performer._movement.expressions, "_folder", tmp_path)
    stage.performer.act("express_save:Nothing", SETTINGS)
    assert stage.performer.describe()["message"] == Notice("expression_empty")
    assert not list(tmp_path.rglob("*.json"))
