"""The user's characters in data/characters: pictures, and folders with a `character.png`.

Standard library only, Python 3.8+: the panel in OBS calls it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import List, Optional

from ezvtb_core.link import paths

ENDINGS = (".png", ".webp", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".psd")
"""Of pictures that can be read, the likeliest to have transparency first."""
PICTURE = "character"
"""Name of the picture in a character's own folder, without its ending."""
ENTRIES = 2000
"""Entries of the folder that are looked at."""


@dataclass(frozen=True)
class Character:
    """A picture to choose."""

    name: str
    path: Path


def scan(folder: Path = paths.CHARACTERS) -> List[Character]:
    """All characters in the folder by name; none where it is not there or cannot be read. Never raises."""
    found: List[Character] = []
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, ENTRIES):
                character = None if entry.name.startswith(".") else _character(Path(entry.path))
                if character is not None:
                    found.append(character)
    except OSError:
        pass
    return sorted(found, key=lambda character: (character.name.lower(), str(character.path)))


def _character(path: Path) -> Optional[Character]:
    try:
        if path.is_file():
            return Character(path.stem, path) if path.suffix.lower() in ENDINGS else None
        inside = {entry.name.lower(): entry for entry in islice(path.iterdir(), ENTRIES)}
        pictures = (inside.get(PICTURE + ending) for ending in ENDINGS)
        return next((Character(path.name, picture) for picture in pictures if picture is not None and picture.is_file()), None)
    except OSError:
        return None
