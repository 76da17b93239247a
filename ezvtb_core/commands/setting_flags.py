"""Settings as flags of the command line, made from the schema: every option is `--its-name VALUE`."""

from __future__ import annotations

import argparse
from pathlib import Path

import trackers
from ezvtb_core.commands.console import Console, UsageError
from ezvtb_core.link import presets
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import CUSTOM, OPTIONS, Option, Settings, SettingsError, Value

YES = ("on", "true", "yes", "1")
NO = ("off", "false", "no", "0")


def add(parser: argparse.ArgumentParser, console: Console) -> None:
    """Declare the flags."""
    language = 1 if console.locale == "zh-CN" else 0
    group = parser.add_argument_group(console.text("help_settings"))
    for option in OPTIONS.values():
        switch = option.kind == "bool"
        group.add_argument(
            flag(option), dest=_dest(option), metavar=_metavar(option), help=option.help[language].replace("%", "%%"),
            default=None, nargs="?" if switch else None, const="on" if switch else None,
        )  # fmt: skip


def read(given: argparse.Namespace) -> Settings:
    """The settings that were asked for: defaults, then the preset, then single flags.

    Raises UsageError for what cannot be a value, naming the flag.
    """
    values: dict[str, Value] = {}
    for option in OPTIONS.values():
        text = getattr(given, _dest(option))
        if text is None or option.name == "preset":
            continue
        if option.name == "tracker":
            values.update(_tracker(text))
        elif option.kind in ("path", "folder"):
            values[option.name] = str(Path(text).expanduser().resolve()) if text else ""
        else:
            values[option.name] = value(option, text)
    chosen = getattr(given, _dest(OPTIONS["preset"]))
    settings = Settings()
    if chosen not in (None, CUSTOM):
        try:
            settings = presets.apply(settings, chosen)
        except SettingsError as error:
            raise UsageError(error.notice.code, **error.notice.params) from error
    settings = settings.with_values(values)
    return settings if presets.matches(settings, settings.preset) else settings.with_values({"preset": CUSTOM})


def flag(option: Option) -> str:
    """`--head-gain` for `head_gain`."""
    return "--" + option.name.replace("_", "-")


def _dest(option: Option) -> str:
    return "setting_" + option.name


def _metavar(option: Option) -> str:
    if option.name == "tracker":
        return "NAME[:PORT]"
    if option.kind == "choice" and not option.open_choices:
        also = [option.also[1]] if option.also else []
        return "{" + ",".join([*(choice.value for choice in option.choices), *also]) + "}"
    return {"bool": "on|off", "path": "FILE", "folder": "DIR", "int": "N", "float": "X"}.get(option.kind, "NAME")


def _tracker(text: str) -> dict[str, Value]:
    try:
        return trackers.parse_spec(text)
    except NoticeError as error:
        raise UsageError(error.notice.code, **error.notice.params) from error


def value(option: Option, text: str) -> Value:
    """What a flag's text means for its setting. Raises UsageError, naming the flag."""
    meant: Value = text
    if option.kind == "bool":
        meant = text.lower() in YES if text.lower() in YES + NO else text
    elif option.kind in ("int", "float"):
        try:
            meant = int(text) if option.kind == "int" else float(text)
        except ValueError:
            meant = text
    try:
        return option.check(meant)
    except SettingsError as error:
        expected = "on | off" if option.kind == "bool" else option.expected()
        raise UsageError("cli_setting", flag=flag(option), expected=expected, got=text) from error
