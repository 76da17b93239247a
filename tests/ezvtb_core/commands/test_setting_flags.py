from __future__ import annotations

import argparse

import pytest

from ezvtb_core.commands import setting_flags
from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.link import presets
from ezvtb_core.link.settings import CUSTOM, OPTIONS, Settings


def parse(console: Console, *argv: str) -> Settings:
    parser = Parser(prog="demo", allow_abbrev=False)
    setting_flags.add(parser, console)
    return setting_flags.read(parser.parse_args(list(argv)))


def test_nothing_given_is_the_default(console: Console) -> None:
    assert parse(console) == Settings()


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.kind in ("int", "float")])
def test_every_number_is_a_flag(console: Console, name: str) -> None:
    option = OPTIONS[name]
    settings = parse(console, setting_flags.flag(option), f"{option.maximum:g}")
    assert getattr(settings, name) == option.maximum
    with pytest.raises(UsageError, match=rf"{setting_flags.flag(option)}: expected {option.kind}"):
        parse(console, setting_flags.flag(option), f"{option.maximum + 1:g}")
    with pytest.raises(UsageError, match="got many"):
        parse(console, setting_flags.flag(option), "many")


@pytest.mark.parametrize(("given", "value"), [([], True), (["on"], True), (["OFF"], False), (["no"], False), (["1"], True)])
def test_switches(console: Console, given: list[str], value: bool) -> None:
    assert parse(console, "--mirror", *given).mirror is value


def test_bad_switch(console: Console) -> None:
    with pytest.raises(UsageError, match=r"--mirror: expected on \| off, got maybe"):
        parse(console, "--mirror", "maybe")


def test_preset_then_flags(console: Console) -> None:
    settings = parse(console, "--preset", "high")
    assert (settings.preset, settings.fps) == ("high", presets.load("high").values["fps"])
    settings = parse(console, "--preset", "high", "--fps", "48")
    assert (settings.preset, settings.fps) == (CUSTOM, 48)


def test_unknown_preset(console: Console) -> None:
    with pytest.raises(UsageError, match="no preset called fastest"):
        parse(console, "--preset", "fastest")


def test_tracker_with_port(console: Console) -> None:
    settings = parse(console, "--tracker", "openseeface:12000")
    assert (settings.tracker, settings.openseeface_port) == ("openseeface", 12000)
    with pytest.raises(UsageError, match="Known trackers"):
        parse(console, "--tracker", "kinect")


def test_paths_become_absolute(console: Console, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert parse(console, "--character", "我.png").character.endswith("我.png")
    assert parse(console, "--character", "我.png").character.startswith(str(tmp_path))
    assert parse(console, "--character", "").character == ""


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_help_names_every_setting(locale: str) -> None:
    parser = argparse.ArgumentParser(prog="demo")
    setting_flags.add(parser, Console({}, locale=locale))
    text = parser.format_help()
    assert all(setting_flags.flag(option) in text for option in OPTIONS.values())
