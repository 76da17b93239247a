from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest

from trackers.camera import devices, opencv
from trackers.camera.devices import CAP_DSHOW, CAP_MSMF, CAP_V4L2, Camera


def pretend(monkeypatch: pytest.MonkeyPatch, listed: dict[int, list[tuple[int, str, str]]]) -> None:
    """What the package `cv2_enumerate_cameras` finds: API → (index, name, path)."""

    def enumerate_cameras(api: int) -> list[types.SimpleNamespace]:
        if api not in listed:
            raise NotImplementedError(api)
        return [types.SimpleNamespace(index=index, name=name, path=path) for index, name, path in listed[api]]

    module = types.ModuleType("cv2_enumerate_cameras")
    module.enumerate_cameras = enumerate_cameras
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", module)


def test_windows_cameras_have_two_ways_and_virtual_ones_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    pretend(
        monkeypatch,
        {
            CAP_DSHOW: [(0, "OBS Virtual Camera", ""), (1, "HD Webcam", "a"), (2, "HD Webcam", "b")],
            CAP_MSMF: [(0, "HD Webcam", "a"), (1, "HD Webcam", "b")],
        },
    )
    assert devices.cameras() == [
        Camera("HD Webcam", ((1, CAP_DSHOW), (0, CAP_MSMF)), "a"),
        Camera("HD Webcam (2)", ((2, CAP_DSHOW), (1, CAP_MSMF)), "b"),
        Camera("OBS Virtual Camera", ((0, CAP_DSHOW),)),
    ]


def test_linux_names_come_from_the_kernel_where_the_package_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)
    monkeypatch.setattr(devices, "V4L", tmp_path)
    for node, index, name in (("video2", 0, "Integrated Camera: 内置\n"), ("video0", 0, "USB\n"), ("video1", 1, "USB\n")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "index").write_text(f"{index}\n")
        (tmp_path / node / "name").write_text(name, encoding="utf-8")
    (tmp_path / "video9").mkdir()  # without files
    assert devices.cameras() == [
        Camera("USB", ((0, CAP_V4L2),), "/dev/video0"),
        Camera("Integrated Camera: 内置", ((2, CAP_V4L2),), "/dev/video2"),
    ]


@pytest.mark.parametrize("error", [OSError("no driver"), RuntimeError("COM"), ImportError("AVFoundation")])
def test_whatever_fails_there_is_a_list(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(_: int) -> None:
        raise error

    pretend(monkeypatch, {})
    monkeypatch.setattr(sys.modules["cv2_enumerate_cameras"], "enumerate_cameras", fail)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert devices.cameras() == []


@pytest.mark.needs("webcam")
def test_the_real_package_answers() -> None:
    opencv.load()
    from cv2_enumerate_cameras import enumerate_cameras, supported_backends

    assert set(devices.APIS.get(sys.platform, (CAP_V4L2,))) <= set(supported_backends)
    listed = [camera for api in supported_backends for camera in enumerate_cameras(api)]
    assert len(devices.cameras()) <= len(listed)


def test_choosing_by_name() -> None:
    first, second = Camera("A", ((0, 1),)), Camera("Logi C920", ((1, 1),))
    assert devices.choose("", [first, second]) is first
    assert devices.choose("logi c920 ", [first, second]) is second
    assert devices.choose("B", [first, second]) is None
    assert devices.choose("", []) is None


@pytest.mark.needs("linux")
def test_who_has_it_open(tmp_path: Path) -> None:
    import subprocess

    device = tmp_path / "video0"
    device.touch()
    camera = Camera("USB", ((0, CAP_V4L2),), str(device))
    assert devices.users(camera) == ""
    with device.open("rb") as opened:
        holder = subprocess.Popen(["sleep", "60"], stdin=opened)
        try:
            assert devices.users(camera) == f"sleep ({holder.pid})"
        finally:
            holder.kill()
            holder.wait()
    assert devices.users(Camera("USB", ())) == ""


def test_a_device_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "video0"
    device.touch()
    camera = Camera("USB", ((0, CAP_V4L2),), str(device))
    assert not devices.denied(camera)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert devices.denied(camera)
    assert not devices.denied(Camera("USB", ()))
