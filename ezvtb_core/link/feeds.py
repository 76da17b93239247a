"""What OBS hands to the engine of one source: the sound of a source and the picture of a camera, by name of shared memory.

Standard library only, Python 3.8+.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional

KINDS = ("sound", "camera")


@dataclass(frozen=True)
class Feed:
    """A ring of sound (`audio_ring.AudioRing`) or a buffer of pictures (`framebuffer.FrameBuffer`) that OBS's side fills."""

    buffer: str
    """Name of the shared memory."""
    capacity: int
    """As its creator says: frames of sound, bytes of a picture."""
    label: str
    """Name of the source in OBS, for people."""

    def to_json(self) -> Dict[str, Any]:
        return {"buffer": self.buffer, "capacity": self.capacity, "label": self.label}

    @classmethod
    def from_json(cls, data: Any) -> Optional[Feed]:
        """Read what `to_json` wrote; None for None. Raises KeyError, TypeError or ValueError for anything else."""
        return None if data is None else cls(str(data["buffer"]), int(data["capacity"]), str(data["label"]))


class Feeds:
    """The feeds of one source, replaced at any time by the thread that commands, looked up by trackers on theirs."""

    def __init__(self) -> None:
        self._feeds: Mapping[str, Feed] = {}

    def set(self, kind: str, feed: Optional[Feed]) -> None:
        """Put a feed in place of the one of its kind; None ends it. Raises ValueError for another kind than of `KINDS`."""
        if kind not in KINDS:
            raise ValueError("there is no feed of the kind %r" % (kind,))
        others = {known: found for known, found in self._feeds.items() if known != kind}
        self._feeds = others if feed is None else {**others, kind: feed}

    def get(self, kind: str) -> Optional[Feed]:
        """The feed of a kind as it is now; another object after every change. None where OBS gives none."""
        return self._feeds.get(kind)
