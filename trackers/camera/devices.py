"""The cameras of this computer by name, and what OpenCV needs to open them."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trackers.camera import opencv

CAP_V4L2, CAP_DSHOW, CAP_AVFOUNDATION, CAP_MSMF = 200, 700, 1200, 1400
"""OpenCV's numbers of what a system opens cameras with (`cv::VideoCaptureAPIs`)."""
APIS: dict[str, tuple[int, ...]] = {"win32": (CAP_DSHOW, CAP_MSMF), "darwin": (CAP_AVFOUNDATION,)}
"""In the order in which they are tried; V4L2 elsewhere. Media Foundation knows all cameras but takes up to a minute to open
some of them in OpenCV (opencv issue 17687), and does not know the virtual ones."""
V4L = Path("/sys/class/video4linux")
VIRTUAL = re.compile(r"virtual|虚拟", re.IGNORECASE)
"""Cameras that are programs, OBS's own among them: never the first one, or the avatar would look at itself."""


@dataclass(frozen=True)
class Camera:
    """One camera."""

    name: str
    """As the system says it; a second one of the same name is `NAME (2)`."""
    ways: tuple[tuple[int, int], ...]
    """(index, API) for OpenCV, in the order in which they are to be tried."""
    path: str = ""
    """Where the system has it as a file, else empty."""


def cameras() -> list[Camera]:
    """Those that are connected, programs that pretend to be cameras last. Never raises; may take a second."""
    found: dict[str, Camera] = {}
    for api in APIS.get(sys.platform, (CAP_V4L2,)):
        counted: dict[str, int] = {}
        for index, name, path in _listed(api):
            counted[name] = counted.get(name, 0) + 1
            unique = name if counted[name] == 1 else f"{name} ({counted[name]})"
            known = found.get(unique, Camera(unique, (), path))
            found[unique] = Camera(unique, (*known.ways, (index, api)), known.path)
    return sorted(found.values(), key=lambda camera: bool(VIRTUAL.search(camera.name)))


def choose(wanted: str, among: Sequence[Camera]) -> Camera | None:
    """The camera of that name, capitals aside; the first one for an empty name. None when it is not there."""
    if not wanted:
        return among[0] if among else None
    exact = [camera for camera in among if camera.name == wanted]
    alike = [camera for camera in among if camera.name.casefold() == wanted.strip().casefold()]
    return next(iter(exact + alike), None)


def denied(camera: Camera) -> bool:
    """Whether this user may not open it, as far as the system tells (Linux: the group `video`)."""
    return bool(camera.path) and Path(camera.path).exists() and not os.access(camera.path, os.R_OK | os.W_OK)


def users(camera: Camera) -> str:
    """Programs that have it open, `name (process)`, as far as this user may know (Linux); empty where that is unknown."""
    found = []
    for process in Path("/proc").glob("[0-9]*") if camera.path else ():
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):
            if any(str(entry.readlink()) == camera.path for entry in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text().strip()} ({process.name})")
    return ", ".join(sorted(found))


def _listed(api: int) -> list[tuple[int, str, str]]:
    """(index, name, path) of one API, sorted by index."""
    listed: list[tuple[int, str, str]] = []
    # Neither the package nor what it asks of the system may keep us from trying.
    with contextlib.suppress(ImportError, OSError, RuntimeError, NotImplementedError, AttributeError):
        opencv.load()
        from cv2_enumerate_cameras import enumerate_cameras

        listed = [(int(each.index), str(each.name or ""), str(each.path or "")) for each in enumerate_cameras(api)]
    if not listed and api == CAP_V4L2:
        listed = _linux()
    return sorted((index, name.strip() or f"Camera {index}", path) for index, name, path in listed)


def _linux() -> list[tuple[int, str, str]]:
    """As the kernel names them, without asking the devices."""
    found = []
    for folder in V4L.glob("video*"):
        number = folder.name[len("video") :]
        with contextlib.suppress(OSError, ValueError):
            # A camera has further nodes for metadata, which give no pictures; the first one does.
            if int((folder / "index").read_text()) == 0:
                found.append((int(number), (folder / "name").read_text(errors="replace").strip(), f"/dev/{folder.name}"))
    return found
