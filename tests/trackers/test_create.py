"""trackers/__init__.py: the table, creation from settings, and `--tracker` specs."""

from pathlib import Path

import pytest

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
    with pytest.raises(NoticeError, match=r"no tracker called kinect.*clip, idle, .*openseeface"):
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
        ("osf:11573", "Known trackers: clip, idle, "),
        ("OPENSEEFACE", "Known trackers: clip, idle, "),
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


def test_a_file_becomes_a_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bug report.npz").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    for spec in ("clip:bug report.npz", f"clip:{tmp_path / 'bug report.npz'}"):
        assert parse_spec(spec) == {"tracker": "clip", "clip": str(tmp_path / "bug report.npz")}
        Settings.strict(parse_spec(spec))


@pytest.mark.parametrize(
    ("spec", "clip"), [("clip", ""), ("clip:", ""), ("clip:a name", "a name"), ("clip:C:\\x.npz", "C:\\x.npz")]
)
def test_the_name_of_a_recording_stays_as_it_is(spec: str, clip: str) -> None:
    assert parse_spec(spec) == {"tracker": "clip", "clip": clip}
