"""Presets: named bundles of performance settings, ours in `presets/`, the user's in `data/presets/`.

Standard library only, Python 3.8+. A file is `{"name": …, "description": …, "settings": {…}}`; a name or description is
a text, or one text per locale. Only settings declared with `in_presets` may be in it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping

from ezvtb_core.link import paths
from ezvtb_core.link.settings import CUSTOM, OPTIONS, Settings, SettingsError, Value, check_partial

GOVERNED = tuple(name for name, option in OPTIONS.items() if option.in_presets)
"""Names of the settings that presets decide."""
LONGEST_NAME = 60
"""Characters of a preset's name that are kept in its file name."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


@dataclass(frozen=True)
class Preset:
    """A preset as it was read."""

    key: str
    """Value of the setting `preset`: the file's name without its ending."""
    names: Mapping[str, str]
    descriptions: Mapping[str, str]
    values: Mapping[str, Value]
    own: bool
    """True for the user's."""

    def name(self, locale: str) -> str:
        """What the panel calls it."""
        return _in(self.names, locale) or self.key

    def description(self, locale: str) -> str:
        """A sentence about it; may be empty."""
        return _in(self.descriptions, locale)


def available(root: Path = paths.ROOT) -> List[Preset]:
    """All presets that can be read, ours first in their order of cost; a damaged file is left out."""
    found: List[Preset] = []
    ours = [_ours(root) / (choice.value + ".json") for choice in OPTIONS["preset"].choices if choice.value != CUSTOM]
    for file in [*ours, *sorted(_own(root).glob("*.json"))]:
        try:
            found.append(_read(file, own=file not in ours))
        except SettingsError:
            continue
    return found


def load(key: str, root: Path = paths.ROOT) -> Preset:
    """One preset. Raises SettingsError when there is none of that name, or its file holds something it must not."""
    for folder, own in ((_ours(root), False), (_own(root), True)):
        file = folder / (key + ".json")
        if _is_file_name(key) and file.is_file():
            return _read(file, own)
    names = [file.stem for folder in (_ours(root), _own(root)) for file in sorted(folder.glob("*.json"))]
    raise SettingsError("preset_unknown", name=key, known=", ".join(names))


def save(name: str, settings: Settings, root: Path = paths.ROOT) -> Preset:
    """Keep the performance settings of `settings` under a name of the user's, and return the preset.

    An own preset of that name is replaced, ours never are. Raises SettingsError for a name that is empty or taken, and
    OSError when the file cannot be written.
    """
    key = file_name(name)
    if not key or key == CUSTOM or (_ours(root) / (key + ".json")).exists():
        raise SettingsError("preset_name", name=name)
    values = {entry: getattr(settings, entry) for entry in GOVERNED}
    folder = _own(root)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / (key + ".json.new")
    fresh.write_text(json.dumps({"name": name.strip(), "settings": values}, ensure_ascii=False, indent=2), encoding="utf-8")
    os.replace(str(fresh), str(folder / (key + ".json")))
    return load(key, root)


def apply(settings: Settings, name: str, root: Path = paths.ROOT) -> Settings:
    """`settings` with the values of a preset, and its name. Raises SettingsError like `load`."""
    return dataclasses.replace(settings, preset=name, **load(name, root).values)  # type: ignore[arg-type]


def matches(settings: Settings, name: str, root: Path = paths.ROOT) -> bool:
    """True when the performance settings are those of the preset; False when there is no such preset."""
    try:
        values = load(name, root).values
    except SettingsError:
        return False
    return all(getattr(settings, entry) == value for entry, value in values.items())


def values_of(key: str) -> Mapping[str, Value]:
    """Values of a preset, empty when there is none of that name or it is damaged."""
    try:
        return load(key).values
    except SettingsError:
        return {}


def reconcile(
    previous: Mapping[str, Any], current: Mapping[str, Any], values: Callable[[str], Mapping[str, Value]] = values_of
) -> Dict[str, Any]:
    """What must change in `current`, OBS's settings after an edit, so that preset and values agree; empty when nothing.

    `previous` are the settings before the edit, empty the first time. A newly chosen preset brings its values; otherwise
    values win, and a preset that they no longer match becomes Custom. Settings that are absent have their defaults.
    """
    name = current.get("preset", OPTIONS["preset"].default)
    if name == CUSTOM:
        return {}
    wanted = values(name)
    differing = {entry: value for entry, value in wanted.items() if current.get(entry, OPTIONS[entry].default) != value}
    chosen = bool(previous) and previous.get("preset", OPTIONS["preset"].default) != name
    if wanted and chosen:
        return differing
    return {"preset": CUSTOM} if differing or not wanted else {}


def file_name(name: str) -> str:
    """A name that every file system takes, made from any text; Chinese stays Chinese. Empty when nothing is left of it."""
    text = unicodedata.normalize("NFC", name)
    kept = _FORBIDDEN.sub(" ", "".join(letter for letter in text if unicodedata.category(letter)[0] != "C"))
    kept = " ".join(kept.split()).strip(". ")
    if _RESERVED.match(kept.split(".")[0]):
        kept = "_" + kept
    if len(kept) > LONGEST_NAME:
        # Two long names that begin alike must not share a file.
        kept = kept[: LONGEST_NAME - 9] + "-" + hashlib.sha256(kept.encode("utf-8")).hexdigest()[:8]
    return kept


def _is_file_name(key: str) -> bool:
    return bool(key) and key == file_name(key)


def _read(file: Path, own: bool) -> Preset:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        stored = dict(data["settings"])
        foreign = sorted(set(stored) - set(GOVERNED))
        if foreign:
            raise SettingsError("preset_setting", file=file.name, name=foreign[0], known=", ".join(GOVERNED))
        return Preset(file.stem, _texts(data.get("name", "")), _texts(data.get("description", "")), check_partial(stored), own)
    except SettingsError as error:
        if error.notice.code == "preset_setting":
            raise
        raise SettingsError("preset_damaged", file=file.name, detail=str(error)) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError("preset_damaged", file=file.name, detail="%s: %s" % (type(error).__name__, error)) from error


def _texts(value: object) -> Dict[str, str]:
    if isinstance(value, dict):
        return {str(locale): str(text) for locale, text in value.items()}
    return {"en-US": str(value)}


def _in(texts: Mapping[str, str], locale: str) -> str:
    return texts.get(locale) or texts.get("en-US", "")


def _ours(root: Path) -> Path:
    return root / "presets"


def _own(root: Path) -> Path:
    return root / "data" / "presets"
