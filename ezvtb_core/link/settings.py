"""The one settings schema. The OBS panel, presets, command-line flags, validation and docs/settings.md come from it.

Standard library only, Python 3.8+: this module is imported inside OBS.

To add a setting: add one field with `option(...)` to a class in `options/`, then use it. Nothing else lists settings.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, List, Mapping, Tuple, cast

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.option import Choice, Group, Option, SettingsError, Text, Value
from ezvtb_core.link.options.calibration import CalibrationOptions
from ezvtb_core.link.options.character import CharacterOptions
from ezvtb_core.link.options.movement import MovementOptions
from ezvtb_core.link.options.performance import PerformanceOptions
from ezvtb_core.link.options.preset import PresetOptions
from ezvtb_core.link.options.sound import SoundOptions
from ezvtb_core.link.options.tracker import TrackerOptions

__all__ = [
    "COSTS",
    "CUSTOM",
    "FRAME_SIDE",
    "GROUPS",
    "OPTIONS",
    "VERSION",
    "VERSION_KEY",
    "Choice",
    "Group",
    "Option",
    "Settings",
    "SettingsError",
    "Text",
    "Value",
    "check_partial",
    "cost",
    "shown",
]

VERSION = 1
"""Version of the schema, stored beside the values as `settings_version`. Raised when an old reader could misread new values."""

VERSION_KEY = "settings_version"
CUSTOM = "custom"
FRAME_SIDE = 512
"""Width and height in pixels of what the models draw."""
COSTS = ("live", "rebuild", "restart")
"""What applying a change costs: nothing; new tracker or model behind the running picture; another host."""

GROUPS: Tuple[Group, ...] = (
    Group("preset", ("Preset", "预设")),
    Group("character", ("Character", "角色")),
    Group("tracker", ("Tracker", "面捕")),
    Group("sound", ("Mouth from sound", "用声音驱动嘴")),
    Group("movement", ("Movement", "动作")),
    Group("calibration", ("Calibration", "校准")),
    Group("expressions", ("Expressions", "表情")),
    Group("performance", ("Performance", "性能")),
    Group("advanced", ("Advanced", "高级")),
)


@dataclass(frozen=True)
class Settings(
    PerformanceOptions, CalibrationOptions, MovementOptions, SoundOptions, TrackerOptions, CharacterOptions, PresetOptions
):
    """Every setting with its default. Instances hold valid values only (see `parse`)."""

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Tuple[Settings, List[Notice]]:
        """Read stored values leniently: bad ones are replaced by the nearest usable, unknown ones are left out.

        Returns the settings and one notice for each thing a user should know. Never raises.
        """
        notices: List[Notice] = []
        found: Dict[str, Value] = {}
        version = values.get(VERSION_KEY, VERSION)
        if not isinstance(version, int) or version > VERSION:
            notices.append(Notice("settings_newer", got=str(version), known=VERSION))
        for name, value in values.items():
            known = OPTIONS.get(name)
            if known is None:
                continue
            try:
                found[name] = known.check(value)
            except SettingsError as error:
                notices.append(error.notice)
                found[name] = known.nearest(value)
        return cls(**found), notices  # type: ignore[arg-type]

    @classmethod
    def strict(cls, values: Mapping[str, object]) -> Settings:
        """Read values given on purpose (presets, command line). Raises SettingsError for unknown names or bad values."""
        return cls(**check_partial(values))

    def to_json(self) -> Dict[str, Value]:
        """All values and the schema's version."""
        values: Dict[str, Value] = dict(dataclasses.asdict(self))
        values[VERSION_KEY] = VERSION
        return values

    def with_values(self, values: Mapping[str, object]) -> Settings:
        """A copy with some values replaced. Raises SettingsError like `strict`."""
        return dataclasses.replace(self, **check_partial(values))

    def diff(self, other: Settings) -> FrozenSet[str]:
        """Names of the settings that differ."""
        return frozenset(name for name in OPTIONS if getattr(self, name) != getattr(other, name))


def check_partial(values: Mapping[str, object]) -> Dict[str, Any]:
    """Check some settings by name. Raises SettingsError for an unknown name or a bad value."""
    checked: Dict[str, Any] = {}
    for name, value in values.items():
        if name == VERSION_KEY:
            continue
        if name not in OPTIONS:
            raise SettingsError("setting_unknown", name=name, known=", ".join(sorted(OPTIONS)))
        checked[name] = OPTIONS[name].check(value)
    return checked


def cost(names: FrozenSet[str]) -> str:
    """The highest cost among settings: `live`, `rebuild` or `restart`; `live` for none."""
    return max((OPTIONS[name].applies for name in names), key=COSTS.index, default="live")


def _declared(field: dataclasses.Field[Any]) -> Option:
    default = cast(Value, field.default)
    return Option(name=field.name, default=default, **field.metadata["facts"])


OPTIONS: Dict[str, Option] = {field.name: _declared(field) for field in dataclasses.fields(Settings)}


def shown(option: Option, values: Mapping[str, Value]) -> bool:
    """Whether the panel shows a setting, given the values of all."""
    if option.visible_when is None:
        return True
    name, wanted = option.visible_when
    value = values.get(name, OPTIONS[name].default)
    return shown(OPTIONS[name], values) and (value in wanted or str(value).partition(":")[0] in wanted)
