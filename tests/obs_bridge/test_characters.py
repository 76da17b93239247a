"""The panel's list of characters."""

from __future__ import annotations

import threading

import pytest

from ezvtb_core.link import characters
from ezvtb_core.link.characters import Character
from obs_bridge.characters import CharacterShelf
from obs_bridge.chores import Chores


@pytest.fixture
def chores():
    made = Chores()
    yield made
    made.stop(2.0)


def wait(chores: Chores) -> None:
    done = threading.Event()
    chores.later(done.set)
    assert done.wait(5)


def test_a_change_on_disk_is_told_once_and_listed_under_a_head(chores, tmp_path, monkeypatch):
    scan = characters.scan
    monkeypatch.setattr(characters, "scan", lambda: scan(tmp_path))
    shelf = CharacterShelf(chores)
    wait(chores)
    assert shelf.entries("en-US") == []
    (tmp_path / "猫.png").write_bytes(b"")
    told: list[int] = []
    for _ in range(3):
        shelf.seek(lambda: told.append(1))
        wait(chores)
    assert told == [1]
    assert shelf.entries("en-US") == [("", "Choose one of 1…"), (str(tmp_path / "猫.png"), "猫")]
    assert shelf.entries("zh-CN")[0][0] == ""


def test_asking_never_waits_for_the_disk(chores, monkeypatch, tmp_path):
    gate = threading.Event()

    def slow() -> list[Character]:
        gate.wait(5)
        return [Character("a", tmp_path / "a.png")]

    monkeypatch.setattr(characters, "scan", slow)
    shelf = CharacterShelf(chores)
    shelf.seek(lambda: None)
    assert shelf.entries("en-US") == []
    gate.set()
    wait(chores)
    assert len(shelf.entries("en-US")) == 2
