"""The picture of an OBS source, as OBS's side puts it into shared memory."""

from __future__ import annotations

import time

import numpy as np

from ezvtb_core.link.feeds import Feed, Feeds
from ezvtb_core.link.framebuffer import Frame, FrameBuffer
from ezvtb_core.link.messages import Notice, NoticeError
from trackers.camera import opencv
from trackers.camera.pictures import Pace, Picture, prepare

POLL = 0.005
"""Seconds between two looks at the sequence number, which cost a microsecond."""
ATTACH_SECONDS = 1.0
"""Between two attempts to open a buffer that cannot be opened."""
SILENT_SECONDS = 2.0
"""Without a new picture for this long, the source shows none."""


class ObsPictures:
    """`Pictures` of the feed `camera`, whichever OBS names at the moment."""

    def __init__(self, feeds: Feeds, rate: float) -> None:
        self.label = ""
        self._feeds = feeds
        self._pace = Pace(rate)
        self._feed: Feed | None = None
        self._buffer: FrameBuffer | None = None
        self._retry = float("-inf")
        self._seen = 0
        self._arrival = time.monotonic()
        self._problem: Notice | None = None

    def take(self, timeout: float) -> Picture | None:
        """See `Pictures`."""
        end = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            picture = self._look(now)
            if picture is not None or now >= end:
                return picture
            time.sleep(min(POLL, end - now))

    def notice(self) -> Notice | None:
        """See `Pictures`."""
        feed, problem = self._feeds.get("camera"), self._problem
        if feed is None:
            return Notice("webcam_no_source")
        if problem is not None:
            return problem
        if time.monotonic() - self._arrival > SILENT_SECONDS:
            return Notice("webcam_source_silent", name=feed.label)
        return None

    def close(self) -> None:
        """See `Pictures`."""
        if self._buffer is not None:
            self._buffer.close()
            self._buffer = None

    def _look(self, now: float) -> Picture | None:
        feed = self._feeds.get("camera")
        if feed != self._feed or (self._buffer is None and feed is not None and now >= self._retry):
            self._attach(feed, now)
        if self._buffer is None:
            return None
        newest = self._buffer.newest()
        if newest == self._seen or not self._pace.due(now):
            return None
        self._seen = newest
        return self._read(self._buffer, now)

    def _attach(self, feed: Feed | None, now: float) -> None:
        self.close()
        self._feed, self._seen, self._arrival, self._problem = feed, 0, now, None
        self.label = "" if feed is None else feed.label
        if feed is None:
            return
        try:
            self._buffer = FrameBuffer.attach(feed.buffer, feed.capacity)
        except NoticeError as error:
            self._problem = error.notice
            self._retry = now + ATTACH_SECONDS

    def _read(self, buffer: FrameBuffer, now: float) -> Picture | None:
        cv2 = opencv.load()
        copied: list[bytes] = []

        def keep(frame: Frame) -> None:
            copied[:] = [buffer.copy(frame)]

        frame = buffer.read(keep)
        if frame is None:
            return None
        rows = np.frombuffer(copied[0], np.uint8).reshape(frame.height, frame.stride)
        pixels = rows[:, : 4 * frame.width].reshape(frame.height, frame.width, 4)
        self._arrival = now
        return Picture(now, prepare(cv2, pixels, cv2.COLOR_BGRA2RGB))
