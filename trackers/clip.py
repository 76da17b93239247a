"""The tracker that plays a recording."""

from __future__ import annotations

import contextlib
import logging
import time as clock
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ezvtb_core.link import threads
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import INDEX, FloatArray, TrackedPose, TrackerStatus, lerp, smoothstep
from trackers import recorder
from trackers.clip_file import ENDING, Clip, ClipError, load, recordings
from trackers.context import Context

logger = logging.getLogger(__name__)

FADE_SECONDS = 0.5
"""From the end of a recording to its beginning."""
GAP_SECONDS = 0.4
"""Poses further apart are not joined: the tracker had lost its face there, and so it has when it is played."""
BLINK_REACH = 1 / 60
"""Seconds around a moment in which a blink counts, so that a picture at 30 per second always shows it shut."""
LID_FADE_SECONDS = 0.1
_ENDING_BLINK_SECONDS = 0.5
"""Lids that were open within this time of the end are shut by a blink, not by a sleeper."""
_LIDS_OPEN_SECONDS = 0.2

LIDS = slice(INDEX["eye_wink_left"], INDEX["eye_happy_wink_right"] + 1)

Frame = tuple[FloatArray, FloatArray]
"""Pose (45,) and head position (3,)."""


class Player:
    """A recording as a function of time: played once, or for ever without a jump. Pure."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._fade = min(FADE_SECONDS, clip.seconds / 2)
        self.period = clip.seconds - self._fade
        """Seconds after which a loop begins again: the last `FADE_SECONDS` are played together with the first."""
        self._lids_at = self._quietest()
        last = clip.times >= clip.seconds - _ENDING_BLINK_SECONDS
        self._end_lids: FloatArray = clip.poses[last, LIDS].min(axis=0)

    def once(self, time: float) -> tuple[Frame, float]:
        """What was recorded at `time` ≥ 0, and when it was seen: `time`, or earlier while the tracker saw nobody."""
        times = self._clip.times
        before = max(int(np.searchsorted(times, time, "right")) - 1, 0)
        pose, position = self._at(time)
        seen = float(times[before])
        lost = before + 1 == len(times) or times[before + 1] - seen > GAP_SECONDS
        return (pose, position), seen if lost else time

    def end(self, since: float) -> Frame:
        """The last pose, `since` seconds after it came. A blink that it ends in is finished."""
        pose, position = self._at(self._clip.seconds)
        pose[LIDS] += (self._end_lids - pose[LIDS]) * np.float32(smoothstep(since / _LIDS_OPEN_SECONDS))
        return pose, position

    def loop(self, time: float) -> tuple[Frame, float]:
        """As `once`, for ever. A recording of a single moment stands still."""
        if self.period <= 0.0:
            return self._at(0.0), time
        turn, inside = divmod(time, self.period)
        if turn == 0 or inside >= self._fade:
            frame, seen = self.once(inside)
            return frame, turn * self.period + seen
        (old, old_place), (new, place) = self._at(self.period + inside), self._at(inside)
        share = smoothstep(inside / self._fade)
        pose = lerp(old, new, share)
        # Half of a blink is no blink: the lids change over quickly, where they are open on both sides.
        pose[LIDS] = lerp(old, new, smoothstep((inside - self._lids_at) / min(LID_FADE_SECONDS, self._fade)))[LIDS]
        return (pose, lerp(old_place, place, share)), time

    def inside(self, time: float) -> float:
        """Which moment of the recording is played `time` seconds after the beginning of a loop."""
        return time if time <= self._clip.seconds or self.period <= 0.0 else time % self.period

    def _at(self, time: float) -> Frame:
        """A new pose and position at a moment, limited to the recording."""
        before, after, share = self._around(time)
        pose = lerp(self._clip.poses[before], self._clip.poses[after], share)
        pose[LIDS] = self._lids(time)
        return pose, lerp(self._clip.positions[before], self._clip.positions[after], share)

    def _around(self, time: float) -> tuple[int, int, float]:
        """The poses before and after a moment, and how far it is from the first to the second."""
        times = self._clip.times
        after = int(np.searchsorted(times, time, "right"))
        if after in (0, len(times)):
            index = min(after, len(times) - 1)
            return index, index, 0.0
        span = float(times[after] - times[after - 1])
        return after - 1, after, 0.0 if span > GAP_SECONDS else (time - float(times[after - 1])) / span

    def _lids(self, time: float) -> FloatArray:
        """The most shut lids within `BLINK_REACH`: a blink can be a single pose, which no frame would meet exactly."""
        first, end = np.searchsorted(self._clip.times, (time - BLINK_REACH, time + BLINK_REACH))
        candidates = [self._clip.poses[first:end, LIDS]]
        for moment in (time - BLINK_REACH, time, time + BLINK_REACH):
            before, after, share = self._around(moment)
            candidates.append(lerp(self._clip.poses[before, LIDS], self._clip.poses[after, LIDS], share)[None])
        shut: FloatArray = np.concatenate(candidates).max(axis=0)
        return shut

    def _quietest(self) -> float:
        """When within the fade, in seconds, the lids change from the end's to the beginning's: where both are most open."""
        latest = max(self._fade - LID_FADE_SECONDS, 0.0)
        moments = np.linspace(0.0, latest, 41)

        def shut(start: float) -> float:
            inside = start + min(LID_FADE_SECONDS, self._fade) * np.linspace(0.0, 1.0, 5)
            lids = (self._lids(begin + moment).max() for moment in inside.tolist() for begin in (self.period, 0.0))
            return float(max(lids))

        quietest: float = min(moments.tolist(), key=shut)
        return quietest


class ClipTracker:
    """A `Tracker`. Uses the settings `clip` and `clip_end`. Poses are final: there is nothing to calibrate."""

    def __init__(self, settings: Settings, context: Context, now: Callable[[], float] = clock.monotonic) -> None:
        self._wanted = settings.clip
        self._end = settings.clip_end
        self._folder = context.clips
        self._now = now
        self._notify: Callable[[], None] | None = None
        self._problem: Notice | None = None
        self._name = ""
        self._player: Player | None = None
        self._seconds = 0.0
        self._started = 0.0

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """See `Tracker`; the file is read on a thread."""
        self._notify = notify
        threads.start(self._read, "clip")

    def stop(self) -> None:
        """See `Tracker`; nothing to release."""

    def update(self, settings: Settings) -> None:
        """Take over the setting that applies live: what happens at the end. A recording that has ended begins to loop."""
        before, self._end = self._end, settings.clip_end
        if self._player is None or before == self._end:
            return
        since = self._now() - self._started
        if before == "loop":
            self._started += since - self._player.inside(since)
        elif self._end == "loop" and since > self._seconds:
            self._started += since - self._player.period

    def latest(self) -> TrackedPose | None:
        """The pose of this moment; None while the file is read, and when there is none."""
        player = self._player
        if player is None:
            return None
        now = self._now()
        since = max(now - self._started, 0.0)
        if self._end == "loop":
            (pose, position), seen = player.loop(since)
        elif since <= self._seconds or self._end == "idle":
            (pose, position), seen = player.once(since)
        else:
            (pose, position), seen = player.end(since - self._seconds), since
        x, y, z = position.tolist()
        return TrackedPose(self._started + seen, pose, (x, y, z))

    def status(self) -> TrackerStatus:
        """See `Tracker`."""
        if self._problem is not None:
            return TrackerStatus("error", self._problem)
        if self._player is None:
            return TrackerStatus("starting", Notice("clip_reading"))
        since = self._now() - self._started
        if self._end != "loop" and since > self._seconds:
            return TrackerStatus("live", Notice("clip_ended", name=self._name))
        at, length = spell(self._player.inside(since)), spell(self._seconds)
        return TrackerStatus("live", Notice("clip_live", name=self._name, at=at, length=length))

    def recentre(self) -> None:
        """See `Tracker`; a recording was centred when it was made."""

    def _read(self) -> None:
        try:
            recorder.recover(self._folder)
            path = find(self._wanted, self._folder)
            clip = load(path)
            player = Player(clip)
        except ClipError as error:
            self._problem = error.notice
            return
        except Exception as error:  # the thread's border: a recording must not end without a sentence
            logger.exception("the recording %s", self._wanted)
            self._problem = Notice("clip_unreadable", path=self._wanted, detail=f"{type(error).__name__}: {error}"[:200])
            return
        self._name, self._seconds, self._started = path.stem, clip.seconds, self._now()
        self._player = player
        if self._notify is not None:
            self._notify()


def find(wanted: str, folder: Path) -> Path:
    """The file that the setting `clip` means: a path, a name in `folder` with or without ending, or, empty, the newest there.

    Raises ClipError when there is none.
    """
    if not wanted:
        newest = recordings(folder)
        if not newest:
            raise ClipError("clip_none", folder=str(folder))
        return newest[0]
    named = folder / wanted  # an absolute path stays as it is
    with contextlib.suppress(OSError, ValueError):  # longer than any name can be
        for path in (named, named.with_name(named.name + ENDING), Path(wanted)):
            if path.is_file():
                return path
    raise ClipError("clip_missing", path=str(named))


def spell(seconds: float) -> str:
    """`0:07`, `12:30` or `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
