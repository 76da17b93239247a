"""Trackers: where poses come from. Each is imported only when it is chosen.

To add a tracker: add a file with a class that fulfils `ezvtb_core.pose.Tracker` and takes `Settings` and a `Context`, one
line below, and its name in the choices of the setting `tracker`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import OPTIONS, Settings, Value
from ezvtb_core.pose import Tracker
from trackers.context import Context

TRACKERS: dict[str, str] = {
    "idle": "trackers.idle:IdleTracker",
    "webcam": "trackers.webcam:WebcamTracker",
    "mouse": "trackers.mouse:MouseTracker",
    "ifacialmocap": "trackers.ifacialmocap:IFacialMocapTracker",
    "vtube_studio": "trackers.vtube_studio:VTubeStudioTracker",
    "vmc": "trackers.vmc:VmcTracker",
    "openseeface": "trackers.openseeface:OpenSeeFaceTracker",
    "clip": "trackers.clip:ClipTracker",
    "lan": "trackers.lan:LanTracker",
}
"""Name → module and class."""


def create(settings: Settings, context: Context | None = None) -> Tracker:
    """A new tracker, not started. Raises NoticeError for a name that is not in TRACKERS, and for what a tracker needs at once."""
    place = TRACKERS.get(settings.tracker)
    if place is None:
        raise NoticeError("tracker_unknown", got=settings.tracker, known=", ".join(sorted(TRACKERS)))
    module, _, name = place.partition(":")
    tracker: Tracker = getattr(import_module(module), name)(settings, context or Context())
    return tracker


def parse_spec(spec: str) -> dict[str, Value]:
    """The settings meant by `NAME`, `NAME:PORT` or `clip:FILE`, as in `--tracker openseeface:11573`.

    Raises NoticeError for an unknown name, or a port that is not one or that the tracker does not have.
    """
    name, colon, port = spec.strip().partition(":")
    if name not in TRACKERS:
        raise NoticeError("tracker_unknown", got=spec, known=", ".join(sorted(TRACKERS)))
    values: dict[str, Value] = {"tracker": name}
    if name == "clip":
        values["clip"] = _clip(port)
    elif colon:
        option = OPTIONS.get(f"{name}_port")
        if option is None:
            raise NoticeError("tracker_no_port", name=name, got=spec)
        if not (port.isascii() and port.isdigit() and option.minimum <= int(port) <= option.maximum):
            raise NoticeError("tracker_bad_port", got=spec, name=name, example=option.default)
        values[option.name] = int(port)
    return values


def _clip(text: str) -> str:
    """A file that is there as a whole path, for who reads the setting may be in another folder; a recording's name as it is."""
    file = Path(text).expanduser()
    return str(file.resolve()) if text and file.is_file() else text
