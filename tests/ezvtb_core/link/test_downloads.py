from __future__ import annotations

import re
from pathlib import Path

import pytest

from ezvtb_core.link import downloads, paths
from ezvtb_core.link.downloads import DOWNLOADS, DownloadError


def test_every_entry_is_pinned_and_stays_in_its_folder(tmp_path: Path) -> None:
    for name, item in DOWNLOADS.items():
        assert item.name == name
        assert item.url.startswith("https://")
        assert re.fullmatch("[0-9a-f]{64}", item.sha256)
        assert item.size > 0
        assert item.licence
        assert item.target(tmp_path).resolve().is_relative_to(tmp_path.resolve())
    assert DOWNLOADS["face_landmarker"].target() == paths.MODELS / "mediapipe" / "face_landmarker.task"


def test_an_unknown_name_gets_the_known_ones() -> None:
    with pytest.raises(DownloadError, match="face_landmarker"):
        downloads.known("face_landmaker")


def test_a_file_is_found_in_its_place_or_directly_in_a_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    (second / "mediapipe").mkdir(parents=True)
    first.mkdir()
    assert downloads.find("face_landmarker", [first, second]) is None
    placed = second / "mediapipe" / "face_landmarker.task"
    placed.touch()
    assert downloads.find("face_landmarker", [first, second]) == placed
    loose = first / "face_landmarker.task"
    loose.touch()
    assert downloads.find("face_landmarker", [first, second]) == loose
