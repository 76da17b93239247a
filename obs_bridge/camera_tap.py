"""The picture of a camera source of OBS, small, copied into shared memory: the camera is opened only once, by OBS."""

from __future__ import annotations

import functools
import threading
import time
from typing import Callable, Optional

from ezvtb_core.link import threads
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.messages import Notice
from obs_bridge import libobs as c
from obs_bridge.chores import attempt
from obs_bridge.grabber import CAPACITY, Grabber
from obs_bridge.named_source import NamedSource
from obs_bridge.registration import KIND

FASTEST = 30
"""Pictures per second, at most."""
SHARE = 0.2
"""Part of the time in which OBS may be kept from drawing; where pictures take longer, they are taken less often."""
LOOK_INTERVAL = 1.0
"""Seconds between two looks for the source by its name."""


class CameraTap(NamedSource):
    """One source that is looked at, by a thread of its own, for one avatar (its shared memory has one reader).

    `changed()` is called from that thread when `feed`, `notice` or `name` may be others.
    """

    def __init__(self, library: c.Libobs, name: str, fps: int, changed: Callable[[], None]) -> None:
        super().__init__(library, name)
        self.feed: Optional[Feed] = None
        """What a worker opens; None while the source is not there."""
        self.notice: Optional[Notice] = None
        """Why it is not looked at. Whether pictures come is the worker's to say."""
        self._changed = changed
        self._grabber = Grabber(library)
        self._buffer: Optional[FrameBuffer] = None
        self._refusal: Optional[Notice] = None
        self._looked = float("-inf")
        self._ending = threading.Event()
        self.pace(fps)
        self._thread = threads.start(self._run, "camera")

    def pace(self, fps: int) -> None:
        """How many pictures per second are taken from now on."""
        self._interval = 1.0 / max(1, min(fps, FASTEST))

    def end(self) -> None:
        """Begin to stop; returns at once."""
        self._ending.set()

    @property
    def alive(self) -> bool:
        """Whether something is still to be given back."""
        return self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Wait until everything is given back, at most `timeout` seconds."""
        self._thread.join(timeout)

    def take(self, source: int) -> None:
        self._refusal = self._refuse(source)
        if self._refusal is None:
            # Cameras that rest while nobody shows them are awake from here on.
            self._library.obs_source_inc_showing(source)

    def let_go(self, source: int) -> None:
        if self._refusal is None:
            self._library.obs_source_dec_showing(source)

    def _refuse(self, source: int) -> Optional[Notice]:
        """Why a source cannot be looked at; None where it can, and everything for that is there."""
        library = self._library
        if library.obs_source_get_id(source) == KIND:
            return Notice("camera_source_avatar", name=self.name)
        if library.obs_source_get_type(source) != c.OBS_SOURCE_TYPE_INPUT:
            return Notice("camera_source_scene", name=self.name)
        if not library.obs_source_get_output_flags(source) & c.OBS_SOURCE_VIDEO:
            return Notice("camera_source_blind", name=self.name)
        if self._buffer is None:
            try:
                self._buffer = FrameBuffer.create(CAPACITY)
            except OSError as error:
                return Notice("camera_no_memory", detail=str(error))
        return None

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ending.wait(max(0.0, due - time.monotonic())):
            began = time.monotonic()
            if not attempt(functools.partial(self._turn, began), "camera source %s" % self.name):
                self._ending.wait(LOOK_INTERVAL)
            interval = self._interval if self.found and self._refusal is None else LOOK_INTERVAL
            due = max(due + interval, began + self._grabber.seconds / SHARE, began)
        self.drop()
        self._grabber.free()
        if self._buffer is not None:
            self._buffer.close()

    def _turn(self, now: float) -> None:
        if now - self._looked > LOOK_INTERVAL:
            self._looked = now
            self.look()
        source = self.strong() if self._refusal is None else 0
        if source:
            try:
                picture = self._grabber.take(source)
            finally:
                self._library.obs_source_release(source)
            if picture is not None and self._buffer is not None:
                self._buffer.publish(*picture)
        self._say()

    def _say(self) -> None:
        feed, notice, buffer = None, self._refusal, self._buffer
        if not self.found:
            notice = Notice("camera_source_missing", name=self.name)
        elif notice is None and buffer is not None:
            feed = Feed(buffer.name, buffer.capacity, self.name)
        if (feed, notice) != (self.feed, self.notice):
            self.feed, self.notice = feed, notice
            self._changed()
