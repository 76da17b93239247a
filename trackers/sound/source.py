"""What every source of sound is to the `Voice`."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.pose import FloatArray


class Heard(NamedTuple):
    """A block of sound."""

    samples: FloatArray
    """Mono, float32 (n,), about ±1."""
    rate: int
    """Samples per second."""
    end: float
    """When its last sample was there, `time.monotonic()` seconds."""


class SoundError(NoticeError):
    """A source that cannot be opened or has gone; it is tried again every 2 s."""


class Source(Protocol):
    """Opened by its constructor, which raises SoundError. Used by one thread."""

    @property
    def live(self) -> Notice:
        """The sentence for as long as sound comes."""

    def quiet(self) -> Notice:
        """The sentence when none has come for a while. Raises SoundError where the source should be opened anew then."""

    def hear(self, seconds: float) -> Heard | None:
        """What has come since the last call, after at most `seconds`; None when that is nothing. Raises SoundError."""

    def close(self) -> None:
        """Give the source back. Never raises."""
