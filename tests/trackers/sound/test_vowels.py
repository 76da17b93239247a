"""trackers/sound/vowels.py: the network on vowels of people (published formants), its file, and adaptation."""

import json

import numpy as np
import pytest

from trackers.sound.resample import RATE
from trackers.sound.spectrum import CEPSTRA, WINDOW, analyse
from trackers.sound.vowels import FILE, VOWELS, VowelEar, load

MOMENTS = np.arange(WINDOW) / RATE
HILLENBRAND = {
    "a": [(768, 1333, 2522), (936, 1551, 2815), (1002, 1688, 2950)],
    "i": [(342, 2322, 3000), (437, 2761, 3372), (452, 3081, 3702)],
    "u": [(378, 997, 2343), (459, 1105, 2735), (494, 1345, 2988)],
    "e": [(476, 2089, 2691), (536, 2530, 3047), (564, 2656, 3323)],
    "o": [(497, 910, 2459), (555, 1035, 2828), (597, 1137, 2987)],
}
"""Formants of American men, women and children in "hod", "heed", "who'd", "hayed", "hoed": Hillenbrand, Getty, Clark and Wheeler
1995, table V. The network was made from an older set (Peterson and Barney 1952)."""


def vowel(formants: tuple[int, ...], pitch: float, seed: int) -> np.ndarray:
    """A window of resonances in a row (digital resonators in the frequency domain), with a little noise."""
    random = np.random.default_rng(seed)
    sound = np.zeros(WINDOW)
    for number in range(1, int(5000 / pitch)):
        tone = number * pitch
        gain = number**-1.0
        for formant, width in zip((*formants, 1.3 * formants[2], 1.6 * formants[2]), (70, 90, 120, 200, 250), strict=True):
            gain *= formant**2 / abs(complex(formant**2 - tone**2, width * tone))
        sound += gain * np.cos(2 * np.pi * tone * MOMENTS + random.uniform(0, 2 * np.pi))
    sound = 0.1 * sound / sound.std() + 0.003 * random.standard_normal(WINDOW)
    return sound.astype(np.float32)


@pytest.mark.parametrize(("speaker", "pitch"), [(0, 125.0), (1, 210.0), (2, 240.0)], ids=["men", "women", "children"])
def test_vowels_of_people_are_heard(speaker, pitch):
    model = load()
    right = 0
    for number, name in enumerate(VOWELS):
        windows = np.stack([vowel(HILLENBRAND[name][speaker], pitch * (0.9 + 0.02 * seed), seed) for seed in range(12)])
        shares = model.shares(analyse(windows).cepstra)
        print(f"{name}: " + " ".join(f"{share:.2f}" for share in shares.mean(axis=0)))
        right += int((shares.argmax(axis=1) == number).sum())
    assert right >= 0.8 * 12 * len(VOWELS)


def test_shares_are_shares():
    shares = load().shares(np.random.default_rng(0).standard_normal((50, CEPSTRA)).astype(np.float32) * 50)
    assert np.allclose(shares.sum(axis=1), 1.0, atol=1e-5)
    assert shares.min() >= 0.0


def learned(ear: VowelEar) -> np.ndarray:
    return ear._known @ ear._differences / (3.0 * len(VOWELS))


def test_the_colour_of_a_microphone_is_learned_from_all_vowels():
    model = load()
    colour = np.zeros(CEPSTRA, np.float32)
    colour[0] = 0.3
    ear, plain = VowelEar(model), VowelEar(model)
    for turn in range(400):
        window = model.centres[turn % 5][None]
        ear.hear(window + colour, np.ones(1, np.float32), 0.05)
        plain.hear(window, np.ones(1, np.float32), 0.05)
    assert 0.12 < learned(ear)[0] < 0.35
    assert np.abs(learned(plain)).max() < 0.05


def test_a_vowel_that_is_held_does_not_become_another():
    model, ear = load(), VowelEar(load())
    window = analyse(np.stack([vowel(HILLENBRAND["a"][0], 120.0, 3)])).cepstra
    first = model.shares(window)[0]
    for _ in range(2000):
        last = ear.hear(window, np.ones(1, np.float32), 0.01)[0]
    assert first.argmax() == last.argmax() == 0


def test_what_is_no_voice_teaches_nothing():
    ear = VowelEar(load())
    ear.hear(np.full((20, CEPSTRA), 3.0, np.float32), np.zeros(20, np.float32), 0.01)
    assert not learned(ear).any()


def test_the_file_is_whole_and_a_damaged_one_is_refused(tmp_path):
    table = json.loads(FILE.read_text(encoding="utf-8"))
    assert "train_vowels" in table["about"]
    table["output"] = table["output"][:-1]
    bad = tmp_path / "vowels.json"
    bad.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(ValueError, match="network"):
        load(bad)
    table["output"].append([float("nan")] * 5)
    bad.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(ValueError, match="network"):
        load(bad)
