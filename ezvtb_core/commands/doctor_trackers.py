"""What `doctor` says about trackers: ports, addresses, firewall, packages, the face model, microphones, the mouse pointer.

Standard library only, Python 3.8+; what needs packages is looked at when they are there. Quick: the longest question, to the
system's sound, has a time limit.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator

from ezvtb_core.commands.finding import NOTE, OK, PROBLEM, Finding
from ezvtb_core.link import catalogue, downloads, environment, expression_files, paths, ports
from ezvtb_core.link.interpreters import hidden
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import OPTIONS

FACE_MODEL = "face_landmarker"
SOUND_SECONDS = 2.5
"""The system's sound answers within half a second, or hangs."""
_SOUND = "import sounddevice; print(sounddevice.query_hostapis()[0]['name'])"


def listening() -> Iterator[Finding]:
    """The port of each tracker that listens, and who has it."""
    for choice in OPTIONS["tracker"].choices:
        tracker = choice.value
        option = OPTIONS.get(tracker + "_port")
        if option is None:
            continue
        port = int(option.default)
        facts = {"tracker": tracker, "port": port}
        if ports.is_free(port):
            notice = Notice("doctor_port_free", tracker=tracker, port=port)
            yield Finding("port", OK, notice, {**facts, "free": True})
        else:
            owner = ports.owner(port)
            notice = Notice("doctor_port_taken", tracker=tracker, port=port, owner=owner)
            yield Finding("port", NOTE, notice, {**facts, "free": False, "owner": owner})


def network() -> Iterator[Finding]:
    """What has to be typed into a phone, and the firewall."""
    if not environment.is_current():
        return
    try:
        from ezvtb_core.commands.devices import addresses
        from trackers.listening import firewall
    except ImportError:
        return  # told by others
    found = addresses()
    if not found:
        yield Finding("network", NOTE, Notice("doctor_no_network"), {"addresses": []})
        return
    yield Finding("network", OK, Notice("doctor_address", address=found[0]), {"addresses": found})
    advice = firewall(int(OPTIONS["ifacialmocap_port"].default))
    # On Linux most have none; a hint about a firewall that is not there would only worry.
    if advice.code != "firewall_other":
        yield Finding("network", OK, Notice("doctor_firewall", advice=advice.to_json()), {"firewall": advice.code})


def webcam() -> Iterator[Finding]:
    """Packages and model of the webcam tracker."""
    if not environment.is_current():
        return
    missing = [package for package in ("mediapipe", "cv2") if not _has(package)]
    model = downloads.find(FACE_MODEL, catalogue.folders(""))
    facts = {"tracker": "webcam", "missing": missing, "model": None if model is None else str(model)}
    expected = downloads.DOWNLOADS[FACE_MODEL].size
    if model is not None and model.stat().st_size != expected:
        detail = f"{model.stat().st_size} != {expected}"
        yield Finding("tracker", PROBLEM, Notice("webcam_model_damaged", path=str(model), detail=detail), facts)
    elif missing:
        yield Finding("tracker", NOTE, Notice("webcam_not_installed"), facts)
    elif model is None:
        folder = str(downloads.DOWNLOADS[FACE_MODEL].target().parent)
        yield Finding("tracker", NOTE, Notice("webcam_no_model", folder=folder), facts)
    else:
        yield Finding("tracker", OK, Notice("doctor_webcam", model=str(model)), facts)


def sound() -> Iterator[Finding]:
    """The library that microphones are heard with. Asked in a process of its own: it prints, and its drivers can hang."""
    if not environment.is_current():
        return
    detail = "sounddevice"
    try:
        done = subprocess.run(
            [sys.executable, "-c", _SOUND],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SOUND_SECONDS,
            **hidden(),
        )
        said = str(done.stdout if done.returncode == 0 else done.stderr, "utf-8", "replace").strip().splitlines()
        if done.returncode == 0:
            system = said[-1] if said else "?"
            yield Finding("tracker", OK, Notice("doctor_sound", system=system), {"tracker": "mouse", "sound": system})
            return
        detail = said[-1][:200] if said else detail
    except (OSError, subprocess.SubprocessError) as error:
        detail = str(error)[:200]
    yield Finding("tracker", NOTE, Notice("sound_library", detail=detail), {"tracker": "mouse", "sound": None})


def pointer() -> Iterator[Finding]:
    """Whether the mouse pointer can be followed here."""
    if not environment.is_current():
        return
    try:
        from trackers.pointer import PointerError, open_pointer
    except ImportError:
        return  # told by others
    facts = {"tracker": "mouse", "pointer": True}
    try:
        found = open_pointer()
        try:
            found.place()
        finally:
            found.close()
    except PointerError as error:
        yield Finding("tracker", NOTE, error.notice, {**facts, "pointer": False})
        return
    yield Finding("tracker", OK, Notice("doctor_pointer"), facts)


def vmc() -> Iterator[Finding]:
    """The package that VMC's messages are read with."""
    if not environment.is_current():
        return
    facts = {"tracker": "vmc", "package": "python-osc"}
    if _has("pythonosc"):
        yield Finding("tracker", OK, Notice("doctor_vmc"), facts)
    else:
        yield Finding("tracker", NOTE, Notice("doctor_package_missing", package="python-osc"), facts)


def kept() -> Iterator[Finding]:
    """Recordings, and expressions that cannot be used."""
    clips = len(list(paths.CLIPS.glob("[!.]*.npz")))
    if clips:
        yield Finding("tracker", OK, Notice("doctor_clips", count=clips, folder=str(paths.CLIPS)), {"clips": clips})
    if not environment.is_current():
        return
    try:
        from ezvtb_core import expressions
    except ImportError:
        return  # told by others
    for problem in expressions.load(paths.EXPRESSIONS)[1]:
        folder = str(paths.EXPRESSIONS / expression_files.OWN)
        yield Finding("tracker", NOTE, problem, {"folder": folder})


def _has(package: str) -> bool:
    """Whether a package is installed; does not import it, which takes seconds for some."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False
