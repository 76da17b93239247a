"""trackers/sound/spectrum.py: levels in dB, voicing, and a shape that does not know how loud it was."""

import numpy as np
import pytest

from trackers.sound.resample import RATE
from trackers.sound.spectrum import CEPSTRA, HOP, QUIET, WINDOW, Framer, analyse

SECOND = np.arange(RATE) / RATE


def frames(sound: np.ndarray):
    return analyse(Framer()(sound.astype(np.float32)))


def buzz(pitch: float) -> np.ndarray:
    """All harmonics below 4 kHz, equally strong."""
    tones = [np.cos(2 * np.pi * pitch * number * SECOND + number**2) for number in range(1, int(4000 / pitch))]
    sound = np.sum(tones, axis=0)
    return 0.1 * sound / sound.std()


@pytest.mark.parametrize("level", [0.0, -20.0, -60.0])
def test_a_tone_has_its_level(level):
    found = frames(10 ** (level / 20) * np.sqrt(2) * np.sin(2 * np.pi * 1000 * SECOND)).level
    assert np.allclose(found, level, atol=0.3)


def test_what_is_outside_of_speech_has_no_level():
    assert frames(np.sin(2 * np.pi * 30 * SECOND)).level.max() < -25
    assert frames(np.sin(2 * np.pi * 6000 * SECOND)).level.max() < -40


def test_digital_silence_is_finite():
    found = frames(np.zeros(RATE))
    assert (found.level == QUIET).all()
    assert (found.voicing == 0).all()
    assert np.isfinite(found.cepstra).all()


@pytest.mark.parametrize("pitch", [80, 120, 200, 300, 450])
def test_voices_are_voiced_and_noise_is_not(pitch):
    noise = 0.1 * np.random.default_rng(1).standard_normal(RATE)
    assert frames(buzz(pitch)).voicing.min() > 0.9
    assert np.median(frames(buzz(pitch) + 0.3 * noise).voicing) > 0.8
    assert np.quantile(frames(noise).voicing, 0.95) < 0.45


def test_the_shape_does_not_depend_on_the_loudness():
    loud, soft = frames(buzz(130)), frames(0.01 * buzz(130))
    assert np.allclose(loud.cepstra, soft.cepstra, atol=1e-3)
    assert loud.cepstra.shape == ((RATE - WINDOW) // HOP + 1, CEPSTRA)


def test_blocks_of_any_length_give_the_same_windows():
    sound = np.random.default_rng(2).standard_normal(5000).astype(np.float32)
    framer = Framer()
    parts = [framer(block) for block in np.split(sound, [1, 300, 300, 799, 2500, 2501])]
    assert np.array_equal(np.concatenate(parts), Framer()(sound))
