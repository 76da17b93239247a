"""Make `data/sound/vowels.json`, the network that tells vowels apart. Needs eSpeak NG; takes a minute.

    python -m tools.train_vowels [--out FILE]

Half of what it learns from are vowels built here from published formants of people (Peterson and Barney 1952: men, women and
children; beside them usual values of Japanese and Spanish), with any pitch, throat length, voice quality, microphone and noise.
The other half is speech of eSpeak NG, of languages and voices that no test and no benchmark uses: `bench/vowels.py` and
the tests listen to Spanish, Japanese and English and to other variants. No recording of a person is used.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.speech import VOWELS as PHONES
from tests.speech import speak, with_noise
from trackers.sound.resample import RATE, Resampler
from trackers.sound.spectrum import HOP, WINDOW, Framer, analyse
from trackers.sound.vowels import FILE, VOWELS

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

_RATIOS = (1.0, 1.16, 1.36)
"""Formants of women and children against men, mean over Peterson and Barney's vowels."""


def _like(f1: float, f2: float, f3: float) -> list[tuple[float, ...]]:
    return [(f1 * ratio, f2 * ratio, f3 * ratio) for ratio in _RATIOS]


_AH = [(730, 1090, 2440), (850, 1220, 2810), (1030, 1370, 3170)]
_AE = [(660, 1720, 2410), (860, 2050, 2850), (1010, 2320, 3320)]
_UH = [(640, 1190, 2390), (760, 1400, 2780), (850, 1590, 3360)]
_EE = [(270, 2290, 3010), (310, 2790, 3310), (370, 3200, 3730)]
_IH = [(390, 1990, 2550), (430, 2480, 3070), (530, 2730, 3600)]
_EH = [(530, 1840, 2480), (610, 2330, 2990), (690, 2610, 3570)]
_AW = [(570, 840, 2410), (590, 920, 2710), (680, 1060, 3180)]
_OO = [(300, 870, 2240), (370, 950, 2670), (430, 1170, 3260)]
_UU = [(440, 1020, 2240), (470, 1160, 2680), (560, 1410, 3310)]
"""Hz: the first three formants of men, women, children."""
FORMANTS: dict[str, npt.NDArray[np.float64]] = {
    "a": np.array([_AH, _UH, _AE, _like(770, 1250, 2500), _like(700, 1350, 2500)]),
    "i": np.array([_EE, _EE, _IH, _like(280, 2250, 3000)]),
    "u": np.array([_OO, _OO, _UU, _like(350, 1250, 2300), _like(330, 1450, 2300), _like(320, 1650, 2350)]),
    "e": np.array([_EH, _like(460, 1850, 2500), _like(480, 1740, 2500), _like(400, 2000, 2600)]),
    "o": np.array([_AW, _like(500, 900, 2450), _like(470, 830, 2400), _like(550, 950, 2450)]),
}
LANGUAGES = ("it", "pt", "el", "hr", "pl", "de", "fi", "tr", "sw", "id", "ro")
VARIANTS = ("", "+m1", "+m2", "+m4", "+m7", "+m8", "+f1", "+f2", "+f4", "+Annie", "+belinda", "+klatt3", "+norbert", "+anika")
_CONSONANTS = "ptkbdgmnslfr"
_HIDDEN, _EPOCHS, _BATCH, _RATE, _DECAY = 32, 40, 512, 3e-3, 1e-4
_SURENESS = 0.95
"""Target of the right vowel: the labels are not always right."""


def built(count: int, random: np.random.Generator) -> tuple[Array, Labels]:
    """`count` windows of one vowel each, (count, 400) at 16 kHz, and their vowels."""
    labels = random.integers(0, len(VOWELS), count)
    build = random.uniform(-0.35, 2.2, count)  # of the throat: 0 a man's, 1 a woman's, 2 a child's
    formants = _formants(labels, build, random)
    widths = np.array([80, 100, 140, 220, 300]) * np.exp(random.normal(0, 0.35, (count, 5)))
    pitch = 120.0 * np.exp(0.5 * np.clip(build, -0.5, 1.6) + random.normal(0, 0.28, count))
    tones = np.clip(pitch, 70.0, 500.0)[:, None] * np.arange(1, 81)
    gains = _gains(tones, formants, widths, random)
    time = (np.arange(WINDOW) / RATE).astype(np.float32)
    sound = np.empty((count, WINDOW))
    for first in range(0, count, 500):
        part = slice(first, first + 500)
        phase = random.uniform(0, 2 * math.pi, tones[part].shape)[:, :, None]
        glide = random.normal(0, 0.6, (len(tones[part]), 1, 1))
        angle = 2 * math.pi * tones[part][:, :, None] * (time + glide * time**2) + phase
        sound[part] = np.einsum("nk,nkt->nt", gains[part], np.cos(angle.astype(np.float32)))
    sound /= sound.std(axis=1, keepdims=True)
    return 0.1 * (sound + _noise(count, random)), labels


def _formants(labels: Labels, build: Array, random: np.random.Generator) -> Array:
    """(count, 5) Hz, between the published ones of men, women and children, and scattered as people are."""
    found = np.empty((len(labels), 5))
    for vowel, name in enumerate(VOWELS):
        mine = np.flatnonzero(labels == vowel)
        table = np.log(FORMANTS[name])
        kind = random.integers(0, len(table), len(mine))
        lower = np.clip(np.floor(build[mine]), 0, 1).astype(int)
        start, end = table[kind, lower], table[kind, lower + 1]
        found[mine, :3] = np.exp(start + (end - start) * (build[mine] - lower)[:, None])
    found[:, 3:] = np.array([3450.0, 4300.0]) * _RATIOS[1] ** build[:, None]
    scattered: Array = found * np.exp(random.normal(0, 1, found.shape) * np.array([0.08, 0.06, 0.05, 0.05, 0.05]))
    return scattered


def _gains(tones: Array, formants: Array, widths: Array, random: np.random.Generator) -> Array:
    """Amplitudes of the harmonics (count, 80): resonances in a row (Fant 1960), a falling source, a microphone's colour."""
    count = len(tones)
    gain = np.zeros_like(tones)
    for place in range(5):
        centre, half = formants[:, place, None], widths[:, place, None] / 2
        below, above = (tones - centre) ** 2 + half**2, (tones + centre) ** 2 + half**2
        gain += np.log((centre**2 + half**2) / np.sqrt(below * above))
    decibel = math.log(10) / 20
    gain -= random.uniform(4, 11, (count, 1)) * np.log2(tones / tones[:, :1]) * decibel
    for _ in range(4):
        middle, lift = random.uniform(0, 4000, (count, 1)), random.normal(0, 3.0, (count, 1))
        gain += lift * decibel * np.exp(-(((tones - middle) / 900) ** 2))
    gain -= 0.5 * np.log1p((random.uniform(20, 200, (count, 1)) / tones) ** 2)
    return np.where(tones < 0.95 * RATE / 2, np.exp(gain), 0.0)


def _noise(count: int, random: np.random.Generator) -> Array:
    """White to pink, 3 to 45 dB below a sound of power 1."""
    spectrum = np.fft.rfft(random.standard_normal((count, WINDOW + 64)), axis=1)
    spectrum *= np.maximum(np.arange(spectrum.shape[1]), 1.0) ** (-0.5 * random.uniform(0, 1, (count, 1)))
    noise: Array = np.fft.irfft(spectrum, axis=1)[:, :WINDOW]
    noise /= noise.std(axis=1, keepdims=True)
    return noise * 10 ** (-random.uniform(3, 45, (count, 1)) / 20)


def spoken(texts: int, random: np.random.Generator) -> tuple[Array, Labels]:
    """Cepstra (n, 13) and vowels of syllables that eSpeak NG says, about 270 windows a text."""
    cepstra, labels = [], []
    for _ in range(texts):
        voice = LANGUAGES[random.integers(len(LANGUAGES))] + VARIANTS[random.integers(len(VARIANTS))]
        letters = [_CONSONANTS[random.integers(len(_CONSONANTS))] + VOWELS[random.integers(5)] for _ in range(30)]
        text = "".join(letter + (" " if random.random() < 0.4 else "") for letter in letters)
        words, pitch, spread = (int(random.integers(*limits)) for limits in ((110, 240), (15, 90), (20, 90)))
        speech = speak(text, voice, words=words, pitch=pitch, spread=spread)
        heard = speech.samples if random.random() < 0.4 else with_noise(speech.samples, random.uniform(5, 30))
        resampler = Resampler(speech.rate)
        frames = analyse(Framer()(resampler(heard)))
        moments = (np.arange(len(frames.level)) * HOP + WINDOW / 2) / RATE - resampler.delay
        for phone in speech.phones:
            inside = (moments >= phone.start) & (moments < phone.end)
            if phone.name in PHONES and inside.any():
                cepstra.append(frames.cepstra[inside])
                labels.append(np.full(int(inside.sum()), VOWELS.index(PHONES[phone.name])))
    return np.concatenate(cepstra).astype(np.float64), np.concatenate(labels)


def train(data: Array, labels: Labels, random: np.random.Generator) -> list[Array]:
    """Adam on the cross entropy; mean, spread, weights and biases of both layers."""
    mean, spread = data.mean(axis=0), data.std(axis=0)
    inputs, size = (data - mean) / spread, len(VOWELS)
    wanted = np.eye(size)[labels] * _SURENESS + (1 - _SURENESS) / size
    weights: list[Array] = [
        random.normal(0, inputs.shape[1] ** -0.5, (inputs.shape[1], _HIDDEN)), np.zeros(_HIDDEN),
        random.normal(0, _HIDDEN**-0.5, (_HIDDEN, size)), np.zeros(size),
    ]  # fmt: skip
    first, second, step = [np.zeros_like(each) for each in weights], [np.zeros_like(each) for each in weights], 0
    for epoch in range(_EPOCHS):
        rate = _RATE * 0.5 * (1 + math.cos(math.pi * epoch / _EPOCHS))
        order = random.permutation(len(inputs))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            inner = np.tanh(inputs[chosen] @ weights[0] + weights[1])
            scores = inner @ weights[2] + weights[3]
            raised = np.exp(scores - scores.max(axis=1, keepdims=True))
            error = (raised / raised.sum(axis=1, keepdims=True) - wanted[chosen]) / len(chosen)
            back = error @ weights[2].T * (1 - inner**2)
            gradients = [inputs[chosen].T @ back, back.sum(axis=0), inner.T @ error, error.sum(axis=0)]
            step += 1
            for index, gradient in enumerate(gradients):
                if gradient.ndim == 2:
                    gradient = gradient + _DECAY * weights[index]
                first[index] = 0.9 * first[index] + 0.1 * gradient
                second[index] = 0.999 * second[index] + 0.001 * gradient**2
                fair = np.sqrt(second[index] / (1 - 0.999**step)) + 1e-8
                weights[index] = weights[index] - rate * first[index] / (1 - 0.9**step) / fair
    return [mean, spread, *weights]


def main() -> None:
    """The command line of the module docstring."""
    parser = argparse.ArgumentParser(description="Make the network that tells vowels apart.")
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--windows", type=int, default=48000, help="built vowels, and as many of eSpeak NG")
    chosen = parser.parse_args()
    random = np.random.default_rng(1)
    sound, labels = built(chosen.windows, random)
    cepstra = analyse(sound.astype(np.float32)).cepstra.astype(np.float64)
    speech, said = spoken(chosen.windows // 250, random)
    even = 1.0 / np.bincount(said)[said]
    drawn = random.choice(len(said), chosen.windows, p=even / even.sum())
    data, all_labels = np.concatenate([cepstra, speech[drawn]]), np.concatenate([labels, said[drawn]])
    result = train(data, all_labels, random)
    centres = np.array([data[all_labels == vowel].mean(axis=0) for vowel in range(len(VOWELS))])
    names = ("mean", "spread", "hidden", "hidden_bias", "output", "output_bias", "centres")
    arrays = dict(zip(names, [*result, centres], strict=True))
    about = "Made by tools/train_vowels.py from formants of Peterson and Barney (1952) and speech of eSpeak NG; see there."
    table = {"about": about, **{name: np.round(array, 4).tolist() for name, array in arrays.items()}}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in table.items())
    chosen.out.write_text("{\n" + lines + "\n}\n", encoding="utf-8", newline="\n")
    print(f"{len(data)} windows, {chosen.out} written")


if __name__ == "__main__":
    main()
