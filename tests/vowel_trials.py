"""Speech with known phones through the ear of `trackers.sound`, moment by moment: for tests and for bench/vowels.py.

The languages and variants of eSpeak NG here are none of those that `tools/train_vowels.py` learned from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.speech import VOWELS as PHONES
from tests.speech import Phone, Samples, Speech, speak, with_noise
from trackers.sound.mouth import SoundMouth
from trackers.sound.vowels import VOWELS, load

LAG = 0.045
"""Seconds by which the mouth's vowel follows the sound: the time at which it is compared."""
TEXTS: dict[str, tuple[str, ...]] = {
    "es": (
        "la casa de mi tío está muy lejos de la ciudad y no tengo coche",
        "mañana por la tarde vamos a comer una sopa de pescado con limón",
        "el perro negro duerme debajo de la mesa, pero el gato juega con la pelota",
        "su hermana pequeña estudia música y le gusta el mundo",
        "uno dos tres cuatro cinco seis siete ocho nueve diez",
    ),
    "ja": (
        "こんにちは みなさん きょうは げえむを します",
        "ありがとう ございます またあした あいましょう",
        "あおい うみと しろい くもが みえます",
        "えいがを みてから うちに かえります",
    ),
    "en-us": (
        "we see two blue cups on the hot black rock",
        "good food for all the men in the red room",
        "keep these green trees clean",
        "the calm father saw more law and order in the park",
    ),
}
VOICES: dict[str, tuple[str, ...]] = {
    "es": ("es", "es+f3", "es+m3"),
    "ja": ("ja", "ja+f3", "ja+m5"),
    "en-us": ("en-us", "en-us+f3", "en-us+m3"),
}
_PAUSE = 1.5
_BLOCK = 0.01


@dataclass(frozen=True)
class Scene:
    """Sound with pauses between sentences."""

    samples: Samples
    rate: int
    phones: tuple[Phone, ...]

    def spoken(self, times: npt.NDArray[np.float64], before: float, after: float) -> npt.NDArray[np.bool_]:
        """Where somebody speaks, pauses inside words included: that long before and after each phone."""
        found = np.zeros(len(times), bool)
        for phone in self.phones:
            if not phone.name.startswith("_"):
                found |= (times >= phone.start - before) & (times < phone.end + after)
        return found

    def vowels(self, times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Index of the vowel at each time, -1 for none."""
        found = np.full(len(times), -1)
        for phone in self.phones:
            if phone.name in PHONES:
                found[(times >= phone.start) & (times < phone.end)] = VOWELS.index(PHONES[phone.name])
        return found


@dataclass(frozen=True)
class Trial:
    """What the mouth did, every 10 ms."""

    times: npt.NDArray[np.float64]
    openings: npt.NDArray[np.float64]
    shapes: npt.NDArray[np.float32]
    """(n, 5)"""

    def confusion(self, scene: Scene) -> npt.NDArray[np.int64]:
        """(5, 5): rows what was said, columns what the mouth showed most of, in moments of 10 ms."""
        said = scene.vowels(self.times - LAG)
        shown = self.shapes.argmax(axis=1)
        table = np.zeros((5, 5), np.int64)
        np.add.at(table, (said[said >= 0], shown[said >= 0]), 1)
        return table

    def opened_in_silence(self, scene: Scene) -> float:
        """Share of the moments of silence with the mouth open by more than 5 %, after the first second."""
        silent = ~scene.spoken(self.times, 0.05, 0.35) & (self.times > 1.0)
        return float(np.mean(self.openings[silent] > 0.05))


def sentences(voice: str) -> Scene:
    """The sentences of a voice's language, with pauses."""
    return _scene([speak(text, voice) for text in TEXTS[voice.split("+")[0]]])


def single_vowels(voice: str) -> Scene:
    """Each of the five vowels by itself, slowly, three times at different pitch."""
    return _scene([speak(f"{vowel}:", voice, words=90, pitch=pitch, phones=True) for pitch in (30, 50, 70) for vowel in VOWELS])


def _scene(speeches: list[Speech]) -> Scene:
    parts: list[Samples] = []
    phones: list[Phone] = []
    time, rate = 0.0, speeches[0].rate
    for speech in speeches:
        parts += [np.zeros(round(_PAUSE * rate), np.float32), speech.samples]
        time += _PAUSE
        phones += [Phone(phone.name, phone.start + time, phone.end + time) for phone in speech.phones]
        time += len(speech.samples) / rate
    parts.append(np.zeros(rate, np.float32))
    return Scene(np.concatenate(parts), rate, tuple(phones))


def noisy(scene: Scene, snr: float) -> Scene:
    """The same with pink noise."""
    return Scene(with_noise(scene.samples, snr), scene.rate, scene.phones)


def louder(scene: Scene, gain: float) -> Scene:
    """The same, `gain` times as loud."""
    return Scene((scene.samples * np.float32(gain)).astype(np.float32), scene.rate, scene.phones)


def listen(samples: Samples, rate: int, mouth: SoundMouth | None = None) -> Trial:
    """Through a new ear, in blocks of 10 ms."""
    mouth = mouth or SoundMouth(load())
    size = round(rate * _BLOCK)
    times, openings, shapes = [], [], []
    for start in range(0, len(samples) - size + 1, size):
        shape = mouth.hear(samples[start : start + size], rate)
        if shape is not None:
            times.append((start + size) / rate)
            openings.append(mouth.opening)
            shapes.append(shape[:5])
    return Trial(np.array(times), np.array(openings), np.array(shapes))


def upstream_opening(samples: Samples, rate: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What EasyVtuber makes of a microphone: blocks of 1024 at 16 kHz, (norm x 10 - 10) x 0.02, x 1.5, within 0..1."""
    length = int(len(samples) * 16000 / rate)
    sound = np.interp(np.arange(length) * rate / 16000, np.arange(len(samples)), samples)
    blocks = sound[: length // 1024 * 1024].reshape(-1, 1024)
    norm = np.linalg.norm(blocks, axis=1) * 10
    opening = np.where(norm < 10, 0.0, np.clip((norm - 10) * 0.02, 0.0, 1.0))
    return (np.arange(len(blocks)) + 1) * 1024 / 16000, np.clip(1.5 * opening, 0.0, 1.0)


def correlation(times: npt.NDArray[np.float64], openings: npt.NDArray[np.float64], scene: Scene) -> tuple[float, float]:
    """(correlation with the vowels that are said, delay in seconds at which it is largest)."""
    grid = np.arange(1.0, len(scene.samples) / scene.rate - 0.5, 0.01)
    said = np.zeros(len(grid))
    for phone in scene.phones:
        if phone.name[:1] in "aeiouAEIOUV0@3":
            said[(grid >= phone.start) & (grid < phone.end)] = 1.0
    shown = np.interp(grid, times, openings)
    if shown.std() == 0.0:
        return 0.0, 0.0
    found = [(float(np.corrcoef(said[: len(grid) - lag], shown[lag:])[0, 1]), lag / 100) for lag in range(20)]
    return max(found)
