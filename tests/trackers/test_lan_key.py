"""trackers/lan_key.py: one word, one key, and nobody waits for it."""

import threading
import time

import pytest

from tests.peers import wait_until
from trackers import lan_key
from trackers.lan_key import LanKey, derive, tidy


def test_the_key_is_pbkdf2() -> None:
    import hashlib

    assert derive("secret") == hashlib.pbkdf2_hmac("sha256", b"secret", b"EZVTuber poses over the network", 600_000)
    assert derive("secret") != derive("Secret")


def test_spaces_and_forms_of_letters_do_not_count() -> None:
    assert tidy("  é ") == tidy("é")
    assert tidy(" \t") == ""


def test_the_key_follows_the_word() -> None:
    key = LanKey()
    assert not key.wanted
    assert key.value is None
    key.set(" secret ")
    assert key.wanted
    assert wait_until(lambda: key.value == derive("secret"))
    key.set("other")
    assert key.value != derive("secret")
    assert wait_until(lambda: key.value == derive("other"))
    key.set("")
    assert not key.wanted
    assert key.value is None


def test_a_word_that_is_typed_letter_by_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every letter is an update of the settings: none waits, one thread at a time works, and the last word counts."""
    running = most = 0

    def slow(word: str) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.02)
        running -= 1
        return word.encode()

    monkeypatch.setattr(lan_key, "derive", slow)
    key = LanKey()
    for end in range(1, 31):
        key.set("a long word that somebody typed"[:end])
        time.sleep(0.002)
    assert wait_until(lambda: key.value == b"a long word that somebody type")
    assert most == 1
    assert wait_until(lambda: not [each for each in threading.enumerate() if each.name == "ezvtuber-lan-key"])
