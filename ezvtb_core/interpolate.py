"""In-between frames by RIFE: as many graphs as there are factors, in both release layouts.

The files of 2026 make all frames at once, the last being the newer one as it came in; those of v0.0.1 make each as an output
of its own and only within three tiles (the upper corners are the newer frame's).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ezvtb_core.backends import Signature
from ezvtb_core.frame_graphs import FRAME, Found, OpenSession, declared, find, open_stage, picture, precisions
from ezvtb_core.frames import Pixels

SCALES = (2, 3, 4)
"""Frames out for each frame in."""
BEFORE, AFTER = "before", "after"


def locate(scale: int, half: bool, where: Sequence[Path]) -> Found:
    """The file of RIFE for `scale` in one of the folders `where`; `half`: fp16 rather than fp32. Raises FrameGraphError."""
    choices = [(f"rife/rife_x{scale}_{each}.onnx", f"rife_512/x{scale}/{each}.onnx") for each in precisions(half)]
    return find("RIFE", choices, where, "use_interpolation=False")


class Interpolator:
    """Makes the frames between two frames. Used by one thread at a time."""

    def __init__(self, path: Path, scale: int, open_session: OpenSession) -> None:
        """Open a file of either layout. Raises SniffError, SessionError or BackendUnavailable."""
        self.scale = scale
        found = declared(path)
        self._batched = len(found.outputs) == 1
        count = (1,) if self._batched else ()
        inputs = (picture("tha_img_0", *count, *FRAME), picture("tha_img_1", *count, *FRAME))
        outputs = tuple(picture(f"interpo_{number}", *FRAME) for number in range(scale - 1))
        if self._batched:
            outputs = (picture(found.outputs[0].name, scale, *FRAME),)
        self._made = tuple(f"between {number}" for number in range(len(outputs)))
        self._plan = open_stage(path, Signature(inputs, outputs), open_session, (BEFORE, AFTER), self._made)

    def between(self, before: Pixels, after: Pixels) -> list[Pixels]:
        """`scale` - 1 frames, evenly spaced in time; valid until the next call. All are uint8 (512, 512, 4), straight BGRA.

        Raises SessionError.
        """
        self._plan.set(BEFORE, before)
        self._plan.set(AFTER, after)
        if self._batched:
            return list(self._plan.get(self._made[0])[:-1])
        return [self._plan.get(value) for value in self._made]

    def close(self) -> None:
        """Release the session and its memory. May be called again."""
        self._plan.close()
