from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.link import presets
from ezvtb_core.link.presets import GOVERNED, reconcile
from ezvtb_core.link.settings import CUSTOM, OPTIONS, Settings, SettingsError

KNOWN = ("low", "medium", "high", "ultra")
TABLE: dict[str, dict[str, Any]] = {"low": {"fps": 20, "quantise": 3}, "medium": {"fps": 30, "quantise": 1}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "presets").mkdir()
    for choice in KNOWN:
        (tmp_path / "presets" / f"{choice}.json").write_text(json.dumps({"name": choice, "settings": {"fps": 30}}))
    return tmp_path


def own(root: Path, name: str, content: str) -> None:
    folder = root / "data" / "presets"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(content, encoding="utf-8")


@pytest.mark.parametrize("key", KNOWN)
def test_shipped_presets_decide_everything_they_may(key: str) -> None:
    preset = presets.load(key)
    assert set(preset.values) == set(GOVERNED)
    assert not preset.own
    assert preset.name("en-US") != preset.name("zh-CN") != ""
    assert preset.description("en-US") and preset.description("zh-CN")


def test_every_choice_of_the_schema_has_a_file() -> None:
    assert [choice.value for choice in OPTIONS["preset"].choices] == [*KNOWN, CUSTOM]


def test_defaults_are_the_default_preset() -> None:
    assert presets.matches(Settings(), Settings().preset)


def test_apply_then_matches() -> None:
    for key in KNOWN:
        settings = presets.apply(Settings(mirror=True), key)
        assert settings.preset == key
        assert settings.mirror
        assert presets.matches(settings, key)
        assert not presets.matches(settings, "medium") or key == "medium"
    assert not presets.matches(Settings(), "nothing of that name")


def test_save_and_load(root: Path) -> None:
    saved = presets.save("  游戏直播 / stream? ", Settings(fps=48), root)
    assert saved.key == "游戏直播 stream"
    assert saved.own
    assert saved.name("zh-CN") == "游戏直播 / stream?"
    assert presets.load(saved.key, root).values["fps"] == 48
    assert [preset.key for preset in presets.available(root)] == [*KNOWN, saved.key]
    assert not list((root / "data" / "presets").glob("*.new"))


@pytest.mark.parametrize("name", ["", "  ", "...", "low", CUSTOM, "///", "\x00"])
def test_names_that_cannot_be(root: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="name of your own preset"):
        presets.save(name, Settings(), root)


def test_an_unknown_setting_names_the_file(root: Path) -> None:
    own(root, "mine", '{"settings": {"fps": 30, "colour": 1}}')
    with pytest.raises(SettingsError, match=r"mine\.json sets colour"):
        presets.load("mine", root)


def test_a_setting_that_presets_do_not_decide_is_refused(root: Path) -> None:
    own(root, "mine", '{"settings": {"tracker": "idle"}}')
    with pytest.raises(SettingsError, match=r"mine\.json sets tracker"):
        presets.load("mine", root)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"settings": 1}', '{"settings": {"fps": "fast"}}', '{"settings": {"fps": 1e9}}', '{"settings": []}x'],
)
def test_damaged_files_are_named_and_left_out_of_the_list(root: Path, content: str) -> None:
    own(root, "mine", content)
    with pytest.raises(SettingsError, match=r"mine\.json cannot be used"):
        presets.load("mine", root)
    assert [preset.key for preset in presets.available(root)] == list(KNOWN)


def test_a_damaged_file_of_ours_is_left_out_of_the_list_too(root: Path) -> None:
    (root / "presets" / "low.json").write_text("{")
    assert [preset.key for preset in presets.available(root)] == ["medium", "high", "ultra"]


@pytest.mark.parametrize("key", ["", "../presets/low", "a/b", "..", "C:low"])
def test_a_key_never_leaves_the_folder(root: Path, key: str) -> None:
    with pytest.raises(SettingsError, match="no preset called"):
        presets.load(key, root)


@given(st.text())
def test_file_names_are_safe_and_stable(name: str) -> None:
    safe = presets.file_name(name)
    assert presets.file_name(safe) == safe
    assert not set(safe) & set('<>:"/\\|?*\0')
    assert not safe.endswith((".", " ")) and len(safe) <= presets.LONGEST_NAME


def test_long_names_that_begin_alike_differ() -> None:
    assert presets.file_name("长" * 99 + "a") != presets.file_name("长" * 99 + "b")


@pytest.mark.parametrize("name", ["CON", "nul", "com1", "LPT9.x"])
def test_names_that_windows_keeps_for_itself(name: str) -> None:
    assert presets.file_name(name) == "_" + name


def rule(previous: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    return reconcile(previous, current, lambda name: TABLE.get(name, {}))


LOW = {"preset": "low", **TABLE["low"]}
MEDIUM = {"preset": "medium", **TABLE["medium"]}


@pytest.mark.parametrize(
    ("previous", "current", "changes"),
    [
        pytest.param(MEDIUM, {**MEDIUM, "preset": "low"}, TABLE["low"], id="chosen: its values are taken over"),
        pytest.param(MEDIUM, {**MEDIUM, "fps": 60}, {"preset": CUSTOM}, id="value edited: custom"),
        pytest.param(MEDIUM, MEDIUM, {}, id="nothing edited"),
        pytest.param(MEDIUM, {**MEDIUM, "mirror": True}, {}, id="something else edited"),
        pytest.param(MEDIUM, {**MEDIUM, "preset": CUSTOM}, {}, id="custom chosen: values stay"),
        pytest.param({**MEDIUM, "preset": CUSTOM}, {**MEDIUM, "preset": CUSTOM, "fps": 9}, {}, id="custom edited"),
        pytest.param({**MEDIUM, "preset": CUSTOM}, {**MEDIUM, "fps": 9}, {"fps": 30}, id="back from custom"),
        pytest.param({}, LOW, {}, id="first look, values are the preset's"),
        pytest.param({}, {**LOW, "fps": 60}, {"preset": CUSTOM}, id="first look, values win"),
        pytest.param({}, {}, {}, id="first look, everything is default"),
        pytest.param({}, {"preset": "low"}, {"preset": CUSTOM}, id="first look, values absent: defaults win"),
        pytest.param(MEDIUM, {**MEDIUM, "preset": "low", "fps": 50}, TABLE["low"], id="chosen and edited at once: the preset"),
        pytest.param(MEDIUM, {**MEDIUM, "preset": "gone"}, {"preset": CUSTOM}, id="preset that is gone: values win"),
        pytest.param({}, {**MEDIUM, "preset": "gone"}, {"preset": CUSTOM}, id="first look at a preset that is gone"),
    ],
)
def test_reconcile(previous: dict[str, Any], current: dict[str, Any], changes: dict[str, Any]) -> None:
    assert rule(previous, current) == changes


names = st.sampled_from(["low", "medium", CUSTOM, "gone"])
stored = st.fixed_dictionaries({"preset": names, "fps": st.sampled_from([20, 30, 60]), "quantise": st.integers(0, 4)})


@given(st.one_of(st.just({}), stored), stored)
def test_once_reconciled_nothing_is_left_to_do(previous: dict[str, Any], current: dict[str, Any]) -> None:
    settled = {**current, **rule(previous, current)}
    assert rule(current, settled) == {} or settled["preset"] != current["preset"]
    assert rule(settled, settled) == {}
    assert rule({}, settled) == {}


def test_the_real_presets_are_the_default_table() -> None:
    high = presets.load("high").values
    assert reconcile(Settings().to_json(), {**Settings().to_json(), "preset": "high"}) == {
        name: value for name, value in high.items() if value != getattr(Settings(), name)
    }
