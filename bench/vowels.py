"""How well the mouth that follows sound hears vowels: confusion matrices, silence in noise, delay, processor share.

    python bench/vowels.py [--noise 10] [--matrices] [--json FILE]

Needs eSpeak NG (Debian: espeak-ng). Speech has known phones; neither its languages nor its voices were learned from. Last come
EasyVtuber's fixed levels beside ours: correlation of the opening with the vowels that are said.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import vowel_trials  # noqa: E402 - the path comes first
from tests.vowel_trials import VOICES, Scene, listen  # noqa: E402
from trackers.sound.vowels import VOWELS  # noqa: E402


def show(table: np.ndarray) -> None:
    print("        " + "".join(f"{vowel:>6}" for vowel in VOWELS))
    for vowel, row in zip(VOWELS, table, strict=True):
        share = row / max(row.sum(), 1)
        print(f"      {vowel} " + "".join(f"{value:6.2f}" for value in share) + f"   {row.sum()} moments")


def matrices(noise: float, every: bool) -> dict[str, dict[str, float]]:
    """Share of moments with the right vowel, per voice."""
    found: dict[str, dict[str, float]] = {}
    for kind in ("single vowels", "sentences"):
        for language, voices in VOICES.items():
            if kind == "single vowels" and language != "es":
                continue
            for voice in voices:
                clean = vowel_trials.single_vowels(voice) if kind == "single vowels" else vowel_trials.sentences(voice)
                for name, scene in (("clean", clean), (f"noise at {noise:g} dB", vowel_trials.noisy(clean, noise))):
                    trial = listen(scene.samples, scene.rate)
                    table = trial.confusion(scene)
                    right, opened = table.trace() / table.sum(), trial.opened_in_silence(scene)
                    found.setdefault(f"{kind}, {name}", {})[voice] = round(float(right), 3)
                    print(f"{kind:13}  {voice:9}  {name:15} right {right:6.1%}   open in silence {opened:.2%}")
                    if every:
                        show(table)
    return found


def delays() -> dict[str, float]:
    """From a vowel that begins, ends or changes in the sound to the mouth, seconds of sound; and the processor's share."""
    rate = 48000
    moments = np.arange(rate) / rate
    noise = np.random.default_rng(0).standard_normal(rate).astype(np.float32) * np.float32(1e-3)

    def vowel(*formants: float) -> np.ndarray:
        sound = np.zeros(rate)
        for number in range(1, 40):
            tone = 140.0 * number
            peaks = [(f * f) / np.hypot(f * f - tone * tone, 0.08 * f * tone + 60 * tone) for f in (*formants, 3400, 4300)]
            sound += np.prod(peaks) * number**-1.2 * np.cos(2 * np.pi * tone * moments + number)
        return (0.1 * sound / sound.std()).astype(np.float32)

    ah, ee = vowel(730, 1090, 2440), vowel(270, 2290, 3010)
    trial = listen(np.concatenate([noise, ah, ee, noise]), rate)
    times, half = trial.times, 0.5 * trial.openings.max()
    opens = times[(times > 1) & (trial.openings >= half)][0] - 1
    changes = times[(times > 2) & (trial.shapes[:, 1] > trial.shapes[:, 0])][0] - 2
    shuts = times[(times > 3) & (trial.openings < half)][0] - 3
    long = np.tile(np.concatenate([noise, ah, ee]), 5)
    began = time.thread_time()
    listen(long, rate)
    share = (time.thread_time() - began) / (len(long) / rate)
    found = {"half open after": opens, "other vowel after": changes, "half shut after": shuts, "share of a core": share}
    print("\n" + "   ".join(f"{name} {value * 1000:.0f} ms" for name, value in list(found.items())[:3]))
    print(f"share of one core {share:.1%} (blocks of 10 ms at 48 kHz)")
    return {name: round(float(value), 4) for name, value in found.items()}


def against_volume(noise: float) -> dict[str, dict[str, float]]:
    """Correlation of the opening with the vowels, ours and by upstream's fixed levels, for one speaker at several levels."""
    print("\ncorrelation of the opening with the vowels said     ours   EasyVtuber's volume")
    found = {}
    for voice in ("es", "ja+f3"):
        scene = vowel_trials.sentences(voice)
        cases: list[tuple[str, Scene]] = [
            ("as loud as eSpeak NG is", scene),
            ("at an eighth of it", vowel_trials.louder(scene, 0.125)),
            (f"noise at {noise:g} dB", vowel_trials.noisy(scene, noise)),
        ]
        for name, case in cases:
            trial = listen(case.samples, case.rate)
            ours, delay = vowel_trials.correlation(trial.times, trial.openings, case)
            theirs, their_delay = vowel_trials.correlation(*vowel_trials.upstream_opening(case.samples, case.rate), case)
            print(f"  {voice:6} {name:38} {ours:5.2f} ({delay * 1000:3.0f} ms)   {theirs:5.2f} ({their_delay * 1000:3.0f} ms)")
            found[f"{voice}, {name}"] = {"ours": round(ours, 3), "volume": round(theirs, 3)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noise", type=float, default=10.0, help="dB that the noise is below the speech")
    parser.add_argument("--matrices", action="store_true", help="show every confusion matrix")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = {
        "right": matrices(options.noise, options.matrices),
        "delay": delays(),
        "volume": against_volume(options.noise),
    }
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
