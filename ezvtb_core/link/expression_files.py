"""Expressions on disk: ours in `data/expressions/`, the user's in `data/expressions/own/`, one JSON file each.

Standard library only, Python 3.8+: OBS's side makes a hotkey of each. A file is `{"name": …, "values": {pose name: number}}`; the
name is a text, or one text per language. The file's name without its ending is what hotkeys and actions call it. An own
file replaces ours of the same name.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

from ezvtb_core.link import paths
from ezvtb_core.link.messages import Notice, NoticeError

OWN = "own"
"""Folder of the user's within the folder of ours; an update of EZVTuber leaves it alone."""
ORDER = ("smile", "laugh", "surprised", "angry", "sad", "wink_left", "wink_right", "sleepy")
"""Ours in the order in which lists show them."""
LARGEST = 64 * 1024
"""Bytes of a file that is read."""
MOST = 200
"""Own expressions that are read."""
_NAME = re.compile(r"[a-z0-9_]{1,60}")


class ExpressionError(NoticeError):
    """An expression that cannot be used or kept; says which, and what to do."""


@dataclass(frozen=True)
class ExpressionFile:
    """An expression as it was written; its values are not checked yet."""

    name: str
    """What hotkeys and actions call it: small letters, digits and _."""
    labels: Mapping[str, str]
    """Language (`en`, `zh-CN`) → name for people."""
    values: Mapping[str, float]
    """Pose name → finite number."""
    own: bool
    """True for the user's."""

    def label(self, locale: str) -> str:
        """The name for people in a locale such as `zh-CN`; English, then `name`, where there is none."""
        keys = (locale, locale.split("-")[0], "en", "en-US")
        return next((self.labels[key] for key in keys if self.labels.get(key)), self.name)


def scan(folder: Path = paths.EXPRESSIONS) -> Tuple[List[ExpressionFile], List[Notice]]:
    """All expressions, ours first, and a sentence for each file that cannot be used. Never raises."""
    found: Dict[str, ExpressionFile] = {}
    problems: List[Notice] = []
    order = {name: place for place, name in enumerate(ORDER)}
    ours = sorted(folder.glob("*.json"), key=lambda file: (order.get(file.stem, len(order)), file.name))
    for file in [*ours, *sorted((folder / OWN).glob("*.json"))[:MOST]]:
        try:
            found[file.stem] = read(file, own=file.parent.name == OWN)
        except ExpressionError as error:
            problems.append(error.notice)
    return list(found.values()), problems


def read(file: Path, own: bool = True) -> ExpressionFile:
    """One file. Raises ExpressionError."""
    if not is_name(file.stem):
        raise ExpressionError("expression_bad_name", file=file.name)
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError("%d kB > %d kB" % (file.stat().st_size // 1024, LARGEST // 1024))
        data = json.loads(content.decode("utf-8-sig"))
        values = {str(name): _number(value) for name, value in data["values"].items()}
        labels = _labels(data.get("name", file.stem))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        detail = ("%s: %s" % (type(error).__name__, error))[:200]
        raise ExpressionError("expression_damaged", file=file.name, detail=detail) from error
    return ExpressionFile(file.stem, labels, values, own)


def write(label: str, values: Mapping[str, float], folder: Path = paths.EXPRESSIONS) -> ExpressionFile:
    """Keep an expression of the user's under a name for people, and return it. Raises ExpressionError.

    An own one of that name is replaced; ours never are, the new one gets a number.
    """
    own = folder / OWN
    name = _free_name(label, folder)
    text = json.dumps({"name": label.strip() or name, "values": dict(values)}, ensure_ascii=False, indent=2)
    fresh = own / (name + ".json.new")
    try:
        own.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text + "\n", encoding="utf-8")
        os.replace(str(fresh), str(own / (name + ".json")))
    except OSError as error:
        raise ExpressionError("expression_unwritable", folder=str(own), detail=error.strerror or str(error)) from error
    return read(own / (name + ".json"))


def is_name(text: str) -> bool:
    """Whether hotkeys and actions can call an expression so."""
    return _NAME.fullmatch(text) is not None


def _free_name(label: str, folder: Path) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:50]
    name, number = plain or "expression_1", 1
    # Of a Chinese name no letter may be left: two of them must not become one file.
    while (folder / (name + ".json")).exists() or (not plain and _label_of(folder / OWN / (name + ".json"), label) != label):
        number += 1
        name = "%s_%d" % (plain or "expression", number)
    return name


def _label_of(file: Path, otherwise: str) -> str:
    """The label in a file; `otherwise` where there is no file."""
    if not file.exists():
        return otherwise
    try:
        return next(iter(read(file).labels.values()), "")
    except ExpressionError:
        return ""


def _labels(value: Any) -> Dict[str, str]:
    if isinstance(value, dict):
        return {str(language): str(text)[:100] for language, text in value.items()}
    return {"en": str(value)[:100]}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 1e6:
        raise ValueError("%r" % (value,))
    return float(value)
