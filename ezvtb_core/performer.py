"""Where the poses of one source come from (tracker, sound, expressions), and where they go besides (recording, network)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ezvtb_core.link import threads
from ezvtb_core.link.framebuffer import Placement
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import OPTIONS, Settings
from ezvtb_core.mouth import Heard
from ezvtb_core.movement import Movement
from ezvtb_core.pose import FloatArray, TrackedPose, Tracker, TrackerStatus
from ezvtb_core.tracking import Listener, TrackerSlot

logger = logging.getLogger(__name__)
TRACKER_SETTINGS = frozenset(
    name for name, option in OPTIONS.items() if option.applies == "rebuild" and option.group == "tracker"
)
"""Settings whose change replaces the tracker."""


class Hearing(Protocol):
    """What moves the mouth by sound (`trackers.sound.voice.Voice`)."""

    def update(self, settings: Settings) -> None:
        """Take over settings; never waits."""

    def latest(self) -> Heard | None:
        """The newest mouth; None before the first and while nothing is listened to."""

    def status(self) -> TrackerStatus | None:
        """State for the panel; None while nothing is listened to."""

    def stop(self) -> None:
        """Release everything within 1 s; may be called more than once."""


class Recording(Protocol):
    """A recording in progress (`trackers.recorder.Recorder`)."""

    @property
    def recording(self) -> bool:
        """True while poses are taken: not finished, not full, no trouble with the disk."""

    def add(self, tracked: TrackedPose) -> None:
        """Keep a pose; cheap."""

    def notice(self) -> Notice:
        """How it goes, or what became of it."""

    def finish(self) -> Path:
        """Write the file. Raises NoticeError."""


class Sending(Protocol):
    """Poses for another computer (`trackers.lan_sender.LanSender`)."""

    def update(self, settings: Settings) -> None:
        """Take over settings; never waits."""

    def send(self, tracked: TrackedPose) -> None:
        """Send a pose; never waits."""

    @property
    def sending(self) -> bool:
        """Whether poses go anywhere."""

    def notice(self) -> Notice | None:
        """What is wrong; None when nothing is."""

    def stop(self) -> None:
        """Release the socket."""


@dataclass(frozen=True)
class Cast:
    """What a performer is made of, chosen by `assemble`. All but the first two may be missing."""

    make_tracker: Callable[[Settings], Tracker]
    """Not started yet; raises NoticeError."""
    movement: Movement
    hearing: Hearing | None = None
    sending: Sending | None = None
    record: Callable[[Settings], Recording] | None = None
    """Begins a recording."""


class Performer:
    """The pose side of one source's engine. All methods but `stop` are the engine thread's."""

    def __init__(
        self, cast: Cast, settings: Settings, name: str, listener: Listener | None, notify: Callable[[], None] | None
    ) -> None:
        """`listener` is told every pose that is taken; `notify` is called by the tracker's thread for every new one."""
        self._cast = cast
        self._movement = cast.movement
        self._listener = listener
        self._slot = TrackerSlot(cast.make_tracker, name, self._heed, notify)
        self._recording: Recording | None = None
        self._recorded: Recording | None = None
        """The recording in progress, or the last one."""
        self._message: Notice | None = None
        """What is said in place of what the recording says."""
        self._slot.rebuild(settings)

    @property
    def status(self) -> TrackerStatus:
        """What the tracker says."""
        return self._slot.status

    @property
    def placement(self) -> Placement:
        """Where the picture belongs with the pose that was given last."""
        return self._movement.placement

    @property
    def tracked(self) -> TrackedPose | None:
        """The tracker's newest pose."""
        return self._slot.last

    @property
    def heeded(self) -> bool:
        """Whether somebody wants every pose even while no scene shows the source: a recording, another computer."""
        sending = self._cast.sending
        return self._recording is not None or (sending is not None and sending.sending)

    def adopt(self, settings: Settings) -> None:
        """Begin to use a tracker that is ready."""
        self._slot.adopt(settings)

    def update(self, settings: Settings, changed: frozenset[str]) -> None:
        """Use other settings; a tracker that they replace runs on until the new one is there."""
        for companion in (self._cast.hearing, self._cast.sending):
            if companion is not None and changed:
                companion.update(settings)
        if changed & TRACKER_SETTINGS:
            self._slot.rebuild(settings)
        elif changed:
            self._slot.update(settings)

    def act(self, action: str, settings: Settings) -> None:
        """Do something once: `recentre`, `record_start`, `record_stop`, `express_on:NAME`, `express_off:NAME`,
        `express_save:LABEL` (keep the face of this moment as an expression)."""
        verb, _, name = action.partition(":")
        if verb == "recentre":
            self._slot.recentre()
        elif verb == "express_on":
            self._movement.expressions.press(name)
        elif verb == "express_off":
            self._movement.expressions.release(name)
        elif verb == "express_save":
            self._keep_face(name)
        elif verb == "record_start":
            self._begin_recording(settings)
        elif verb == "record_stop":
            self._end_recording()
        else:
            logger.warning("there is no action %s", action[:80])

    def poll(self, now: float) -> None:
        """Refresh the tracker's status, at most twice a second; end a recording that is full."""
        self._slot.poll(now)
        if self._recording is not None and not self._recording.recording:
            self._end_recording()

    def pose(self, now: float, settings: Settings) -> FloatArray:
        """The pose to draw at `now`, on the trackers' clock; see `Movement.pose`."""
        tracked = self._slot.latest()
        hearing = self._cast.hearing
        return self._movement.pose(tracked, now, settings, hearing.latest() if hearing is not None else None)

    def describe(self) -> dict[str, Any]:
        """The fields of `EngineStatus` about sound, recording and expressions."""
        sound = self._cast.hearing.status() if self._cast.hearing is not None else None
        message = self._message
        if message is None and self._recorded is not None:
            message = self._recorded.notice()
        return {
            "sound_state": sound.state if sound is not None else "",
            "sound_notice": sound.notice if sound is not None else None,
            "recording": self._recording is not None,
            "message": message,
            "expressions": self._movement.expressions.active(),
        }

    def warnings(self) -> list[Notice]:
        """What is wrong beside the tracker."""
        notice = self._cast.sending.notice() if self._cast.sending is not None else None
        return [*([] if notice is None else [notice]), *self._movement.expressions.problems]

    def stop(self, timeout: float) -> None:
        """Release tracker, sound and network; a recording is finished first."""
        self._end_recording(wait=timeout)
        self._slot.stop(timeout)
        for companion in (self._cast.hearing, self._cast.sending):
            if companion is not None:
                companion.stop()

    def _heed(self, tracked: TrackedPose) -> None:
        if self._listener is not None:
            self._listener(tracked)
        if self._recording is not None:
            self._recording.add(tracked)
        if self._cast.sending is not None:
            self._cast.sending.send(tracked)

    def _keep_face(self, label: str) -> None:
        try:
            kept = self._movement.expressions.keep(label, self._movement.face)
        except NoticeError as error:
            self._message = error.notice
        else:
            self._message = Notice("expression_saved", label=kept.label("en"), name=kept.name)

    def _begin_recording(self, settings: Settings) -> None:
        if self._recording is not None or self._cast.record is None:
            return
        self._recording = self._recorded = self._cast.record(settings)
        self._message = None

    def _end_recording(self, wait: float = 0.0) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return

        def finish() -> None:
            try:
                recording.finish()
            except NoticeError as error:
                self._message = error.notice

        # Writing takes longer than a frame.
        threads.start(finish, "recording").join(wait)
