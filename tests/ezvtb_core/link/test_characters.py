"""The user's characters on disk."""

from __future__ import annotations

import pytest

from ezvtb_core.link import characters
from ezvtb_core.link.characters import Character


def test_pictures_and_folders_with_a_picture_are_found_by_name(tmp_path):
    for name in ("zoe.png", "Anna.WebP", "旅人.psd", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    for folder, name in (("bea", "Character.PNG"), ("empty", "picture.png"), ("kai", "character.jpg"), (".git", "character.png")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(b"")
    assert characters.scan(tmp_path) == [
        Character("Anna", tmp_path / "Anna.WebP"),
        Character("bea", tmp_path / "bea" / "Character.PNG"),
        Character("kai", tmp_path / "kai" / "character.jpg"),
        Character("zoe", tmp_path / "zoe.png"),
        Character("旅人", tmp_path / "旅人.psd"),
    ]


def test_of_several_pictures_the_likeliest_to_have_transparency(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("character.jpg", "character.webp", "character.png"):
        (tmp_path / "a" / name).write_bytes(b"")
    assert characters.scan(tmp_path) == [Character("a", tmp_path / "a" / "character.png")]


def test_no_folder_no_characters(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert characters.scan(tmp_path / "none") == characters.scan(tmp_path / "file") == []


@pytest.mark.needs("posix")
def test_links_in_a_circle_and_folders_named_like_pictures_are_left_out(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "b.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "c.png").mkdir()
    assert characters.scan(tmp_path) == []


def test_the_work_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(characters, "ENTRIES", 20)
    for number in range(50):
        (tmp_path / f"{number:03}.png").write_bytes(b"")
    assert len(characters.scan(tmp_path)) == 20
