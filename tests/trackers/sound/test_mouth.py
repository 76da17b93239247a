"""trackers/sound/mouth.py: speech with known phones, silence in noise, and nothing out of range whatever comes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import vowel_trials
from tests.speech import speaker
from trackers.sound.mouth import SoundMouth, shut
from trackers.sound.vowels import load

MODEL = load()


@pytest.fixture(autouse=True, scope="module")
def espeak():
    return speaker()


@pytest.mark.parametrize("voice", ["es", "es+f3", "es+m3"])
def test_single_vowels_are_right(voice):
    scene = vowel_trials.single_vowels(voice)
    table = vowel_trials.listen(scene.samples, scene.rate).confusion(scene)
    print(table)
    assert table.trace() >= 0.9 * table.sum()
    assert (table.diagonal() >= 0.8 * table.sum(axis=1)).all()


@pytest.mark.parametrize("voice", ["es", "es+f3", "es+m3", "ja", "ja+f3", "ja+m5"])
def test_vowels_of_sentences_are_right(voice):
    scene = vowel_trials.sentences(voice)
    trial = vowel_trials.listen(scene.samples, scene.rate)
    table = trial.confusion(scene)
    print(table)
    assert table.trace() >= 0.8 * table.sum()
    assert trial.opened_in_silence(scene) == 0.0
    assert trial.openings[scene.vowels(trial.times - vowel_trials.LAG) >= 0].mean() > 0.4


@pytest.mark.parametrize("voice", ["es", "es+f3", "ja+m5"])
def test_in_noise_silence_stays_shut_and_vowels_are_heard(voice):
    scene = vowel_trials.noisy(vowel_trials.sentences(voice), 10.0)
    trial = vowel_trials.listen(scene.samples, scene.rate)
    table = trial.confusion(scene)
    assert table.trace() >= 0.75 * table.sum()
    assert trial.opened_in_silence(scene) < 0.005
    assert trial.openings[scene.vowels(trial.times - vowel_trials.LAG) >= 0].mean() > 0.3


def test_an_eighth_of_the_loudness_opens_as_well_where_fixed_levels_fail():
    scene = vowel_trials.louder(vowel_trials.sentences("es"), 0.125)
    trial = vowel_trials.listen(scene.samples, scene.rate)
    ours, _ = vowel_trials.correlation(trial.times, trial.openings, scene)
    theirs, _ = vowel_trials.correlation(*vowel_trials.upstream_opening(scene.samples, scene.rate), scene)
    assert ours > 0.5
    assert ours > theirs + 0.3


def test_nothing_flickers():
    """Between two moments of 10 ms no vowel moves by more than a mouth can."""
    scene = vowel_trials.sentences("es+f3")
    shapes = vowel_trials.listen(scene.samples, scene.rate).shapes
    assert np.abs(np.diff(shapes, axis=0)).max() < 0.45
    assert np.quantile(np.abs(np.diff(shapes, axis=0)), 0.99) < 0.15


def test_without_vowels_the_mouth_only_opens():
    scene = vowel_trials.single_vowels("es")
    mouth = SoundMouth(MODEL)
    mouth.vowels = False
    shapes = vowel_trials.listen(scene.samples, scene.rate, mouth).shapes
    assert shapes[:, 0].max() > 0.6
    assert not shapes[:, 1:].any()


def test_gain_opens_more_and_less_and_never_too_far():
    scene = vowel_trials.single_vowels("es")
    means = []
    for gain in (0.3, 1.0, 3.0):
        mouth = SoundMouth(MODEL)
        mouth.gain = gain
        shapes = vowel_trials.listen(scene.samples, scene.rate, mouth).shapes
        assert shapes.sum(axis=1).max() <= 1.0001
        means.append(float(shapes.sum(axis=1).mean()))
    assert means[0] < means[1] < means[2]


def test_the_rate_may_change_at_any_time():
    scene = vowel_trials.single_vowels("es")
    mouth = SoundMouth(MODEL)
    vowel_trials.listen(scene.samples, scene.rate, mouth)
    again = np.repeat(scene.samples, 2)
    assert vowel_trials.listen(again, 2 * scene.rate, mouth).openings.max() > 0.6


def test_it_shuts_when_no_sound_comes():
    scene = vowel_trials.single_vowels("es")
    mouth = SoundMouth(MODEL)
    vowel_trials.listen(scene.samples[: round(1.8 * scene.rate)], scene.rate, mouth)
    assert mouth.opening > 0.3
    before = mouth.rest(0.05).sum()
    assert 0.0 < mouth.rest(0.05).sum() < before
    assert np.array_equal(mouth.rest(2.0), shut())


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(width=32), max_size=700),
    st.sampled_from([-5, 0, 1, 8000, 44100, 48000, 10**9]),
    st.sampled_from([0.0, 1.0, 3.0]),
)
def test_nothing_that_comes_leaves_the_range(values, rate, gain):
    mouth = SoundMouth(MODEL)
    mouth.gain = gain
    for _ in range(3):
        shape = mouth.hear(np.array(values, np.float32), rate)
        assert shape is None or (shape.dtype == np.float32 and shape.shape == (11,))
        assert shape is None or (np.isfinite(shape).all() and shape.min() >= 0.0 and shape.max() <= 1.0)
    assert np.isfinite(mouth.rest(0.1)).all()


def test_a_block_of_many_seconds_is_cut():
    mouth = SoundMouth(MODEL)
    assert mouth.hear(np.zeros(48000 * 60, np.float32), 48000) is not None
