"""Files made of frames: GIF, WebM and MP4 films, and a PNG strip. All are written beside their place and moved there whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from ezvtb_core.commands.console import UsageError
from ezvtb_core.commands.gif_palette import GifPalette

Pixels = npt.NDArray[np.uint8]
"""Straight-alpha BGRA, (H, W, 4)."""
FILMS = (".webm", ".mp4")
ENDINGS = (".gif", *FILMS, ".png")
GIF_SAMPLES = 24
"""Frames that the palette of a GIF is made from."""
STRIP_FRAMES = 8
SHORTEST_GIF_DELAY = 2
"""Hundredths of a second; players show shorter ones slowly."""


class Writer(Protocol):
    """Takes frames of one size and makes a file of them."""

    fps: float
    """Frames per second that the file really has; frames must be given at this rate."""

    def add(self, frame: Pixels) -> None:
        """Append a frame. Raises OSError when the disk is full."""

    def save(self) -> None:
        """Finish the file with what there is and move it to its place. Raises OSError."""

    def drop(self) -> None:
        """Forget everything; what was at the place before is left as it was. May be called after `save`."""


def check(path: Path) -> None:
    """Raise UsageError, before any work is done, when `path` cannot be written or its ending means nothing to us."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError("out_ending", path=str(path), known=" ".join(ENDINGS))
    check_writable(path)


def check_writable(path: Path) -> None:
    """Raise UsageError when a file cannot be made at `path`; leaves nothing behind."""
    if path.is_dir():
        raise UsageError("out_is_folder", path=str(path))
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ezvtuber-")
    except OSError as error:
        raise UsageError("out_unwritable", path=str(path), detail=error.strerror or str(error)) from error
    os.close(handle)
    Path(name).unlink()


def open_writer(path: Path, fps: int, background: tuple[int, int, int]) -> Writer:
    """The writer for the ending of `path`. `background` (red, green, blue) is what an MP4 shows behind the character."""
    ending = path.suffix.lower()
    if ending == ".gif":
        return GifWriter(path, fps)
    if ending == ".png":
        return StripWriter(path, fps)
    from ezvtb_core.commands.film import FilmWriter

    return FilmWriter(path, fps, None if ending == ".webm" else background)


class Spool:
    """Frames kept compressed in memory (about 80 kB each at 512²); a repeated frame is kept once."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._shape: tuple[int, ...] = ()
        self._last: Pixels | None = None

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, frame: Pixels) -> None:
        """Keep a frame. Raises ValueError when its size differs from the first one's."""
        if self._packed and frame.shape != self._shape:
            raise ValueError(f"frame is {frame.shape}, expected {self._shape}")
        self._shape = frame.shape
        if self._last is not None and np.array_equal(frame, self._last):
            self._packed.append(self._packed[-1])
        else:
            self._packed.append(zlib.compress(frame.tobytes(), 1))
            self._last = frame.copy()

    def repeats(self, index: int) -> bool:
        """True when a frame is the one before it."""
        return index > 0 and self._packed[index] is self._packed[index - 1]

    def __getitem__(self, index: int) -> Pixels:
        return np.frombuffer(zlib.decompress(self._packed[index]), np.uint8).reshape(self._shape)


class _SpoolWriter:
    """Keeps frames until the end, because only then is it known which to use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames = Spool()

    def add(self, frame: Pixels) -> None:
        self._frames.add(frame)

    def drop(self) -> None:
        self._frames = Spool()

    def _spread(self, count: int) -> list[Pixels]:
        """At most `count` frames, evenly spread over the time."""
        places = np.linspace(0, len(self._frames) - 1, count)
        return [self._frames[index] for index in sorted({round(place) for place in places})]


class GifWriter(_SpoolWriter):
    """A GIF with a transparent background and one palette for all frames, so that still areas do not flicker."""

    def __init__(self, path: Path, fps: float) -> None:
        super().__init__(path)
        self._delay = max(SHORTEST_GIF_DELAY, round(100 / fps))
        self.fps = 100 / self._delay
        """GIF counts hundredths of a second: 25, 33.3 or 50 frames per second come out exactly."""

    def save(self) -> None:
        if not len(self._frames):
            return
        palette = GifPalette(self._spread(GIF_SAMPLES))
        shown = [index for index in range(len(self._frames)) if not self._frames.repeats(index)]
        delays = np.diff([*shown, len(self._frames)]) * self._delay * 10
        pictures: Iterator[Image.Image] = (palette.picture(self._frames[index]) for index in shown)
        with replacing(self._path) as temporary:
            next(pictures).save(
                temporary, "GIF", save_all=True, append_images=pictures, duration=[int(delay) for delay in delays],
                disposal=2, transparency=palette.transparent, loop=0, optimize=False,
            )  # fmt: skip


class StripWriter(_SpoolWriter):
    """A PNG with a few frames side by side, evenly spread over the time."""

    def __init__(self, path: Path, fps: float) -> None:
        super().__init__(path)
        self.fps = float(fps)

    def save(self) -> None:
        if not len(self._frames):
            return
        strip = np.concatenate(self._spread(STRIP_FRAMES), axis=1)
        with replacing(self._path) as temporary:
            Image.fromarray(np.ascontiguousarray(strip[..., [2, 1, 0, 3]])).save(temporary, "PNG")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well and is removed otherwise."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
