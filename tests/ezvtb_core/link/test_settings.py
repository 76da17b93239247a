"""The settings schema."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.link.settings import GROUPS, OPTIONS, VERSION, VERSION_KEY, Settings, SettingsError, cost, shown


def test_every_default_is_valid_and_every_text_is_there_in_both_languages():
    groups = {group.name for group in GROUPS}
    for option in OPTIONS.values():
        assert option.check(option.default) == option.default
        assert option.group in groups
        assert all(option.label) and all(option.help), option.name
        assert all(all(choice.label) for choice in option.choices)
        if option.visible_when is not None:
            name, values = option.visible_when
            assert all(OPTIONS[name].check(value) == value for value in values)


def test_values_survive_json():
    settings = Settings(fps=60, tracker="openseeface", mirror=True, hold_seconds=2.5, character="猫.png")
    assert Settings.parse(settings.to_json()) == (settings, [])


def test_values_from_a_newer_version_are_used_as_far_as_known():
    settings, notices = Settings.parse({VERSION_KEY: VERSION + 1, "fps": 50, "holograms": True, "model": "tha9"})
    assert settings == Settings(fps=50)
    assert [notice.code for notice in notices] == ["settings_newer", "setting_invalid"]


@pytest.mark.parametrize(
    ("name", "value", "used"),
    [
        ("fps", 100000, 120),
        ("fps", -3, 5),
        ("fps", "fast", 30),
        ("fps", math.nan, 30),
        ("fps", True, 30),
        ("hold_seconds", 1e9, 30.0),
        ("mirror", "yes", False),
        ("tracker", "crystal ball", "idle"),
        ("character", "a\0b", ""),
        ("model", "tha3", "auto"),
        ("model", "tha4:me", "auto"),
        ("model", "tha4_student:", "auto"),
        ("model", "tha4_student:../me", "auto"),
        ("model", "tha4_student:a\\b", "auto"),
        ("model", "tha4_student:..", "auto"),
        ("model", "tha4_student:a\nb", "auto"),
        ("model", "tha4_student:\ud800", "auto"),
        ("model", "tha4_student:" + "x" * 101, "auto"),
        ("models_folder", "a\0b", ""),
        ("precision", "int8", "auto"),
        ("backend", "tensorflow", "auto"),
        ("device", 16, 15),
        ("character", "x" * 5000, ""),
    ],
)
def test_a_bad_value_is_replaced_by_the_nearest_and_said(name, value, used):
    settings, notices = Settings.parse({name: value})
    assert getattr(settings, name) == used
    assert [notice.code for notice in notices] == ["setting_invalid"]
    assert notices[0].params["name"] == name


@pytest.mark.parametrize("name", ["tha3:seperable", "tha3:standard", "tha4", "tha4_student", "tha4_student:我的 角色.2"])
def test_a_model_need_not_be_there_to_be_chosen(name):
    assert Settings.strict({"model": name}).model == name


def test_an_open_list_says_how_its_other_values_are_written():
    with pytest.raises(
        SettingsError, match=r"model: expected auto \| .* \| tha4 \| tha4_student \| tha4_student:NAME, got 'tha9'"
    ):
        Settings.strict({"model": "tha9"})


@pytest.mark.parametrize(
    ("name", "values", "visible"),
    [
        ("fps", {}, True),
        ("precision", {}, False),
        ("precision", {"model": "tha4"}, True),
        ("precision", {"model": "tha4_student:me"}, False),
        ("character", {"model": "tha4_student:me"}, True),
        ("character", {"model": "puppet"}, False),
        ("device", {}, True),
        ("device", {"backend": "cpu"}, False),
    ],
)
def test_when_a_setting_is_shown(name, values, visible):
    assert shown(OPTIONS[name], values) is visible


def test_strict_refuses_unknown_names_and_bad_values():
    with pytest.raises(SettingsError, match="no setting called colour"):
        Settings.strict({"colour": 1})
    with pytest.raises(SettingsError, match=r"fps: expected int 5\.\.120, got 500"):
        Settings.strict({"fps": 500})
    assert Settings.strict({"fps": 60.0, VERSION_KEY: 1}) == Settings(fps=60)


def test_the_cost_of_a_change_is_the_highest_of_its_settings():
    before = Settings()
    assert cost(before.diff(before)) == "live"
    assert cost(before.diff(Settings(fps=10, smoothing=1))) == "live"
    assert cost(before.diff(Settings(fps=10, tracker="openseeface"))) == "rebuild"
    assert cost(before.diff(Settings(host="thread", tracker="openseeface"))) == "restart"


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3)


@given(st.dictionaries(st.sampled_from([*OPTIONS, VERSION_KEY, "other"]), json_values))
def test_parse_never_raises_and_gives_valid_settings(values):
    settings, _ = Settings.parse(values)
    assert Settings.strict(settings.to_json()) == settings
