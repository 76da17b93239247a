"""tools/train_vowels.py: what it learns from, and that learning works."""

import json
import sys

import numpy as np
import pytest

from tests import vowel_trials
from tests.speech import speaker
from tools import train_vowels
from trackers.sound.spectrum import CEPSTRA, WINDOW
from trackers.sound.vowels import FILE, VOWELS, load


def test_built_vowels_are_windows_of_finite_sound():
    sound, labels = train_vowels.built(700, np.random.default_rng(0))
    assert sound.shape == (700, WINDOW)
    assert np.isfinite(sound).all()
    assert set(labels.tolist()) == set(range(len(VOWELS)))


def test_no_voice_of_a_test_is_learned_from():
    tested = {voice for voices in vowel_trials.VOICES.values() for voice in voices}
    languages = {voice.split("+")[0] for voice in tested}
    variants = {"+" + voice.split("+")[1] for voice in tested if "+" in voice}
    assert not languages & set(train_vowels.LANGUAGES)
    assert not variants & set(train_vowels.VARIANTS)


def test_it_learns_and_writes_what_the_ear_reads(tmp_path, monkeypatch):
    speaker()
    out = tmp_path / "sound" / "vowels.json"
    monkeypatch.setattr(sys, "argv", ["train_vowels", "--out", str(out), "--windows", "3000"])
    train_vowels.main()
    model = load(out)
    sound, labels = train_vowels.built(600, np.random.default_rng(99))
    from trackers.sound.spectrum import analyse

    right = model.shares(analyse(sound.astype(np.float32)).cepstra).argmax(axis=1) == labels
    assert right.mean() > 0.7
    assert list(json.loads(out.read_text(encoding="utf-8"))) == list(json.loads(FILE.read_text(encoding="utf-8")))


def test_learning_separates_what_can_be_separated():
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 2000)
    data = random.standard_normal((2000, CEPSTRA)) + 6 * np.eye(5, CEPSTRA)[labels]
    mean, spread, first, first_bias, second, second_bias = train_vowels.train(data, labels, random)
    scores = np.tanh((data - mean) / spread @ first + first_bias) @ second + second_bias
    assert (scores.argmax(axis=1) == labels).mean() > 0.98


@pytest.mark.parametrize("vowel", VOWELS)
def test_formants_are_ordered_and_grow_from_men_to_children(vowel):
    table = train_vowels.FORMANTS[vowel]
    assert (np.diff(table, axis=2) > 0).all()
    assert (np.diff(table, axis=1) > 0).all()
