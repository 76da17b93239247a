"""Shape of the spectrum → which of the five vowels it is.

A small network (one hidden layer) that `tools/train_vowels.py` made from vowels built with the formants of men, women and
children, and from speech of eSpeak NG. It gives shares, not a decision, so that the mouth can be between two vowels.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ezvtb_core.link import paths
from ezvtb_core.pose import FloatArray
from trackers.sound.spectrum import CEPSTRA

VOWELS = "aiueo"
"""In the order of the mouth values of a pose."""
FILE = paths.DATA / "sound" / "vowels.json"

KNOWN_SECONDS = 3.0
"""Seconds of a vowel after which it says all it can about a person and a microphone."""
_CERTAIN_FROM = 0.7
"""Share from which on a vowel is used for that: what is between two vowels says nothing."""
_ADAPT_LIMIT = 0.6
"""Largest correction in any direction: that of a very dull microphone; more would be another vowel."""


@dataclass(frozen=True)
class VowelModel:
    """The network. Arrays are float32."""

    mean: FloatArray
    """(13,) of the cepstra that it was made from."""
    spread: FloatArray
    """(13,) their standard deviation."""
    hidden: FloatArray
    """(13, n)"""
    hidden_bias: FloatArray
    """(n,)"""
    output: FloatArray
    """(n, 5)"""
    output_bias: FloatArray
    """(5,)"""
    centres: FloatArray
    """(5, 13) mean cepstra of each vowel."""

    def shares(self, cepstra: FloatArray) -> FloatArray:
        """(n, 13) → (n, 5), each 0..1, together 1."""
        inner = np.tanh(((cepstra - self.mean) / self.spread) @ self.hidden + self.hidden_bias)
        scores = inner @ self.output + self.output_bias
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: FloatArray = raised / raised.sum(axis=1, keepdims=True)
        return shares


def load(file: Path = FILE) -> VowelModel:
    """Read what the tool wrote. Raises OSError or ValueError; the file is part of the program."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    arrays = {name: np.array(found[name], np.float32) for name in VowelModel.__dataclass_fields__}
    model = VowelModel(**arrays)
    size = model.hidden.shape[-1]
    shapes = [(CEPSTRA,), (CEPSTRA,), (CEPSTRA, size), (size,), (size, len(VOWELS)), (len(VOWELS),), (len(VOWELS), CEPSTRA)]
    if [array.shape for array in arrays.values()] != shapes or not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(f"{file} does not hold a network of this version")
    return model


class VowelEar:
    """Shares of the vowels, adapted to one speaker and microphone.

    What a microphone and a throat add is the same for every vowel, and in cepstra it is a sum. It is learned as the mean
    difference between what comes and the centre of the vowel that it was taken for (stochastic matching, Sankar and Lee
    1996). Each vowel has one voice in five, however long it is heard: a note that is held must not become the mean of everything.
    """

    def __init__(self, model: VowelModel) -> None:
        self._model = model
        self._differences = np.zeros((len(VOWELS), CEPSTRA), np.float32)
        self._known = np.zeros(len(VOWELS), np.float32)  # seconds, up to KNOWN_SECONDS

    def hear(self, cepstra: FloatArray, weights: FloatArray, seconds: float) -> FloatArray:
        """Shares (n, 5) for n moments, `seconds` apart; `weights` (n,) 0..1 says how surely each is a voice."""
        offset = (self._known @ self._differences) / np.float32(KNOWN_SECONDS * len(VOWELS))
        shares = self._model.shares(cepstra - offset.clip(-_ADAPT_LIMIT, _ADAPT_LIMIT))
        certain = ((shares.max(axis=1) - _CERTAIN_FROM) / (1.0 - _CERTAIN_FROM)).clip(0.0, 1.0)
        heard = shares * (weights * certain)[:, None]
        amounts = heard.sum(axis=0)
        sums = heard.T @ cepstra - amounts[:, None] * self._model.centres
        time = np.float32(seconds)
        self._differences += time * (sums - amounts[:, None] * self._differences) / np.maximum(self._known, 1.0)[:, None]
        self._known = np.minimum(self._known + amounts * time, np.float32(KNOWN_SECONDS))
        return shares
