"""What an engine says about itself, for the panel, `demo --json` and the logs. Standard library only, Python 3.8+."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from ezvtb_core.link.messages import Notice


@dataclass(frozen=True)
class PictureStatus:
    """What there is to say about the picture that is animated."""

    score: int
    """0..100: how well the models can be expected to animate it."""
    notices: List[Notice] = field(default_factory=list)
    """Why it is not 100, and what was repaired; the most important first."""
    problems: int = 0
    """How many of the notices, from the first on, cost points."""

    def to_json(self) -> Dict[str, Any]:
        return {"score": self.score, "notices": [notice.to_json() for notice in self.notices], "problems": self.problems}

    @classmethod
    def from_json(cls, data: Any) -> Optional[PictureStatus]:
        """Read what `to_json` wrote; None for anything else."""
        if not isinstance(data, Mapping) or not isinstance(data.get("score"), int):
            return None
        notices = [Notice.from_json(entry) for entry in data.get("notices", [])]
        return cls(data["score"], notices, int(data.get("problems", 0)))


@dataclass(frozen=True)
class EngineStatus:
    """A snapshot; times in milliseconds over the last few seconds."""

    state: str = "starting"
    """`starting` (no model yet), `running`, `hidden` (slowed down: no scene shows it), `error` (last good frame is kept)."""
    notice: Notice = field(default_factory=lambda: Notice("engine_starting"))
    """The most important sentence; a problem outranks progress."""
    warnings: List[Notice] = field(default_factory=list)
    """Other things a user should know (settings that were adjusted, …)."""
    model: str = ""
    device: str = ""
    """Where the model is computed, for people."""
    picture: Optional[PictureStatus] = None
    """None where no picture is animated."""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    """Frames per second that were there to be shown, new or unchanged: what a viewer sees."""
    frames: int = 0
    """Frames published since the start."""
    reused: int = 0
    """Frames served without running the model, because the pose had not changed visibly."""
    model_ms_p50: float = 0.0
    model_ms_p99: float = 0.0
    frame_ms_p50: float = 0.0
    """Pose taken → frame published, the model included."""
    frame_ms_p99: float = 0.0
    tracker: str = ""
    tracker_state: str = "starting"
    tracker_notice: Notice = field(default_factory=lambda: Notice("tracker_starting"))
    tracker_age: float = -1.0
    """Seconds since the tracker's last pose; -1 before the first."""
    tracker_rate: float = 0.0
    """Tracker data per second."""
    sound_state: str = ""
    """Of what moves the mouth by sound, as `tracker_state`; empty where nothing does."""
    sound_notice: Optional[Notice] = None
    recording: bool = False
    """True while the movement is being recorded."""
    message: Optional[Notice] = None
    """What is becoming or became of what was asked for last: a recording, a face to be kept as an expression."""
    expressions: List[str] = field(default_factory=list)
    """Names of the expressions that are on."""
    loop_age: float = 0.0
    """Seconds since the engine's loop last came round: a watchdog's food."""

    def to_json(self) -> Dict[str, Any]:
        values = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}
        values["notice"] = self.notice.to_json()
        values["tracker_notice"] = self.tracker_notice.to_json()
        for name in ("sound_notice", "message"):
            values[name] = None if values[name] is None else values[name].to_json()
        values["warnings"] = [warning.to_json() for warning in self.warnings]
        values["picture"] = None if self.picture is None else self.picture.to_json()
        return values

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EngineStatus:
        """Read what `to_json` wrote, leaving out what this version does not know."""
        known = {entry.name for entry in dataclasses.fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        for name in ("notice", "tracker_notice", "sound_notice", "message"):
            if values.get(name) is not None:
                values[name] = Notice.from_json(values[name])
        values["warnings"] = [Notice.from_json(entry) for entry in values.get("warnings", [])]
        values["picture"] = PictureStatus.from_json(values.get("picture"))
        return cls(**values)
