"""trackers/__init__.py: the table, creation from settings, `--tracker` specs, and the texts of all trackers."""

import json
import re
import string
from pathlib import Path

import pytest

from ezvtb_core.link import paths
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import OPTIONS, Settings
from trackers import TRACKERS, create, parse_spec


def test_table_and_setting_offer_the_same_trackers() -> None:
    assert set(TRACKERS) == {choice.value for choice in OPTIONS["tracker"].choices}


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_every_tracker_can_be_made_and_fulfils_the_contract(name: str) -> None:
    tracker = create(Settings(tracker=name, openseeface_port=11999))
    assert TRACKERS[name].endswith(type(tracker).__name__)
    for method in ("start", "stop", "latest", "status", "recentre", "update"):
        assert callable(getattr(tracker, method))
    tracker.stop()
    tracker.stop()
    assert tracker.status().state in ("starting", "live")


def test_unknown_tracker_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NoticeError, match=r"no tracker called kinect.*idle, openseeface"):
        create(Settings(tracker="kinect"))


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ("idle", {"tracker": "idle"}),
        ("openseeface", {"tracker": "openseeface"}),
        ("openseeface:11573", {"tracker": "openseeface", "openseeface_port": 11573}),
        (" openseeface:1 ", {"tracker": "openseeface", "openseeface_port": 1}),
    ],
)
def test_spec(spec: str, values: dict[str, object]) -> None:
    assert parse_spec(spec) == values
    Settings.strict(parse_spec(spec))


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("", "no tracker called"),
        ("osf:11573", "Known trackers: idle, openseeface"),
        ("OPENSEEFACE", "Known trackers: idle, openseeface"),
        ("idle:1", "idle has no port"),
        ("openseeface:", "whole number from 1 to 65535"),
        ("openseeface:0", "whole number from 1 to 65535"),
        ("openseeface:65536", "for example openseeface:11573"),
        ("openseeface:-1", "whole number"),
        ("openseeface:1:2", "whole number"),
        ("openseeface:١", "whole number"),
    ],
)
def test_bad_spec_is_a_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(NoticeError) as caught:
        parse_spec(spec)
    assert sentence in str(caught.value)


def _texts(locale: str) -> dict[str, str]:
    return json.loads((paths.LOCALE / locale / "trackers.json").read_text(encoding="utf-8"))


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_texts_have_the_same_keys_and_placeholders() -> None:
    english, chinese = _texts("en-US"), _texts("zh-CN")
    assert english.keys() == chinese.keys()
    for code, text in english.items():
        assert _placeholders(text) == _placeholders(chinese[code]), code


def test_every_text_is_used_and_every_code_has_a_text() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in Path(paths.ROOT / "trackers").glob("*.py"))
    used = set(re.findall(r"Notice(?:Error)?\(\s*\"([a-z_]+)\"", sources))
    # tracker_starting belongs to the core's texts.
    assert used - {"tracker_starting"} == set(_texts("en-US"))
