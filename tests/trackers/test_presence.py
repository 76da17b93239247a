"""trackers/presence.py with injected time: hold, ease, idle, return; breath and blinks that never stop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.pose import BREATHING, HIGHEST, INDEX, LOWEST, WINK, FloatArray, Times, TrackedPose, neutral
from tests.peers import capture
from trackers.idle import IdleMotion
from trackers.openseeface_follow import FaceFollower
from trackers.presence import BLIND_SECONDS, STALE_SECONDS, Presence

FPS = 30
HEAD = INDEX["head_y"]
CALM = np.r_[INDEX["head_x"] : INDEX["body_z"] + 1]
"""The gaze is left out: idle's glances are jumps, on purpose."""


def turned(value: float, time: float, wink: float = 0.0, happy: float = 0.0) -> TrackedPose:
    pose = neutral()
    pose[HEAD] = value
    pose[WINK] = wink
    pose[INDEX["eye_happy_wink_left"]] = pose[INDEX["eye_happy_wink_right"]] = happy
    return TrackedPose(time, pose)


class Stage:
    """Runs a Presence at 30 per second and keeps what it showed."""

    def __init__(self, amount: float = 1.0, hold: float = 1.0, ease: float = 1.5, recover: float = 0.4) -> None:
        self.presence, self.idle, self.amount, self.times = Presence(), IdleMotion(2), amount, Times(hold, ease, recover)
        self.now, self.live, self.poses, self.states = 1000.0, None, [], []

    def idle_pose(self) -> FloatArray:
        return self.idle.pose(self.now, self.amount)

    def run(self, seconds: float, value: float | None = None, wink: float = 0.0, happy: float = 0.0) -> "Stage":
        """Advance; with `value` the tracker delivers that head turn each frame."""
        for _ in range(round(seconds * FPS)):
            self.now += 1 / FPS
            if value is not None:
                self.live = turned(value, self.now, wink, happy)
            self.poses.append(self.presence.blend(self.live, self.now, self.idle_pose(), self.times))
            self.states.append(self.presence.state)
        return self


def test_without_a_tracker_it_is_idle() -> None:
    stage = Stage().run(2)
    assert set(stage.states) == {"idle"}
    assert (stage.poses[-1] == stage.idle_pose()).all()


def test_the_order_and_times_of_a_loss() -> None:
    stage = Stage().run(3, 0.8).run(6)
    changes = [(state, index / FPS) for index, state in enumerate(stage.states) if index == 0 or stage.states[index - 1] != state]
    assert [state for state, _ in changes] == ["live", "hold", "ease", "idle"]
    assert [moment for _, moment in changes[1:]] == pytest.approx([3 + STALE_SECONDS, 4.0, 5.5], abs=0.1)
    held = np.array(stage.poses)[round(3.1 * FPS) : round(3.9 * FPS), HEAD]
    assert (held == np.float32(0.8)).all()
    assert abs(stage.poses[-1][HEAD] - stage.idle_pose()[HEAD]) == 0


def test_holding_still_breathes_and_blinks() -> None:
    stage = Stage(hold=30.0).run(3, 0.5).run(25)
    held = np.array(stage.poses)[-20 * FPS :]
    assert set(stage.states[-20 * FPS :]) == {"hold"}
    assert np.ptp(held[:, BREATHING]) > 0.6
    assert held[:, WINK].max() == 1.0
    assert (held[:, HEAD] == np.float32(0.5)).all()


def test_who_is_lost_in_a_blink_opens_the_eyes() -> None:
    stage = Stage(hold=5.0).run(3, 0.0, wink=1.0).run(1.0)
    assert stage.states[-1] == "hold"
    assert stage.poses[-1][WINK].max() <= stage.idle_pose()[WINK].max()


@pytest.mark.parametrize("hold", [0.0, 1.0])
@pytest.mark.parametrize("away", [0.6, 1.2, 2.0, 10.0])
def test_no_jump_at_loss_and_return(hold: float, away: float) -> None:
    """From one side to the other with a loss between: a step of 1/30 s stays below what the shortest blend allows."""
    stage = Stage(hold=hold).run(3, 0.9).run(away).run(2, -0.9)
    steps = np.abs(np.diff(np.array(stage.poses)[3 * FPS - 5 :, CALM], axis=0)).max(axis=1)
    assert steps.max() < 1.5 * 2.0 / 0.4 / FPS
    assert stage.poses[-1][HEAD] == np.float32(-0.9)


def test_live_arrives_exactly_within_a_second_of_return() -> None:
    stage = Stage().run(3, 0.4).run(8).run(1.0, 0.7)
    assert stage.states[-1] == "live"
    expected = turned(0.7, 0).pose
    calm = np.ones(45, bool)
    calm[BREATHING], calm[WINK] = False, False
    assert (stage.poses[-1][calm] == expected[calm]).all()


def test_live_breathes_but_does_not_get_blinks_from_idle_while_the_tracker_sees_them() -> None:
    stage = Stage()
    for _ in range(10):
        stage.run(5.0, 0.1).run(0.2, 0.1, wink=1.0)
    shown = np.array(stage.poses)[FPS:]
    tracked = np.array([1.0 if count % round(5.2 * FPS) >= 5 * FPS else 0.0 for count in range(FPS, len(stage.poses))])
    assert (shown[:, WINK.start] == tracked).all()
    assert np.ptp(shown[:, BREATHING]) > 0.6


def test_blinks_are_added_when_the_tracker_sees_none_and_leave_when_it_does() -> None:
    stage = Stage().run(BLIND_SECONDS - 0.5, 0.1)
    assert np.array(stage.poses)[FPS:, WINK].max() == 0.0
    stage.run(20, 0.1)
    assert np.array(stage.poses)[-18 * FPS :, WINK].max() == 1.0
    stage.run(0.2, 0.1, wink=1.0).run(0.5, 0.1)
    seen = len(stage.poses)
    stage.run(BLIND_SECONDS - 1.5, 0.1)
    assert np.array(stage.poses)[seen:, WINK].max() == 0.0


def test_a_loss_does_not_forget_that_the_tracker_is_blind() -> None:
    stage = Stage().run(BLIND_SECONDS + 2, 0.1).run(5)
    seen = len(stage.poses)
    stage.run(11.0, 0.1)
    assert np.array(stage.poses)[seen:, WINK].max() == 1.0


def test_amount_zero_adds_nothing() -> None:
    stage = Stage(amount=0.0).run(20, 0.3)
    assert (stage.poses[-1] == turned(0.3, 0).pose).all()


def test_the_recorded_gap_frame_by_frame() -> None:
    """The whole recording with the 3.2 s hole, on injected time: states, return, and the largest step."""
    records = capture("osf_capture_gap.bin")
    follower, presence, idle = FaceFollower(0), Presence(), IdleMotion(2)
    live, waiting, poses, states, lives = None, list(records), [], [], []
    now = records[0][0]
    while waiting:
        now += 1 / FPS
        while waiting and waiting[0][0] <= now:
            moment, payload = waiting.pop(0)
            live = follower.read(payload, moment)[1] or live
        poses.append(presence.blend(live, now, idle.pose(now, 1.0), Times(1.0, 1.5)))
        lives.append(live.pose if live is not None else neutral())
        states.append(presence.state)
    assert [a for a, b in zip(states, [None, *states[:-1]], strict=True) if a != b] == ["live", "hold", "ease", "idle", "live"]
    steps = np.abs(np.diff(np.array(poses)[:, CALM], axis=0)).max(axis=1)
    head = np.abs(np.diff(np.array(lives)[:, CALM], axis=0)).max(axis=1)
    lost, back = states.index("hold"), states.index("idle") + states[states.index("idle") :].index("live")
    coming = steps[back - 1 : back + round(0.4 * FPS)]
    print(
        f"steps per 1/30 s: tracker {np.delete(head, back - 1).max():.3f}, lost {steps[lost - 1 : back - 1].max():.3f}, ", end=""
    )
    print(f"coming back {coming.max():.3f}, tracker's own jump at the return {head[back - 1]:.3f}")
    assert steps[lost - 1 : back - 1].max() < 0.06
    assert coming.max() < 0.15
    assert steps.max() <= np.delete(head, back - 1).max() + 1e-6


@given(
    st.lists(st.tuples(st.floats(-1, 3), st.booleans(), st.floats(-1, 1)), min_size=1, max_size=60),
    st.floats(0, 30),
    st.floats(0, 10),
)
@settings(max_examples=150)
def test_any_sequence_of_times_stays_in_range(frames: list[tuple[float, bool, float]], hold: float, ease: float) -> None:
    presence, now, live = Presence(), 0.0, None
    idle_pose = IdleMotion(1).pose(5.0, 2.0)
    for step, seen, value in frames:
        now += step
        live = turned(value, now) if seen else live
        pose = presence.blend(live, now, idle_pose, Times(hold, ease))
        assert pose.dtype == np.float32
        assert (pose >= LOWEST).all()
        assert (pose <= HIGHEST).all()


@pytest.mark.parametrize("recover", [0.0, 2.0])
def test_the_way_back_takes_as_long_as_is_set(recover: float) -> None:
    stage = Stage(amount=0.0, recover=recover).run(2, 0.8).run(8).run(3, 0.8)
    back = len(stage.states) - 3 * FPS
    heads = np.array([pose[HEAD] for pose in stage.poses[back:]])
    arrived = int(np.argmax(heads >= 0.8 - 1e-6)) / FPS
    assert abs(arrived - recover) <= 2 / FPS


def test_blinks_of_a_smiling_eye_count_as_blinks() -> None:
    stage = Stage()
    for _ in range(10):
        stage.run(2, 0.0).run(0.1, 0.0, happy=1.0)
    shown = np.array(stage.poses)[FPS:, WINK.start]
    assert shown.max() == 0.0


def test_smiling_eyes_open_while_the_last_pose_is_held() -> None:
    stage = Stage(hold=5.0).run(3, 0.0, happy=1.0).run(1.0)
    assert stage.states[-1] == "hold"
    assert stage.poses[-1][INDEX["eye_happy_wink_left"]] == 0.0


def test_an_eye_that_smiles_shut_is_not_shut_a_second_time() -> None:
    stage = Stage().run(30, 0.0, happy=0.9)
    poses = np.array(stage.poses)
    assert (poses[:, WINK.start] + poses[:, INDEX["eye_happy_wink_left"]]).max() <= 1.0 + 1e-6
