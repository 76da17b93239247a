from __future__ import annotations

import logging
import threading
import time

import numpy as np
import pytest

from ezvtb_core.engine import HIDDEN_FPS, LAST_RETRY
from ezvtb_core.image_doctor import Finding, Report
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import OPTIONS, Settings
from ezvtb_core.link.status import PictureStatus
from ezvtb_core.pose import TrackedPose, TrackerStatus, neutral
from tests.ezvtb_core.engine_fakes import Bench, FakeModel, FakeSink, until


@pytest.fixture
def bench():
    made = Bench()
    made.settle()
    yield made
    made.engine.stop()


def test_first_frame_is_published_and_said(bench):
    status = bench.engine.status()
    assert (status.state, status.notice) == ("running", Notice("engine_running"))
    assert (status.model, status.width, status.height) == ("fake", 8, 4)
    assert len(bench.sink.frames) == status.frames == 1
    assert bench.sink.frames[0] == bytes([39, 39, 39, 100] * 32)  # premultiplied: 100 * 100 / 255


def test_what_there_is_to_say_about_the_picture_is_in_the_status(bench):
    assert bench.engine.status().picture is None
    tilted, dirt = Notice("picture_tilted", degrees=20), Notice("picture_dirt", pixels=7)
    bench.model.report = Report((Finding(tilted, 10), Finding(dirt)))
    bench.tick(20, head_x=0.4)
    assert bench.engine.status().picture == PictureStatus(90, [tilted, dirt], 1)


def test_unchanged_pose_runs_no_model_and_publishes_nothing(bench):
    bench.tick(head_x=0.5)
    runs, frames, reused = bench.model.runs, len(bench.sink.frames), bench.engine.status().reused
    bench.tick(100, head_x=0.5)
    assert (bench.model.runs, len(bench.sink.frames)) == (runs, frames)
    assert bench.engine.status().reused >= reused + 85  # the status is at most half a second old
    assert bench.engine.status().fps == pytest.approx(30, rel=0.02)


def test_change_below_a_step_of_the_simplification_is_no_change(bench):
    bench.tick(head_x=0.5)
    runs = bench.model.runs
    bench.tick(head_x=0.501)
    assert bench.model.runs == runs
    bench.tick(head_x=0.6)
    assert bench.model.runs == runs + 1


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.applies == "live"])
def test_live_settings_restart_nothing(bench, name):
    option = OPTIONS[name]
    listed = option.choices[-1].value if option.choices else ""
    value = {"bool": not option.default, "choice": listed, "text": "x"}.get(option.kind, option.maximum)
    bench.update(**{name: value})
    bench.tick(3)
    assert len(bench.models) == len(bench.trackers) == 1
    assert bench.tracker.calls == ["start"]
    assert getattr(bench.tracker.settings, name) == value


def test_fps_applies_at_the_next_tick(bench):
    bench.update(fps=60)
    assert bench.engine.period() == pytest.approx(1 / 30)
    bench.tick()
    assert bench.engine.period() == pytest.approx(1 / 60)


def test_hidden_slows_down_and_comes_back(bench):
    bench.engine.show(False)
    bench.tick()
    assert bench.engine.period() == 1 / HIDDEN_FPS
    assert bench.engine.status().state == "hidden"
    assert bench.engine.status().notice == Notice("engine_hidden")
    bench.engine.show(True)
    bench.tick()
    assert bench.engine.period() == pytest.approx(1 / 30)
    assert bench.engine.status().state == "running"


def test_rebuilding_the_model_keeps_the_old_one_until_the_new_one_is_there(bench):
    gate = threading.Event()
    old, make = bench.model, bench.make_model
    bench.make_model = lambda settings: (gate.wait(10), make(settings))[1]
    bench.update(character="other.png")
    for step in range(20):
        bench.tick(head_x=step / 20)
    assert old.runs >= 20 and not old.closed
    assert bench.engine.status().state == "running"
    gate.set()
    bench.settle(lambda: len(bench.models) == 2 and bench.model.runs > 0)
    until(lambda: old.closed == 1)
    assert bench.trackers[0].calls == ["start"]


def test_model_that_cannot_be_built_keeps_the_old_one_and_says_why(bench):
    bench.refusal = NoticeError("picture_missing", path="gone.png")
    bench.update(character="gone.png")
    bench.settle(lambda: bench.engine.status().state == "error")
    assert bench.engine.status().notice == Notice("picture_missing", path="gone.png")
    frames = len(bench.sink.frames)
    for step in range(10):
        bench.tick(head_x=(step + 1) / 10)
    assert len(bench.sink.frames) == frames + 10
    bench.refusal = None
    bench.update(character="good.png")
    bench.settle(lambda: bench.engine.status().state == "running")


def test_first_model_that_cannot_be_built_is_an_error():
    bench = Bench(refusal=NoticeError("model_needs_picture"))
    bench.settle(lambda: bench.engine.status().state == "error")
    assert bench.engine.status().notice == Notice("model_needs_picture")
    bench.engine.stop()


def test_bug_in_a_model_factory_becomes_a_sentence(bench, caplog):
    bench.refusal = ZeroDivisionError("oops")  # type: ignore[assignment]
    bench.update(model="puppet")
    bench.settle(lambda: bench.engine.status().state == "error")
    assert bench.engine.status().notice == Notice("engine_build_failed", detail="ZeroDivisionError: oops")
    assert "Traceback" in caplog.text


def test_model_that_raises_now_and_then(bench, caplog):
    bench.tick(head_x=0.9)
    bench.model.failures = lambda run: RuntimeError("flaky") if run % 7 == 0 else None
    frames = len(bench.sink.frames)
    with caplog.at_level(logging.ERROR):
        for step in range(600):
            bench.tick(head_x=(step % 50) / 50)
    assert len(bench.sink.frames) > frames + 350  # each failure costs the frames of a tenth of a second
    assert caplog.text.count("Traceback") == 1
    bench.model.failures = lambda run: None
    bench.tick(10, head_x=0.1)
    assert bench.engine.status().state == "running"


def test_model_that_keeps_failing_is_tried_less_and_less(bench):
    bench.tick(head_x=0.9)
    bench.model.failures = lambda run: NoticeError("session_run_failed", path="m.onnx", detail="memory")
    runs, frames = bench.model.runs, len(bench.sink.frames)
    for step in range(30 * 60):
        bench.tick(head_x=(step % 50) / 50)
    assert bench.engine.status().notice == Notice("session_run_failed", path="m.onnx", detail="memory")
    assert 60 / LAST_RETRY < bench.model.runs - runs < 25
    assert len(bench.sink.frames) == frames
    bench.model.failures = lambda run: None
    for step in range(int(30 * LAST_RETRY) + 2):
        bench.tick(head_x=(step % 50) / 50)
    assert bench.engine.status().state == "running"


def test_failed_frame_is_not_taken_for_drawn(bench):
    bench.tick(head_x=0.9)
    bench.model.failures = lambda run: RuntimeError("once")
    bench.tick(head_x=0.2)
    bench.model.failures = lambda run: None
    bench.model.shade = 200
    bench.tick(10, head_x=0.2)
    assert bench.sink.frames[-1][3] == 200


def test_tracker_that_waits_wins_the_sentence_but_not_over_the_model(bench):
    bench.tracker.said = TrackerStatus("waiting", Notice("osf_waiting"), 0.0)
    bench.tick(20)
    assert (bench.engine.status().state, bench.engine.status().notice) == ("running", Notice("osf_waiting"))
    bench.model.failures = lambda run: RuntimeError("broken")
    bench.tick(head_x=0.7)
    assert bench.engine.status().notice.code == "engine_model_failed"


def test_tracker_that_cannot_be_made_leaves_the_old_one(bench):
    bench.tracker_refusal = NoticeError("tracker_unknown", got="x", known="idle")
    bench.update(openseeface_port=2000)
    bench.settle(lambda: bench.engine.status().tracker_state == "error")
    assert bench.engine.status().notice == Notice("tracker_unknown", got="x", known="idle")
    assert bench.tracker.calls == ["start"]
    frames = len(bench.sink.frames)
    bench.tick(head_x=0.33)
    assert len(bench.sink.frames) == frames + 1


def test_replaced_tracker_is_stopped_before_the_new_one_starts_and_the_model_stays(bench):
    old = bench.tracker
    bench.update(openseeface_port=2000, mirror=True)
    bench.settle(lambda: len(bench.trackers) == 2 and bench.tracker.calls == ["start"])
    assert old.calls == ["start", "stop"]
    assert len(bench.models) == 1
    bench.tick(5)
    bench.tick(head_x=0.4)
    assert bench.tracker.settings.mirror


def test_recentre_reaches_the_tracker(bench):
    bench.engine.act("recentre")
    bench.tick()
    assert bench.tracker.calls == ["start", "recentre"]


def test_another_sink_gets_the_current_frame_at_once(bench):
    bench.tick(head_x=0.5)
    runs, second = bench.model.runs, FakeSink()
    bench.engine.attach(second)
    bench.tick(head_x=0.5)
    assert second.frames == [bench.sink.frames[-1]]
    assert bench.model.runs == runs


def test_sink_that_refuses_is_said_once_and_recovers(bench, caplog):
    bench.sink.trouble = NoticeError("framebuffer_frame", width=8, height=4, got=128, expected=128, capacity=16)
    with caplog.at_level(logging.ERROR):
        bench.tick(5, head_x=0.5)
    assert len(caplog.records) == 1
    assert bench.engine.status().state == "error"
    assert bench.engine.status().notice == bench.sink.trouble.notice
    bench.sink.trouble = None
    frames = len(bench.sink.frames)
    bench.tick(head_x=0.5)
    assert len(bench.sink.frames) == frames + 1
    assert bench.engine.status().state == "running"


def test_without_a_sink_nothing_is_drawn(bench):
    bench.engine.attach(None, Notice("framebuffer_gone", name="x", detail="y"))
    runs = bench.model.runs
    bench.tick(5, head_x=0.77)
    assert bench.model.runs == runs
    assert bench.engine.status().notice.code == "framebuffer_gone"


def test_listener_hears_every_pose_once():
    heard: list[TrackedPose] = []
    bench = Bench(listener=heard.append)
    bench.settle()
    bench.tick(head_x=0.1)
    first = bench.tracker.seen
    bench.tick(3)
    bench.tick(head_x=0.2)
    assert heard == [first, bench.tracker.seen]
    bench.engine.stop()


def test_status_shows_times_age_and_warnings(bench):
    bench.engine.update(bench.settings, [Notice("setting_unknown", name="x", known="y")])

    def slow(run: int) -> None:
        bench.clock.advance(0.010)

    bench.model.failures = slow
    for step in range(60):
        bench.tick(head_x=(step % 30) / 30)
    bench.clock.advance(0.25)
    status = bench.engine.status()
    assert status.model_ms_p50 == pytest.approx(10, abs=0.01)
    assert status.frame_ms_p99 == pytest.approx(10, abs=0.01)
    assert status.warnings == [Notice("setting_unknown", name="x", known="y")]
    assert status.loop_age == pytest.approx(0.26, abs=0.001)  # the tick began before the model's 10 ms
    assert 0 <= status.tracker_age < 0.6


def test_thread_ends_and_everything_is_released():
    bench = Bench(Settings(fps=120, smoothing=0), clock=time.perf_counter)
    bench.engine.start()
    until(lambda: bool(bench.sink.frames))
    bench.engine.stop()
    assert not bench.engine._thread.is_alive()
    assert bench.model.closed == 1
    assert bench.tracker.calls == ["start", "stop"]
    frames = len(bench.sink.frames)
    bench.engine.stop()
    assert (bench.model.closed, len(bench.sink.frames)) == (1, frames)


def test_stop_does_not_wait_for_a_model_that_hangs(caplog):
    bench = Bench()
    hang, hung = threading.Event(), threading.Event()

    def block(run: int) -> None:
        hung.set()
        hang.wait(10)

    bench.settle()
    bench.model.failures = block
    bench.engine.start()
    bench.tracker.see(bench.clock.now, head_x=0.5)
    assert hung.wait(10)
    bench.engine.stop(timeout=0.05)
    assert "hangs" in caplog.text
    assert not bench.model.closed
    hang.set()
    bench.engine._thread.join(10)


def test_model_finished_after_stop_is_released():
    gate, begun, made = threading.Event(), threading.Event(), FakeModel()
    bench = Bench()
    bench.settle()
    bench.make_model = lambda settings: (begun.set(), gate.wait(10), made)[2]
    bench.update(character="slow.png")
    bench.tick()
    assert begun.wait(10)
    bench.engine.stop(timeout=0.05)
    gate.set()
    until(lambda: made.closed == 1)


def test_sound_moves_the_mouth_and_is_said(bench):
    bench.tick(mouth_aaa=0.0)
    bench.hearing.said = TrackerStatus("live", Notice("microphone_live"))
    mouth = np.zeros(11, np.float32)
    mouth[4] = 0.9
    for _ in range(30):
        bench.hearing.heard = (bench.clock.now, mouth)
        bench.tick(mouth_aaa=0.0)
    assert bench.engine.status().sound_state == "live"
    assert bench.engine.status().sound_notice == Notice("microphone_live")
    bench.update(mouth_sound="microphone")
    bench.tick()
    assert bench.hearing.calls == ["update"]
    bench.engine.stop()
    assert bench.hearing.calls == ["update", "stop"]


def test_placement_reaches_the_sink_with_every_tick_even_without_a_new_frame(bench):
    assert set(bench.sink.placements) == {(0.0, 0.0, 0.0, 1.0)}
    bench.update(follow_position=True, smoothing=0)
    frames = len(bench.sink.frames)
    for _ in range(30):
        bench.clock.advance(bench.engine.period())
        bench.tracker.seen = TrackedPose(bench.clock.now, neutral(), (1.0, 0.0, 0.0))
        bench.engine.tick()
    assert len(bench.sink.frames) == frames
    right, down, lean, scale = bench.sink.placements[-1]
    assert right < -0.1 and lean < -4 and (down, scale) == (0.0, 1.0)


def test_a_hidden_source_that_is_heeded_takes_every_pose_but_seldom_draws(bench):
    heard: list[TrackedPose] = []
    bench.sending.send = heard.append
    bench.sending.sending = True
    bench.engine.show(False)
    bench.tick()
    assert bench.engine.period() == pytest.approx(1 / 30)
    runs, before = bench.model.runs, len(heard)
    for step in range(60):
        bench.tick(head_x=step / 60)
    assert len(heard) - before == 60
    assert 3 <= bench.model.runs - runs <= 5
    bench.engine.show(True)
    bench.tick()
    runs = bench.model.runs
    for step in range(10):
        bench.tick(head_x=-step / 10)
    assert bench.model.runs - runs == 10
