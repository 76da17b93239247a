"""The sound of a source of OBS, as it is after its filters, copied into shared memory.

OBS calls back on the source's own thread with locks of the source held, those of its filters among them, and the callback needs
the GIL. Another Python script that asks for a filter of that source waits for the lock with the GIL in its hands, because all
of obspython keeps it: both wait for ever, and OBS with them (measured: within a second, for a script that does little else). So
there is a callback only while ours is the only Python script; else the sound is looked at without one (`sound_poll`).

The C callback is one for all generations of the script (`Holder.sinks` says who gets what), and all it does is one copy.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Optional, Sequence

from ezvtb_core.link.audio_ring import AudioRing
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.messages import Notice
from obs_bridge import libobs as c
from obs_bridge.named_source import NamedSource
from obs_bridge.registration import Holder
from obs_bridge.sound_poll import SoundPoll

_CHANNELS = 2
"""A ring takes no more."""
_OURS = "obs_ezvtuber"
_MARK = "__script_data__"
"""OBS gives this to the module of every Python script that it loads."""


def other_scripts() -> bool:
    """Whether OBS has loaded Python scripts beside ours since it was started."""
    modules = list(sys.modules.items())
    return any(_MARK in getattr(module, "__dict__", ()) for name, module in modules if name != _OURS)


class SoundTap(NamedSource):
    """One source that is listened to, for all avatars that follow it. `look` once a second, from one thread."""

    def __init__(self, process: Holder, name: str) -> None:
        super().__init__(process.libobs, name)
        self._process = process
        self._number = next(process.numbers)
        self._ring: Optional[AudioRing] = None
        self._poll: Optional[SoundPoll] = None
        self._rate = 0
        self._channels = 0
        self._problem: Optional[Notice] = None
        self.polling = other_scripts()
        """Whether there is no callback."""

    @property
    def feed(self) -> Optional[Feed]:
        """What a worker opens; None while the source is not there."""
        ring = self._ring
        return Feed(ring.name, ring.capacity, self.name) if ring is not None and self.found and self._problem is None else None

    @property
    def notice(self) -> Optional[Notice]:
        """Why there is no sound."""
        return self._problem if self.found else Notice("sound_source_missing", name=self.name)

    def look(self) -> None:
        polling = other_scripts()
        if polling != self.polling:
            self.drop()
            self.polling = polling
        super().look()

    def close(self) -> None:
        """Stop listening. OBS's thread may still write one block, into memory that then goes with it."""
        self.drop()
        if self._ring is not None:
            self._ring.close()

    def take(self, source: int) -> None:
        self._problem = self._prepare(source)
        if self._problem is not None:
            return
        if self.polling:
            self._poll = SoundPoll(self._library, self._number, self._channels, self.strong, self._write)
        else:
            self._process.sinks[self._number] = self._hear
            self._library.obs_source_add_audio_capture_callback(source, self._process.keep["callbacks"]["capture"], self._number)

    def let_go(self, source: int) -> None:
        # Waits until a call that is under way is over; without the GIL, which that call needs.
        if not self.polling and self._problem is None:
            self._library.obs_source_remove_audio_capture_callback(
                source, self._process.keep["callbacks"]["capture"], self._number
            )

    def drop(self) -> None:
        self._process.sinks.pop(self._number, None)
        poll, self._poll = self._poll, None
        if poll is not None:
            poll.stop()
        super().drop()

    def _prepare(self, source: int) -> Optional[Notice]:
        info = c.AudioInfo()
        if not self._library.obs_source_get_output_flags(source) & c.OBS_SOURCE_AUDIO:
            return Notice("sound_source_soundless", name=self.name)
        if not self._library.obs_get_audio_info(ctypes.byref(info)):
            return Notice("sound_obs_without_sound")
        self._rate, self._channels = info.samples_per_sec, max(1, min(info.speakers, _CHANNELS))
        if self._ring is None:
            try:
                self._ring = AudioRing.create()
            except OSError as error:
                return Notice("sound_no_memory", detail=str(error))
        return None

    def _hear(self, audio: int, muted: bool) -> None:
        """One block on OBS's thread; silence while the source is muted."""
        block = c.AudioData.from_address(audio)
        self._write(() if muted else [address for address in block.data[: self._channels] if address], block.frames)

    def _write(self, planes: Sequence[int], frames: int) -> None:
        ring = self._ring
        if ring is not None:
            ring.write(planes, frames, self._rate)
