"""trackers/lan_playout.py: motion is steadier than the network, a steady network costs nothing, and nothing hangs."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from ezvtb_core.pose import TrackedPose, neutral
from trackers.lan_playout import LONGEST_SECONDS, Playout

RATE = 60.0
Delays = Callable[[np.random.Generator, int], npt.NDArray[np.float64]]


def _pose(value: float, time: float) -> TrackedPose:
    pose = neutral()
    pose[0] = value
    return TrackedPose(time, pose)


def _watch(delays: npt.NDArray[np.float64], seconds: float, clock: int = 0) -> tuple[npt.NDArray[np.float64], Playout]:
    """Send a steady ramp over a network with these delays, look 60 times a second; what was shown, in seconds of the ramp."""
    count = len(delays)
    arrivals = sorted((number / RATE + delays[number], number) for number in range(count))
    playout, shown, newest, waiting = Playout(), [], -1, list(arrivals)
    for frame in range(round(seconds * RATE)):
        now = 0.0041 + frame / RATE
        while waiting and waiting[0][0] <= now:
            arrival, number = waiting.pop(0)
            if number > newest:  # as the gate does
                newest = number
                milliseconds = (clock + round(number * 1000 / RATE)) % 2**32
                playout.add(milliseconds, _pose(number / count, 1000.0 + arrival))
        latest = playout.latest(1000.0 + now)
        shown.append(np.nan if latest is None else float(latest.pose[0]) * count / RATE)
    return np.array(shown), playout


def _newest(delays: npt.NDArray[np.float64], seconds: float) -> npt.NDArray[np.float64]:
    """What would be shown without any playout."""
    frames = 0.0041 + np.arange(round(seconds * RATE)) / RATE
    sent = np.arange(len(delays)) / RATE
    return np.array([sent[sent + delays <= now].max(initial=0.0) for now in frames])


def _roughness(shown: npt.NDArray[np.float64]) -> float:
    """How much the steps between frames vary, in steps of the sender."""
    return float(np.std(np.diff(shown[240:])) * RATE)


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("radio", lambda random, count: random.exponential(0.010, count)),
        ("busy radio", lambda random, count: random.uniform(0.0, 0.05, count)),
        ("bursts", lambda random, count: random.uniform(0, 0.005, count) + np.arange(count)[::-1] % 3 / RATE),
    ],
)
def test_motion_is_steadier_than_the_network(name: str, draw: Delays) -> None:
    delays = 0.002 + draw(np.random.default_rng(5), 1200)
    shown, playout = _watch(delays, 20.0)
    before, after = _roughness(_newest(delays, 20.0)), _roughness(shown)
    print(f"{name}: roughness {before:.2f} without, {after:.2f} with, delay {playout.delay * 1e3:.0f} ms")
    assert after < 0.5 * before
    assert (np.diff(shown[5:]) >= -1e-6).all()
    assert 0 < playout.delay <= LONGEST_SECONDS


def test_a_steady_network_costs_nothing() -> None:
    delays = 0.002 + np.random.default_rng(1).uniform(0.0, 0.001, 600)
    shown, playout = _watch(delays, 10.0)
    assert playout.delay == 0.0
    assert np.allclose(shown, _newest(delays, 10.0), atol=1e-4)


def test_a_hiccup_delays_nobody_else() -> None:
    delays = np.full(600, 0.002)
    delays[300:310] = 0.2
    _, playout = _watch(delays, 10.0)
    assert playout.delay < 0.01


def test_the_senders_clock_may_wrap_and_jump() -> None:
    delays = np.full(600, 0.002)
    assert np.allclose(_watch(delays, 10.0, clock=2**32 - 3000)[0], _watch(delays, 10.0)[0], equal_nan=True)
    playout = Playout()
    for number in range(600):
        moment = 50.0 + number / RATE
        milliseconds = round(number * 1000 / RATE) + (7_200_000 if number > 300 else 0)  # set by two hours
        playout.add(milliseconds, _pose(0.0, moment))
        latest = playout.latest(moment)
        assert latest is not None
        assert latest.time == moment
    assert playout.delay == 0.0


def test_after_a_pause_and_with_another_sender_it_begins_anew() -> None:
    random, playout = np.random.default_rng(2), Playout()
    for number in range(300):
        playout.add(round(number * 1000 / RATE), _pose(0.0, 10.0 + number / RATE + random.uniform(0, 0.04)))
    assert playout.delay > 0.02
    assert playout.add(0, _pose(1.0, 100.0))
    latest = playout.latest(100.0)
    assert latest is not None
    assert latest.pose[0] == 1.0
    assert playout.delay == 0.0


def test_nobody_looking_costs_no_memory() -> None:
    playout = Playout()
    for number in range(10_000):
        playout.add(number * 16, _pose(number / 10_000, number * 0.016))
    assert len(playout._samples) <= 64
    latest = playout.latest(1e9)
    assert latest is not None
    assert latest.pose[0] == pytest.approx(0.9999)


def test_before_the_first_there_is_none() -> None:
    assert Playout().latest(5.0) is None
