"""trackers/calibration_file.py: what was learned survives, what is damaged does not harm."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackers.calibration_file import SAVE_SECONDS, CalibrationFile

LIMITS = {"rest_yaw": (-180.0, 180.0), "jaw_high": (0.42, 0.8)}
VALUES = {"rest_yaw": -12.3456, "jaw_high": 0.5}


def written(folder: Path, content: object, name: str = "webcam") -> Path:
    file = folder / f"{name}.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    CalibrationFile(tmp_path / "new", "webcam").save(VALUES)
    assert CalibrationFile(tmp_path / "new", "webcam").load(LIMITS) == pytest.approx(VALUES)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["webcam.json"]


def test_nothing_saved_and_no_folder(tmp_path: Path) -> None:
    assert CalibrationFile(tmp_path, "webcam").load(LIMITS) == {}
    nowhere = CalibrationFile(None, "webcam")
    nowhere.save(VALUES)
    assert nowhere.load(LIMITS) == {}


def _content(**changes: object) -> dict[str, object]:
    return {"version": 1, "tracker": "webcam", "values": VALUES, **changes}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 50_000,
        b" " * 100_000,
        b'{"version": 1, "tracker": "webcam", "values": {"rest_yaw": NaN}}',
        b'{"version": 1, "tracker": "webcam", "values": {"rest_yaw": 1e999}}',
        b'{"version": 1, "tracker": "webcam", "values": {"rest_yaw": 1' + b"0" * 500 + b"}}",
        [1, 2],
        _content(version=2),
        _content(tracker="vmc"),
        _content(values=[1.0]),
        _content(values={"rest_yaw": "12"}),
        _content(values={"rest_yaw": True}),
        _content(values={"rest_yaw": 181.0}),
        _content(values={"something_else": 1.0}),
    ],
    ids=range(16),
)
def test_a_damaged_or_foreign_file_is_put_aside(tmp_path: Path, content: object) -> None:
    file = written(tmp_path, content)
    before = file.read_bytes()
    calibration = CalibrationFile(tmp_path, "webcam")
    assert calibration.load(LIMITS) == {}
    assert (tmp_path / "webcam.json.bad").read_bytes() == before
    calibration.save(VALUES)
    assert CalibrationFile(tmp_path, "webcam").load(LIMITS) == pytest.approx(VALUES)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*LIMITS, "version", "tracker", "values"]), inner)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(_content(values=value)).encode()))
@settings(max_examples=200)
def test_whatever_is_in_a_file_it_is_read_or_put_aside(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("calibrations")
    written(folder, content)
    for name, value in CalibrationFile(folder, "webcam").load(LIMITS).items():
        assert LIMITS[name][0] <= value <= LIMITS[name][1]


def test_it_is_written_only_when_it_has_changed(tmp_path: Path) -> None:
    calibration, file = CalibrationFile(tmp_path, "webcam"), tmp_path / "webcam.json"
    calibration.save(VALUES)
    file.unlink()
    calibration.save({**VALUES, "jaw_high": 0.500001})
    calibration.save({})
    assert not file.exists()
    calibration.save({**VALUES, "jaw_high": 0.51})
    assert file.exists()


def test_once_a_minute() -> None:
    calibration = CalibrationFile(None, "webcam")
    due = [calibration.due(100.0 + second / 10) for second in range(1300)]
    assert due.count(True) == 3
    assert due[0]
    assert due[round(SAVE_SECONDS * 10)]


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder")
    calibration = CalibrationFile(blocked, "webcam")
    assert calibration.load(LIMITS) == {}
    for high in (0.5, 0.6, 0.7):
        calibration.save({**VALUES, "jaw_high": high})
    assert len(caplog.records) == 1


def test_two_sources_that_share_a_file_never_damage_it(tmp_path: Path) -> None:
    def write(high: float) -> None:
        calibration = CalibrationFile(tmp_path, "webcam")
        for count in range(100):
            calibration.save({"rest_yaw": float(count), "jaw_high": high})

    writers = [threading.Thread(target=write, args=(high,)) for high in (0.5, 0.6)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        loaded = CalibrationFile(tmp_path, "webcam").load(LIMITS)
        assert not loaded or loaded["jaw_high"] in (0.5, 0.6)
    assert CalibrationFile(tmp_path, "webcam").load(LIMITS)["rest_yaw"] == 99.0
    assert [file.name for file in tmp_path.iterdir()] == ["webcam.json"]
