"""Which widgets the panel is made of; what OBS makes of them is seen in tests/obs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ezvtb_core.link.settings import OPTIONS, Settings
from obs_bridge import libobs as c
from obs_bridge import properties
from obs_bridge.properties import Line, Panel


class Recorder:
    """Takes every call to libobs; a widget's address is its place in the record."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = [()]

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> int:
            self.calls.append((name, *arguments))
            return len(self.calls) - 1

        return call

    def added(self, setting: str) -> int:
        """Address of a setting's widget."""
        name = setting.encode()
        return next(at for at, call in enumerate(self.calls) if "_add_" in call[0] and call[2] == name)

    def about(self, setting: str, function: str) -> list[tuple[Any, ...]]:
        """What was told to a setting's widget."""
        return [call[2:] for call in self.calls[1:] if call[0] == function and call[1] == self.added(setting)]


def build(values=None, lists=None, notes=None, characters=(), language: str = "en-US") -> Recorder:
    library = Recorder()
    library.calls = [("",)]
    process: Any = SimpleNamespace(libobs=library, keep={"callbacks": {"clicked": 1, "modified": 2}})
    panel = Panel(language, [], [], {}, [], lists or {}, notes or {}, characters)
    properties.build(process, panel, {**Settings().to_json(), **(values or {})}, 7)
    return library


@pytest.mark.parametrize("name", OPTIONS)
def test_every_setting_has_a_widget_with_label_and_help(name):
    library = build(language="zh-CN")
    widget = library.calls[library.added(name)]
    assert widget[3] == OPTIONS[name].label[1].encode()
    assert library.about(name, "obs_property_set_long_description") == [(OPTIONS[name].help[1].encode(),)]


def test_a_folder_is_chosen_as_a_folder_and_a_picture_as_a_file():
    library = build()
    assert library.calls[library.added("models_folder")][4] == c.OBS_PATH_DIRECTORY == 2
    assert library.calls[library.added("character")][4] == c.OBS_PATH_FILE == 0


def test_a_list_shows_the_entries_of_the_panel_where_it_has_some():
    library = build(lists={"model": [("tha4_student:猫", "Student 猫")]})
    assert library.about("model", "obs_property_list_add_string") == [("Student 猫".encode(), "tha4_student:猫".encode())]
    assert len(library.about("tracker", "obs_property_list_add_string")) == len(OPTIONS["tracker"].choices)


def test_an_info_text_stands_right_under_its_setting():
    library = build(notes={"model": [Line("model_licence_0", "CC", c.OBS_TEXT_INFO_WARNING)]})
    assert library.added("model") < library.added("model_licence_0") < library.added("character")
    assert library.about("model_licence_0", "obs_property_text_set_info_type") == [(c.OBS_TEXT_INFO_WARNING,)]
    assert library.about("model_licence_0", "obs_property_text_set_info_word_wrap") == [(True,)]


@pytest.mark.parametrize(
    ("model", "shown"), [("auto", False), ("tha3:seperable", True), ("tha4", True), ("tha4_student:me", False), ("gone", False)]
)
def test_settings_of_some_models_are_hidden_for_others(model, shown):
    library = build({"model": model})
    assert library.about("precision", "obs_property_set_visible") == [(shown,)]
    assert library.about("fps", "obs_property_set_visible") == [(True,)]


@pytest.mark.parametrize(
    ("model", "fit", "shown"), [("auto", "manual", True), ("auto", "auto", False), ("puppet", "manual", False)]
)
def test_sliders_for_the_head_are_shown_for_manual_and_only_with_the_choice_itself(model, fit, shown):
    library = build({"model": model, "character_fit": fit})
    for name in ("head_x", "head_y", "head_size"):
        assert library.about(name, "obs_property_set_visible") == [(shown,)]


CHARACTERS = [("", "Choose one of 1…"), ("/pictures/猫.png", "猫")]


@pytest.mark.parametrize(("model", "shown"), [("auto", True), ("puppet", False)])
def test_characters_that_were_found_are_offered_above_the_picture(model, shown):
    library = build({"model": model}, characters=CHARACTERS)
    name = properties.CHARACTER_PICK
    assert library.added(name) < library.added("character")
    listed = [(label.decode(), path.decode()) for label, path in library.about(name, "obs_property_list_add_string")]
    assert listed == [(label, path) for path, label in CHARACTERS]
    assert library.about(name, "obs_property_set_visible") == [(shown,)]
    assert library.about(name, "obs_property_set_modified_callback2") == [(2, 7)]


def test_without_characters_there_is_no_list_of_them():
    with pytest.raises(StopIteration):
        build().added(properties.CHARACTER_PICK)


class Data:
    """An obs_data of texts."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def obs_data_get_string(self, settings: int, name: bytes) -> bytes:
        return self.texts.get(name.decode(), "").encode()

    def obs_data_set_string(self, settings: int, name: bytes, value: bytes) -> None:
        self.texts[name.decode()] = value.decode()


def test_what_is_picked_becomes_the_picture_and_the_list_is_back_at_its_head():
    data: Any = Data(character="/old.png", character_pick="/pictures/猫.png")
    properties.take_pick(data, 1)
    assert data.texts == {"character": "/pictures/猫.png", "character_pick": ""}
    properties.take_pick(data, 1)
    assert data.texts["character"] == "/pictures/猫.png"
