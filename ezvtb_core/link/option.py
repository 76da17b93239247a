"""What is known about one setting, and how one is declared. Standard library only, Python 3.8+."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Optional, Tuple, Union

from ezvtb_core.link.messages import NoticeError

LONGEST_TEXT = 4096
"""Characters of a path or text setting."""

Value = Union[bool, int, float, str]
Text = Tuple[str, str]
"""English and Simplified Chinese."""


class SettingsError(NoticeError):
    """A setting that cannot be used; says which, what was expected and what came."""


@dataclass(frozen=True)
class Choice:
    """One entry of a list."""

    value: str
    label: Text


@dataclass(frozen=True)
class Option:
    """What is known about one setting."""

    name: str
    kind: str
    """`bool`, `int`, `float`, `choice`, `path` (a file), `folder` or `text`."""
    default: Value
    group: str
    applies: str
    label: Text
    help: Text
    minimum: float = 0.0
    maximum: float = 0.0
    step: float = 1.0
    unit: str = ""
    choices: Tuple[Choice, ...] = ()
    open_choices: bool = False
    """True where values outside `choices` are allowed (presets saved by the user)."""
    also: Optional[Tuple[str, str]] = None
    """Other values that a list takes: a regular expression for the whole value, and how they are written, for people."""
    visible_when: Optional[Tuple[str, Tuple[Value, ...]]] = None
    """Shown only while the setting named first is shown and has one of the values (`kind` stands for every `kind:name` too)."""
    in_presets: bool = False

    def check(self, value: object) -> Value:
        """Return `value` as this option's type. Raises SettingsError with expected and got."""
        if self.kind == "bool" and isinstance(value, bool):
            return value
        if self.kind in ("int", "float") and isinstance(value, (int, float)) and self._is_number(value):
            return int(value) if self.kind == "int" else float(value)
        if self.kind in ("choice", "path", "folder", "text") and self._is_text(value):
            return str(value)
        raise SettingsError("setting_invalid", name=self.name, expected=self.expected(), got=repr(value)[:80])

    def _is_number(self, value: float) -> bool:
        if isinstance(value, bool) or not math.isfinite(value):
            return False
        return self.minimum <= value <= self.maximum and (self.kind == "float" or value == int(value))

    def _is_text(self, value: object) -> bool:
        if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_TEXT:
            return False
        return self.kind != "choice" or self.open_choices or self.offers(value)

    def offers(self, value: str) -> bool:
        """Whether a value is one of the list, or one of those that the list takes besides."""
        return any(value == choice.value for choice in self.choices) or bool(self.also and re.fullmatch(self.also[0], value))

    def nearest(self, value: object) -> Value:
        """The usable value closest to `value`: clamped numbers, else the default."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if self.kind in ("int", "float") and isinstance(value, (int, float)) and number:
            limited = min(max(float(value), self.minimum), self.maximum)
            return round(limited) if self.kind == "int" else limited
        return self.default

    def expected(self) -> str:
        """What a value must be, for error texts."""
        if self.kind in ("int", "float"):
            return "%s %g..%g" % (self.kind, self.minimum, self.maximum)
        if self.kind == "choice" and not self.open_choices:
            return " | ".join([*(choice.value for choice in self.choices), *([self.also[1]] if self.also else [])])
        return self.kind


@dataclass(frozen=True)
class Group:
    """A titled box of the panel."""

    name: str
    label: Text


def option(default: Value, **facts: Any) -> Any:
    """Declare one setting; `facts` are the fields of `Option` but name and default."""
    return dataclasses.field(default=default, metadata={"facts": facts})
