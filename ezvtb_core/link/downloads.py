"""Files that EZVTuber fetches for those who ask: where each comes from, how it is recognised, and where it belongs.

Standard library only, Python 3.8+. To offer another file, add one entry to `DOWNLOADS`; `fetch.py` does the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Optional

from ezvtb_core.link import paths
from ezvtb_core.link.messages import NoticeError


class DownloadError(NoticeError):
    """A file could not be had; says why and what to do."""


@dataclass(frozen=True)
class Download:
    """One file, pinned: whatever else arrives under its name is refused."""

    name: str
    file: str
    """Where it belongs below a models folder, with `/` between the folders."""
    url: str
    size: int
    """Bytes."""
    sha256: str
    """Of the whole file, lower-case hexadecimal."""
    licence: str
    """SPDX identifier."""
    author: str

    def target(self, folder: Path = paths.MODELS) -> Path:
        """Its place below a models folder."""
        return folder.joinpath(*self.file.split("/"))


DOWNLOADS: Dict[str, Download] = {
    "face_landmarker": Download(
        "face_landmarker",
        "mediapipe/face_landmarker.task",
        "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        3_758_596,
        "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        "Apache-2.0",
        "Google MediaPipe",
    ),
}
"""Name → file, in the order of lists."""


def known(name: str) -> Download:
    """The entry of that name. Raises DownloadError, naming those that there are."""
    if name not in DOWNLOADS:
        raise DownloadError("download_unknown", got=name, known=", ".join(DOWNLOADS))
    return DOWNLOADS[name]


def find(name: str, folders: Iterable[Path]) -> Optional[Path]:
    """The file where it belongs in the first folder that has it, or lying directly in one; None when it is nowhere.

    `folders`: as `catalogue.folders` gives them. Only looks for a file of that name; does not read it.
    """
    wanted = DOWNLOADS[name]
    for folder in folders:
        for place in (wanted.target(folder), folder / wanted.target(folder).name):
            if place.is_file():
                return place
    return None
