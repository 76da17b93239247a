from __future__ import annotations

import os
from pathlib import Path

import pytest

from ezvtb_core.link import folder_walk
from ezvtb_core.link.folder_walk import walk


def visited(root: Path) -> list[str]:
    return [folder.path.relative_to(root).as_posix() for folder in walk(root)]


def test_known_names_are_looked_at_first(tmp_path):
    for name in ("aaa/bbb", "data/models/tha3", "zzz"):
        (tmp_path / name).mkdir(parents=True)
    assert visited(tmp_path) == [".", "data", "data/models", "data/models/tha3", "aaa", "zzz", "aaa/bbb"]


def test_strange_names_are_followed_for_two_steps(tmp_path):
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "models" / "tha4").mkdir(parents=True)
    assert visited(tmp_path) == [".", "a", "a/b", "a/b/models", "a/b/models/tha4"]


def test_folders_of_characters_may_have_any_name(tmp_path):
    (tmp_path / "a" / "b" / "custom_tha4_models" / "me" / "models").mkdir(parents=True)
    assert visited(tmp_path)[-2:] == ["a/b/custom_tha4_models/me", "a/b/custom_tha4_models/me/models"]


def test_files_are_found_by_their_name_in_lower_case(tmp_path):
    (tmp_path / "Editor.ONNX").write_bytes(b"")
    assert next(walk(tmp_path)).files == {"editor.onnx": tmp_path / "Editor.ONNX"}


def test_of_two_spellings_the_lower_case_one_counts(tmp_path):
    for name in ("A.onnx", "a.onnx", "a.ONNX"):
        (tmp_path / name).write_bytes(b"")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("this file system does not tell capitals from small letters")
    assert next(walk(tmp_path)).files == {"a.onnx": tmp_path / "a.onnx"}


def test_hidden_and_heavy_folders_are_left_out(tmp_path):
    for name in (".git", "node_modules", "Lib/site-packages"):
        (tmp_path / name).mkdir(parents=True)
    assert visited(tmp_path) == [".", "Lib"]


@pytest.mark.needs("posix")
def test_a_linked_folder_is_seen_once_and_circles_end(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "file").write_bytes(b"")
    (tmp_path / "again").symlink_to(tmp_path / "models")
    (tmp_path / "models" / "up").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert visited(tmp_path) == [".", "models"]


@pytest.mark.needs("posix")
def test_a_folder_that_must_not_be_read_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "models").mkdir()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("data"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(folder_walk.os, "scandir", scandir)
    assert visited(tmp_path) == [".", "data", "models"]


def test_the_work_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_walk, "LISTINGS", 20)
    monkeypatch.setattr(folder_walk, "ENTRIES", 30)
    for number in range(60):
        (tmp_path / f"{number:02}" / "x").mkdir(parents=True)
    assert len(visited(tmp_path)) == 20
    for number in range(60):
        (tmp_path / f"{number:02}.txt").write_bytes(b"")
    assert len(next(walk(tmp_path)).files) <= 30


def test_depth_is_bounded(tmp_path):
    deep = tmp_path.joinpath(*["models"] * 12)
    deep.mkdir(parents=True)
    assert len(visited(tmp_path)) == folder_walk.DEPTH + 1
