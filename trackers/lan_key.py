"""The key that two computers share: derived from a word that people can remember, off the threads that have no time."""

from __future__ import annotations

import hashlib
import threading
import unicodedata
from functools import lru_cache

from ezvtb_core.link import threads

ROUNDS = 600_000
"""OWASP's number for PBKDF2 with SHA-256 (2023); 0.2 s or more, once for each word."""
_SALT = b"EZVTuber poses over the network"


class LanKey:
    """The key of the setting `lan_key`. `set` is for one thread, the rest for any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._word = ""
        self._derived: tuple[str, bytes] = ("", b"")
        self._busy = False

    def set(self, word: str) -> None:
        """Take a word, empty for no key. Returns at once; the key follows."""
        with self._lock:
            self._word = tidy(word)
            if self._busy or self._derived[0] == self._word:
                return
            self._busy = True
        threads.start(self._derive, "lan-key")

    @property
    def wanted(self) -> bool:
        """Whether there is a word. Until `value` has its key, nothing may be sent or taken."""
        return bool(self._word)

    @property
    def value(self) -> bytes | None:
        """The key, 32 bytes; None without a word, and while it is derived."""
        word, key = self._derived
        return key if word and word == self._word else None

    def _derive(self) -> None:
        while True:
            word = self._word
            key = derive(word) if word else b""
            with self._lock:
                self._derived = (word, key)
                if word == self._word:  # else it was changed meanwhile: once more
                    self._busy = False
                    return


@lru_cache(maxsize=8)
def derive(word: str) -> bytes:
    """The key of a word that is tidy, 32 bytes. Takes 0.2 s or more the first time."""
    return hashlib.pbkdf2_hmac("sha256", word.encode("utf-8", "surrogatepass"), _SALT, ROUNDS)


def tidy(word: str) -> str:
    """A word as it counts: spaces around it do not, and every way to write a letter in Unicode is the same."""
    return unicodedata.normalize("NFC", word.strip())
