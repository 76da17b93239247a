"""`character_model.yaml`: how the original authors' programs say which files a student character is made of.

Standard library only, Python 3.8+; YAML is not read in general: the file is three lines of `key: value`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict

from ezvtb_core.link.messages import NoticeError

DESCRIPTION = "character_model.yaml"
LARGEST = 4096
"""Bytes of a description that is read."""
_KEYS = {"character_image_file_name": "picture", "face_morpher_file_name": "face", "body_morpher_file_name": "body"}
_LINE = re.compile(r"^(\w+):[ \t]+(\S.*?)[ \t]*$")
_OUTSIDE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')


class DescriptionError(NoticeError):
    """The description cannot be used; names the file and the line."""


@dataclass(frozen=True)
class StudentFiles:
    """Names of files in the folder of a student."""

    picture: str = "character.png"
    face: str = "face_morpher.pt"
    body: str = "body_morpher.pt"


def read(path: Path) -> StudentFiles:
    """The names in a description. Keys that are not there keep the authors' usual names. Raises DescriptionError.

    Accepted are lines `key: value`, empty lines and comments; a value must be the name of a file in the same folder.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise DescriptionError("student_description", path=str(path), line=1, got=">%d B" % LARGEST)
        lines = content.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise DescriptionError("student_description_unreadable", path=str(path), detail=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise DescriptionError("student_description", path=str(path), line=1, got=repr(content[:40])) from error
    found: Dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#") or line.strip() == "---":
            continue
        match = _LINE.match(line)
        value = _unquoted(match.group(2)) if match else ""
        if match is None or (match.group(1) in _KEYS and not _is_file_name(value)):
            raise DescriptionError("student_description", path=str(path), line=number, got=line.strip()[:80])
        if match.group(1) in _KEYS:
            found[_KEYS[match.group(1)]] = value
    return StudentFiles(**found)


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _is_file_name(value: str) -> bool:
    """Whether a value names a file in the same folder and nowhere else, on any system."""
    return bool(value) and value not in (".", "..") and not _OUTSIDE.search(value)
