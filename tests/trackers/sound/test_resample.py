"""trackers/sound/resample.py: tones keep their height and level at every rate, and blocks do not show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackers.sound.resample import RATE, Resampler

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000, 44117]


def tone(rate: int, hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate).astype(np.float32)


def through(rate: int, sound: np.ndarray, blocks: int = 23) -> np.ndarray:
    resampler = Resampler(rate)
    return np.concatenate([resampler(block) for block in np.array_split(sound, blocks)])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [150, 1000, 3000])
def test_a_tone_comes_out_as_the_same_tone(rate, hertz):
    heard = through(rate, tone(rate, hertz))[1000:-1000]
    assert abs(20 * np.log10(heard.std() * np.sqrt(2))) < 0.5
    found = np.fft.rfftfreq(len(heard), 1 / RATE)[np.abs(np.fft.rfft(heard * np.hanning(len(heard)))).argmax()]
    assert found == pytest.approx(hertz, rel=0.005, abs=1.5)


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("hertz", [9500, 10500])
def test_what_is_too_high_does_not_come_back_as_another_tone(rate, hertz):
    assert 20 * np.log10(through(rate, tone(rate, hertz))[1000:-1000].std() * np.sqrt(2)) < -50


@pytest.mark.parametrize("rate", RATES)
def test_a_second_gives_16000_samples(rate):
    assert len(through(rate, np.zeros(rate * 2, np.float32))) == pytest.approx(2 * RATE, abs=100)


@pytest.mark.parametrize("rate", RATES[:-1])
def test_the_delay_is_as_stated(rate):
    click = np.zeros(rate, np.float32)
    click[rate // 2] = 1.0
    resampler = Resampler(rate)
    assert resampler(click).argmax() / RATE == pytest.approx(0.5 + resampler.delay, abs=1.5 / RATE)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 3000), max_size=20), st.sampled_from(RATES))
def test_cutting_into_blocks_changes_nothing(cuts, rate):
    sound = np.random.default_rng(0).standard_normal(3000).astype(np.float32)
    resampler = Resampler(rate)
    parts = [resampler(block) for block in np.split(sound, sorted(cuts))]
    assert np.allclose(np.concatenate(parts), Resampler(rate)(sound), atol=1e-5)


@pytest.mark.parametrize("rate", [0, -1, 100, 1_000_000])
def test_a_rate_that_no_sound_has_is_refused(rate):
    with pytest.raises(ValueError, match="samples per second"):
        Resampler(rate)
