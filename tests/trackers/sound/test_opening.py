"""trackers/sound/opening.py: adapts to noise and loudness, opens fast, shuts slower, stays shut where nobody speaks."""

import numpy as np
import pytest

from trackers.sound.opening import LOUD_START, Opening

STEP = 0.01


def run(opening: Opening, seconds: float, level: float, voicing: float, spread: float = 1.0, seed: int = 0) -> list[float]:
    levels = level + spread * np.random.default_rng(seed).standard_normal(round(seconds / STEP))
    return [opening.update(float(value), voicing, STEP) for value in levels]


def talk(opening: Opening, seconds: float, loud: float, noise: float) -> list[float]:
    """Syllables of 0.2 s with gaps of 0.1 s."""
    found = []
    for turn in range(round(seconds / 0.3)):
        found += run(opening, 0.2, loud, 0.95, seed=turn)
        found += run(opening, 0.1, noise, 0.3, seed=turn + 1000)
    return found


@pytest.mark.parametrize("noise", [-65.0, -45.0, -25.0])
def test_noise_alone_never_opens(noise):
    assert max(run(Opening(), 10.0, noise, 0.3, 1.5)) < 0.05


@pytest.mark.parametrize("loud", [-12.0, -25.0, -40.0])
def test_every_loudness_is_learned(loud):
    opening = Opening()
    run(opening, 1.0, -70.0, 0.3)
    talk(opening, 15.0, loud, -70.0)
    assert 0.8 < max(talk(opening, 1.0, loud, -70.0)) <= 1.0
    assert opening.loud == pytest.approx(loud, abs=12.0)


def test_speech_ten_decibels_above_the_noise_opens_and_the_noise_between_does_not():
    opening = Opening()
    run(opening, 2.0, -30.0, 0.35)
    spoken = talk(opening, 6.0, -18.0, -30.0)
    assert max(spoken) > 0.5
    assert max(run(opening, 5.0, -30.0, 0.35)[50:]) < 0.05


def test_opens_faster_than_it_shuts():
    opening = Opening()
    run(opening, 1.0, -60.0, 0.3)
    opened = run(opening, 0.3, LOUD_START, 0.95, 0.0)
    shut = run(opening, 0.6, -60.0, 0.3, 0.0)
    rise = next(count for count, value in enumerate(opened) if value > 0.63 * max(opened)) * STEP
    fall = next(count for count, value in enumerate(shut) if value < 0.37 * max(opened)) * STEP
    assert 0.01 <= rise <= 0.05
    assert 0.07 <= fall <= 0.12
    assert shut[-1] == 0.0


def test_a_note_that_is_held_stays_open():
    opening = Opening()
    run(opening, 1.0, -60.0, 0.3)
    assert min(run(opening, 8.0, -20.0, 0.97)[30:]) > 0.6


def test_a_fan_that_is_switched_on_is_learned():
    opening = Opening()
    run(opening, 2.0, -60.0, 0.3)
    on = run(opening, 6.0, -35.0, 0.35)
    assert max(on) < 0.3
    assert max(on[400:]) < 0.05


def test_hissing_opens_less_than_a_vowel():
    opening = Opening()
    talk(opening, 3.0, -25.0, -60.0)
    hiss = max(run(opening, 0.2, -25.0, 0.3))
    vowel = max(run(opening, 0.2, -25.0, 0.95))
    assert hiss < 0.35 * vowel


def test_keys_in_silence_open_nothing():
    opening = Opening()
    found = []
    for _ in range(20):
        found += run(opening, 0.3, -60.0, 0.3) + run(opening, 0.02, -20.0, 0.4)
    assert max(found) < 0.05


def test_time_without_sound_shuts_and_teaches_nothing():
    opening = Opening()
    talk(opening, 3.0, -25.0, -50.0)
    run(opening, 0.1, -25.0, 0.95)
    floor, loud = opening.floor, opening.loud
    assert opening.rest(0.09) > 0.1
    assert opening.rest(1.0) == 0.0
    assert (opening.floor, opening.loud) == (floor, loud)
