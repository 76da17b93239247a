"""The settings schema as an OBS properties panel, and obs_data as plain values, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ezvtb_core.link import locale
from ezvtb_core.link.settings import GROUPS, OPTIONS, VERSION, VERSION_KEY, Option, Value, shown
from obs_bridge import libobs as c
from obs_bridge.registration import Holder

PRESET_NAME, EXPRESSION_NAME = "preset_name", "expression_name"
"""Text fields of the panel, kept with the source but no settings of the engine."""
_FIELDS = {"preset": (PRESET_NAME, "panel_preset_name"), "expressions": (EXPRESSION_NAME, "panel_expression_name")}
"""Group → the text field at its end, and the code of its label."""
CHARACTER_PICK = "character_pick"
"""List of the panel that works like a menu: what is picked becomes the setting `character`, and the list is back at its head."""


@dataclass(frozen=True)
class Line:
    """An info text of the panel."""

    name: str
    text: str
    level: int = c.OBS_TEXT_INFO_NORMAL


@dataclass(frozen=True)
class Button:
    """A button; a click arrives as `Implementation.clicked(instance, name)`."""

    name: str
    label: str
    enabled: bool = True


@dataclass(frozen=True)
class Panel:
    """What a panel shows beside the settings."""

    locale: str
    lines: Sequence[Line]
    status_buttons: Sequence[Button]
    group_buttons: Mapping[str, Sequence[Button]]
    """Group → buttons at its end."""
    buttons: Sequence[Button]
    """At the end."""
    lists: Mapping[str, Sequence[Tuple[str, str]]]
    """Setting → values and labels of its list, where they are not those of the schema."""
    notes: Mapping[str, Sequence[Line]]
    """Setting → info texts under it."""
    characters: Sequence[Tuple[str, str]] = ()
    """Paths and names of the characters to pick from, with a head; empty for no list."""


def read(library: c.Libobs, settings: int) -> Dict[str, Value]:
    """The values of every setting in an obs_data, defaults where the user chose none, as they are stored: not checked."""
    values: Dict[str, Value] = {name: _get(library, settings, option) for name, option in OPTIONS.items()}
    version = library.obs_data_get_int(settings, VERSION_KEY.encode())
    if version > VERSION:
        values[VERSION_KEY] = version
    return values


def write(library: c.Libobs, settings: int, values: Mapping[str, Value]) -> None:
    """Store settings in an obs_data without telling anyone."""
    for name, value in values.items():
        _set(library, settings, OPTIONS[name].kind, name.encode(), value, "obs_data_set_")


def write_defaults(library: c.Libobs, settings: int) -> None:
    """Give every setting its default."""
    for name, option in OPTIONS.items():
        _set(library, settings, option.kind, name.encode(), option.default, "obs_data_set_default_")


def take_pick(library: c.Libobs, settings: int) -> None:
    """Make the character that was picked in the panel's list the chosen one."""
    picked = text_of(library, settings, CHARACTER_PICK.encode())
    if picked:
        library.obs_data_set_string(settings, b"character", _utf8(picked))
        library.obs_data_set_string(settings, CHARACTER_PICK.encode(), b"")


def stamp(library: c.Libobs, settings: int) -> None:
    """Note the schema's version beside the values, unless a newer one is there."""
    if library.obs_data_get_int(settings, VERSION_KEY.encode()) < VERSION:
        library.obs_data_set_int(settings, VERSION_KEY.encode(), VERSION)


def build(process: Holder, panel: Panel, values: Mapping[str, Value], owner: int) -> int:
    """Make the obs_properties of the panel: status lines, groups of settings, buttons. OBS owns and frees the result.

    `owner`: the source's data address (0 for none), given to the callbacks.
    """
    library = process.libobs
    root = library.obs_properties_create()
    chinese = locale.choose(panel.locale) == "zh-CN"
    _group(process, root, "status", locale.text("panel_status", panel.locale), panel.lines, panel.status_buttons, owner)
    for group in GROUPS:
        inside = library.obs_properties_create()
        for option in OPTIONS.values():
            if option.group == group.name:
                _add(process, inside, option, panel, values, owner, chinese)
        if group.name in _FIELDS:
            name, code = _FIELDS[group.name]
            library.obs_properties_add_text(inside, name.encode(), _utf8(locale.text(code, panel.locale)), c.OBS_TEXT_DEFAULT)
        _buttons(process, inside, panel.group_buttons.get(group.name, ()), owner)
        library.obs_properties_add_group(
            root, b"group_" + group.name.encode(), _utf8(group.label[chinese]), c.OBS_GROUP_NORMAL, inside
        )
    _buttons(process, root, panel.buttons, owner)
    return int(root)


def add_lines(library: c.Libobs, properties: int, lines: Sequence[Line]) -> None:
    """Add info texts to an obs_properties."""
    for line in lines:
        added = library.obs_properties_add_text(properties, line.name.encode(), _utf8(line.text), c.OBS_TEXT_INFO)
        library.obs_property_text_set_info_type(added, line.level)
        library.obs_property_text_set_info_word_wrap(added, True)


def _buttons(process: Holder, properties: int, buttons: Sequence[Button], owner: int) -> None:
    library, clicked = process.libobs, process.keep["callbacks"]["clicked"]
    for button in buttons:
        added = library.obs_properties_add_button2(properties, button.name.encode(), _utf8(button.label), clicked, owner)
        library.obs_property_set_enabled(added, button.enabled)


def add_buttons(process: Holder, properties: int, buttons: Sequence[Button]) -> None:
    """Add buttons that belong to no source (the Tools → Scripts page)."""
    _buttons(process, properties, buttons, 0)


def _group(
    process: Holder, root: int, name: str, label: str, lines: Sequence[Line], buttons: Sequence[Button], owner: int
) -> None:
    library = process.libobs
    inside = library.obs_properties_create()
    add_lines(library, inside, lines)
    _buttons(process, inside, buttons, owner)
    library.obs_properties_add_group(root, b"group_" + name.encode(), _utf8(label), c.OBS_GROUP_NORMAL, inside)


def _add(
    process: Holder, properties: int, option: Option, panel: Panel, values: Mapping[str, Value], owner: int, chinese: bool
) -> None:
    library = process.libobs
    if option.name == "character" and panel.characters:
        _add_characters(process, properties, panel, shown(option, values), owner)
    added = _ADDERS[option.kind](library, properties, option, option.name.encode(), _utf8(option.label[chinese]))
    if option.kind == "choice":
        entries: List[Tuple[str, str]] = [(choice.value, choice.label[chinese]) for choice in option.choices]
        for value, label in panel.lists.get(option.name, entries):
            library.obs_property_list_add_string(added, _utf8(label), _utf8(value))
    library.obs_property_set_long_description(added, _utf8(option.help[chinese]))
    library.obs_property_set_visible(added, shown(option, values))
    add_lines(library, properties, panel.notes.get(option.name, ()))
    if option.name == "preset" or any(
        other.visible_when is not None and other.visible_when[0] == option.name for other in OPTIONS.values()
    ):
        library.obs_property_set_modified_callback2(added, process.keep["callbacks"]["modified"], owner)


def _add_characters(process: Holder, properties: int, panel: Panel, visible: bool, owner: int) -> None:
    library, name = process.libobs, CHARACTER_PICK.encode()
    label = _utf8(locale.text("panel_characters", panel.locale))
    added = library.obs_properties_add_list(properties, name, label, c.OBS_COMBO_TYPE_LIST, c.OBS_COMBO_FORMAT_STRING)
    for path, character in panel.characters:
        library.obs_property_list_add_string(added, _utf8(character), _utf8(path))
    library.obs_property_set_long_description(added, _utf8(locale.text("panel_characters_help", panel.locale)))
    library.obs_property_set_visible(added, visible)
    library.obs_property_set_modified_callback2(added, process.keep["callbacks"]["modified"], owner)


def refresh_visibility(library: c.Libobs, properties: int, values: Mapping[str, Value]) -> bool:
    """Show and hide settings after an edit. Returns whether anything can have changed (the panel is drawn again then)."""
    for option in OPTIONS.values():
        if option.visible_when is not None:
            found = library.obs_properties_get(properties, option.name.encode())
            if found:
                library.obs_property_set_visible(found, shown(option, values))
    list_of_characters = library.obs_properties_get(properties, CHARACTER_PICK.encode())
    if list_of_characters:
        library.obs_property_set_visible(list_of_characters, shown(OPTIONS["character"], values))
    return True


def _add_int(library: c.Libobs, properties: int, option: Option, name: bytes, label: bytes) -> int:
    add = library.obs_properties_add_int if option.maximum > 1000 else library.obs_properties_add_int_slider
    added = add(properties, name, label, int(option.minimum), int(option.maximum), int(option.step))
    if option.unit:
        library.obs_property_int_set_suffix(added, _utf8(" " + option.unit))
    return int(added)


def _add_float(library: c.Libobs, properties: int, option: Option, name: bytes, label: bytes) -> int:
    added = library.obs_properties_add_float_slider(properties, name, label, option.minimum, option.maximum, option.step)
    if option.unit:
        library.obs_property_float_set_suffix(added, _utf8(" " + option.unit))
    return int(added)


def _add_choice(library: c.Libobs, properties: int, option: Option, name: bytes, label: bytes) -> int:
    return int(library.obs_properties_add_list(properties, name, label, c.OBS_COMBO_TYPE_LIST, c.OBS_COMBO_FORMAT_STRING))


def _add_path(library: c.Libobs, properties: int, option: Option, name: bytes, label: bytes) -> int:
    pictures = b"PNG, WebP, JPEG, PSD (*.png *.webp *.jpg *.jpeg *.bmp *.gif *.tif *.tiff *.psd);;* (*.*)"
    return int(library.obs_properties_add_path(properties, name, label, c.OBS_PATH_FILE, pictures, None))


def _add_folder(library: c.Libobs, properties: int, option: Option, name: bytes, label: bytes) -> int:
    return int(library.obs_properties_add_path(properties, name, label, c.OBS_PATH_DIRECTORY, None, None))


_ADDERS: Dict[str, Any] = {
    "bool": lambda library, properties, option, name, label: library.obs_properties_add_bool(properties, name, label),
    "int": _add_int,
    "float": _add_float,
    "choice": _add_choice,
    "path": _add_path,
    "folder": _add_folder,
    "text": lambda library, properties, option, name, label: library.obs_properties_add_text(
        properties, name, label, c.OBS_TEXT_DEFAULT
    ),
}


def _get(library: c.Libobs, settings: int, option: Option) -> Value:
    name = option.name.encode()
    if option.kind == "bool":
        return bool(library.obs_data_get_bool(settings, name))
    if option.kind == "int":
        return int(library.obs_data_get_int(settings, name))
    if option.kind == "float":
        return float(library.obs_data_get_double(settings, name))
    return text_of(library, settings, name)


def text_of(library: c.Libobs, settings: int, name: bytes) -> str:
    """A string of an obs_data."""
    return bytes(library.obs_data_get_string(settings, name) or b"").decode("utf-8", "replace")


def _set(library: c.Libobs, settings: int, kind: str, name: bytes, value: Value, prefix: str) -> None:
    if kind == "bool":
        getattr(library, prefix + "bool")(settings, name, bool(value))
    elif kind == "int":
        getattr(library, prefix + "int")(settings, name, int(value))
    elif kind == "float":
        getattr(library, prefix + "double")(settings, name, float(value))
    else:
        getattr(library, prefix + "string")(settings, name, _utf8(str(value)))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8")
