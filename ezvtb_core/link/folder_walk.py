"""Looks through folders with a bound on the work, those first where models usually are.

Standard library only, Python 3.8+. Meant for a folder that a user pointed at, which may be anything: a model, a folder
of models, the installation of another program, or a whole disk.
"""

from __future__ import annotations

import heapq
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Set, Tuple

LISTINGS = 400
"""Folders that are listed at most."""
ENTRIES = 5000
"""Entries of one folder that are looked at."""
DEPTH = 8
STRANGE = 2
"""Folders with names of no meaning on the way to a model: a program's own folder, a character's."""
KNOWN = frozenset(
    ("data", "models", "tha3", "tha4", "tha4_student", "custom_tha4_models", "seperable", "separable", "standard", "fp32", "fp16")
)
STUDENTS = frozenset(("tha4_student", "custom_tha4_models"))
"""Folders whose own folders are named for characters."""
SKIPPED = frozenset(("node_modules", "__pycache__", "site-packages", "venv", "$recycle.bin", "system volume information"))


@dataclass(frozen=True)
class Folder:
    """What is in a folder."""

    path: Path
    files: Mapping[str, Path]
    """Name in lower case → file; where two names differ in case only, the one that is lower case already."""


def walk(root: Path) -> Iterator[Folder]:
    """`root` and folders below it, each once. What cannot be read is left out; never raises.

    In an order that finds models soon: folders with known names before others, near ones before far ones.
    """
    waiting = [(0, 0, os.path.abspath(str(root)))]
    seen: Set[str] = set()
    while waiting and len(seen) < LISTINGS:
        strange, depth, path = heapq.heappop(waiting)
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):  # ValueError: a path that no file system takes
            continue
        # The same folder may be met again through a link, even one of its own parents.
        if real in seen:
            continue
        seen.add(real)
        files, inside = _list(path)
        yield Folder(Path(path), files)
        students = os.path.basename(path).lower() in STUDENTS
        for name in inside if depth < DEPTH else ():
            steps = strange + (name.lower() not in KNOWN and not students)
            if steps <= STRANGE:
                heapq.heappush(waiting, (steps, depth + 1, os.path.join(path, name)))


def _list(path: str) -> Tuple[Dict[str, Path], List[str]]:
    files: Dict[str, Path] = {}
    inside: List[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in islice(entries, ENTRIES):
                _sort(entry, files, inside)
    except OSError:
        pass
    return files, sorted(inside)


def _sort(entry: os.DirEntry[str], files: Dict[str, Path], inside: List[str]) -> None:
    lower = entry.name.lower()
    try:
        if entry.is_dir():
            if not lower.startswith(".") and lower not in SKIPPED:
                inside.append(entry.name)
        elif entry.is_file() and (lower not in files or entry.name == lower):
            files[lower] = Path(entry.path)
    except OSError:
        return  # a link that leads nowhere, or in a circle
