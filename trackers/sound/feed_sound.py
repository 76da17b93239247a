"""A source of OBS as a source of sound: what OBS writes into the ring of shared memory."""

from __future__ import annotations

import time

import numpy as np

from ezvtb_core.link.audio_ring import AudioRing, AudioRingError
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.messages import Notice
from trackers.sound.source import Heard, SoundError

POLL_SECONDS = 0.01
"""OBS writes a block every 21 ms."""


class FeedSound:
    """See `trackers.sound.source.Source`."""

    def __init__(self, feed: Feed) -> None:
        """Open the ring that OBS announced. Raises SoundError when it has gone."""
        self._feed = feed
        try:
            self._ring = AudioRing.attach(feed.buffer, feed.capacity)
            self._position = self._ring.written()
        except AudioRingError as error:
            raise SoundError("sound_obs_failed", name=feed.label, detail=str(error)) from error

    @property
    def live(self) -> Notice:
        """See `Source`."""
        return Notice("sound_obs_live", name=self._feed.label)

    def quiet(self) -> Notice:
        """See `Source`."""
        return Notice("sound_obs_quiet", name=self._feed.label)

    def hear(self, seconds: float) -> Heard | None:
        """See `Source`."""
        end = time.monotonic() + seconds
        while self._ring.written() == self._position:
            left = end - time.monotonic()
            if left <= 0.0:
                return None
            time.sleep(min(POLL_SECONDS, left))
        sound = self._ring.read(self._position)
        self._position = sound.position
        left_channel, right_channel = (np.frombuffer(plane, "<f4") for plane in sound.planes)
        if not len(left_channel):
            return None
        with np.errstate(all="ignore"):  # what is not a number is sorted out by the mouth
            samples = (left_channel + right_channel) * np.float32(0.5)
        return Heard(samples, sound.rate, time.monotonic())

    def close(self) -> None:
        """See `Source`."""
        self._ring.close()
