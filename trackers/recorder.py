"""Records what a tracker gives. A crash costs at most the last two seconds: the rest is found at the next start.

While it records, poses go to a raw file `NAME.part` beside the recordings, on a thread of its own; `finish` makes the
recording `NAME.npz` of it. Rows of the raw file are `ROW`, nothing else is in it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ezvtb_core.link import threads
from ezvtb_core.link.messages import Notice
from ezvtb_core.pose import SIZE, TrackedPose
from trackers.clip_file import ENDING, POSITION_LIMIT, Clip, ClipError, save

logger = logging.getLogger(__name__)

ROW = np.dtype([("time", "<f8"), ("pose", "<f4", (SIZE,)), ("position", "<f4", (3,))])
"""200 bytes; `time` on the tracker's clock."""
LONGEST_SECONDS = 30 * 60.0
MOST_POSES = 30 * 60 * 120
"""Half an hour at 120 per second: 43 MB on the disk."""
FLUSH_SECONDS = 2.0
ABANDONED_SECONDS = 30.0
"""A raw file that nobody has touched for this long is left over from a crash: a recorder touches its own every 2 s."""
PART = ".part"
_JOIN_SECONDS = 10.0


class Recorder:
    """One recording, from its creation to `finish`. `add` is for one thread; everything else for any."""

    def __init__(self, folder: Path, tracker: str) -> None:
        """Begin a recording in `folder`, named after the time and `tracker`. Returns at once; trouble shows in `notice`."""
        self._folder = folder
        self._title = f"{datetime.now():%Y-%m-%d %H-%M-%S} {tracker}"
        self._lock = threading.Lock()
        self._waiting: list[TrackedPose] = []
        self._count = 0
        self._first = self._last = float("-inf")
        self._full = False
        self._problem: Notice | None = None
        self._part: Path | None = None
        self._saved: Path | None = None
        self._ending = threading.Event()
        self._finishing = threading.Lock()
        self._thread = threads.start(self._run, "recorder")
        threads.start(self._recover, "recover")

    @property
    def recording(self) -> bool:
        """True while poses are taken: not finished, not full, no trouble with the disk."""
        return self._problem is None and not self._ending.is_set()

    def add(self, tracked: TrackedPose) -> None:
        """Take a pose; one that is not newer than the last is left out. Never waits, never raises."""
        if not self.recording or tracked.time <= self._last:
            return
        if self._count == 0:
            self._first = tracked.time
        if self._count >= MOST_POSES or tracked.time - self._first > LONGEST_SECONDS:
            self._full, self._problem = True, Notice("recording_full", minutes=round(LONGEST_SECONDS / 60))
            return
        self._last = tracked.time
        self._count += 1
        with self._lock:
            self._waiting.append(tracked)

    def notice(self) -> Notice:
        """What there is to say: how long it has recorded, why it has stopped, or where the recording is."""
        problem, saved = self._problem, self._saved
        if saved is None or (problem is not None and not self._full):
            return problem or Notice("recording_live", seconds=self._seconds())
        if self._full:
            return Notice("recording_saved_full", name=saved.stem, minutes=round(LONGEST_SECONDS / 60))
        return Notice("recording_saved", name=saved.stem, seconds=self._seconds())

    def finish(self) -> Path:
        """End the recording and return its file. Takes a moment; later calls return the same.

        Raises ClipError when no pose came, or the file cannot be written; what was recorded then stays in the raw file and is
        recovered at the next start.
        """
        with self._finishing:
            if self._saved is not None:
                return self._saved
            self._ending.set()
            self._thread.join(_JOIN_SECONDS)
            if self._thread.is_alive():
                raise ClipError("recording_failed", folder=str(self._folder), detail=f"> {_JOIN_SECONDS:g} s")
            if self._part is None or (self._count == 0 and self._problem is None):
                if self._part is not None:
                    _remove(self._part)
                problem = self._problem
                raise ClipError("recording_empty") if problem is None else ClipError(problem.code, **problem.params)
            try:
                self._saved = _convert(self._part)
            except OSError as error:
                raise ClipError("recording_failed", folder=str(self._folder), detail=error.strerror or str(error)) from error
            if self._saved is None:
                raise ClipError("recording_empty")
            return self._saved

    def _seconds(self) -> int:
        return round(self._last - self._first) if self._count else 0

    def _recover(self) -> None:
        recover(self._folder)

    def _run(self) -> None:
        try:
            self._part = _new_part(self._folder, self._title)
            with self._part.open("ab") as file:
                while not self._ending.wait(FLUSH_SECONDS):
                    self._flush(file.fileno())
                    os.utime(self._part)
                self._flush(file.fileno())
        except OSError as error:
            logger.warning("recording into %s failed: %s", self._folder, error)
            self._problem = Notice("recording_failed", folder=str(self._folder), detail=error.strerror or str(error))

    def _flush(self, file: int) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        rows = np.zeros(len(waiting), ROW)
        for row, tracked in zip(rows, waiting, strict=True):
            row["time"], row["pose"], row["position"] = tracked.time, tracked.pose, tracked.position
        data = memoryview(rows.tobytes())
        while data:
            data = data[os.write(file, data) :]


def recover(folder: Path) -> list[Path]:
    """Make recordings of what crashes have left in `folder`; returns them. Takes its time, never raises."""
    made = []
    for part in folder.glob(f"*{PART}"):
        try:
            if time.time() - part.stat().st_mtime < ABANDONED_SECONDS:
                continue
            found = _convert(part)
        except OSError as error:
            logger.warning("%s could not be recovered: %s", part.name, error)
            continue
        if found is not None:
            logger.info("recovered the recording %s", found.name)
            made.append(found)
    return made


def _convert(part: Path) -> Path | None:
    """The recording made of a raw file, which is then gone; None when nothing was in it. Raises OSError."""
    with part.open("rb") as file:
        data = file.read(MOST_POSES * ROW.itemsize)
    rows = np.frombuffer(data[: len(data) - len(data) % ROW.itemsize], ROW)
    rows = rows[_whole(rows)]
    rows = rows[rows["time"] >= np.maximum.accumulate(rows["time"])]
    target = None
    if len(rows):
        target = part.with_suffix(ENDING)
        times = rows["time"] - rows["time"][0]
        save(target, Clip(times, rows["pose"], np.clip(rows["position"], -POSITION_LIMIT, POSITION_LIMIT)))
    _remove(part)
    return target


def _whole(rows: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Which rows are numbers: a system that crashed can leave zeros or anything else in the last block of a file."""
    finite = np.isfinite(rows["time"]) & np.isfinite(rows["pose"]).all(axis=1) & np.isfinite(rows["position"]).all(axis=1)
    whole: npt.NDArray[np.bool_] = finite & (np.abs(rows["pose"]) <= 1.0).all(axis=1)
    whole &= np.abs(rows["time"] - rows["time"][:1].sum()) <= LONGEST_SECONDS
    return whole


def _new_part(folder: Path, title: str) -> Path:
    """An empty raw file under a name that is not taken. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        part = folder / f"{title if number == 1 else f'{title} {number}'}{PART}"
        number += 1
        if part.with_suffix(ENDING).exists():
            continue
        with contextlib.suppress(FileExistsError):
            part.open("xb").close()
            return part


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()
