"""The sound of a source of OBS without a callback: what OBS has mixed of it last, looked at by a thread of ours.

It comes after the fader and some 50 ms later than to a callback, but no lock of OBS is ever held for it (see `sound_tap`).
OBS mixes only tracks that somebody consumes (a stream, a recording): we join as a consumer who does nothing.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Callable, Sequence

from ezvtb_core.link import threads
from obs_bridge import libobs as c

INTERVAL = 0.008
"""Seconds between two looks: OBS mixes a block of 1024 frames every 21 ms at 48 kHz, and leaves it alone until the next one."""


class SoundPoll:
    """`strong()` gives the source held, 0 when it is gone; `write(planes, frames)` gets every block."""

    def __init__(
        self,
        library: c.Libobs,
        number: int,
        channels: int,
        strong: Callable[[], int],
        write: Callable[[Sequence[int], int], None],
    ) -> None:
        self._library = library
        self._number = number
        """Tells our consumers apart."""
        self._channels = channels
        self._strong = strong
        self._write = write
        self._mix = c.AudioMix()
        self._stamp = 0
        self._track = -1
        self._ending = threading.Event()
        self._thread = threads.start(self._run, "sound")

    def stop(self) -> None:
        """Stop and wait for it; it never waits for anything long."""
        self._ending.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._ending.wait(INTERVAL):
            source = self._strong()
            if source:
                self._take(source)
                self._library.obs_source_release(source)
        self._consume(-1)

    def _take(self, source: int) -> None:
        """Pass on the block that was mixed last, once."""
        library = self._library
        stamp = library.obs_source_get_audio_timestamp(source)
        if not stamp or stamp == self._stamp:
            return
        self._stamp = stamp
        mixers = library.obs_source_get_audio_mixers(source)
        # A track that the source is not on is silent: the first that it is on, -1 for none.
        self._consume((mixers & -mixers).bit_length() - 1)
        if library.obs_source_audio_pending(source):
            return
        planes: Sequence[int] = ()
        if self._track >= 0:
            library.obs_source_get_audio_mix(source, ctypes.byref(self._mix))
            planes = [address for address in self._mix.data[self._track][: self._channels] if address]
        self._write(planes, c.AUDIO_OUTPUT_FRAMES)

    def _consume(self, track: int) -> None:
        """Have OBS mix this track, and no longer the one before."""
        if track == self._track:
            return
        library, audio = self._library, self._library.obs_get_audio()
        if self._track >= 0 and audio:
            library.audio_output_disconnect(audio, self._track, library.nothing, self._number)
        if track >= 0 and audio:
            library.audio_output_connect(audio, track, None, library.nothing, self._number)
        self._track = track
