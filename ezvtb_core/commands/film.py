"""WebM (VP9 with transparency) and MP4 (H.264 on a background) through PyAV, which is installed on demand."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
BT709 = 1
LIMITED_RANGE = 1


class FilmWriter:
    """A film; `background` (red, green, blue) is put behind the character, None keeps the transparency (WebM only)."""

    def __init__(self, path: Path, fps: float, background: tuple[int, int, int] | None) -> None:
        self._path = path
        self.fps = float(fps)
        self._background = None if background is None else np.asarray(background[::-1], np.float32)
        self._temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        self._container: Any = None
        self._stream: Any = None

    def add(self, frame: Pixels) -> None:
        if self._container is None:
            self._open(frame.shape[1], frame.shape[0])
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(self._placed(frame)), format="bgra")
        self._container.mux(self._stream.encode(picture.reformat(format=self._stream.pix_fmt, dst_colorspace=BT709)))

    def save(self) -> None:
        if self._container is None:
            return
        self._container.mux(self._stream.encode())
        self._container.close()
        self._container = None
        self._temporary.replace(self._path)

    def drop(self) -> None:
        if self._container is not None:
            with contextlib.suppress(av.FFmpegError, OSError):
                self._container.close()
            self._container = None
        self._temporary.unlink(missing_ok=True)

    def _open(self, width: int, height: int) -> None:
        self._container = av.open(str(self._temporary), "w")
        if self._background is None:
            # Alternate reference frames cannot carry transparency, so libvpx must not make any.
            options = {"deadline": "realtime", "cpu-used": "6", "crf": "24", "b": "0", "row-mt": "1", "auto-alt-ref": "0"}
            stream = self._container.add_stream("libvpx-vp9", rate=round(self.fps), options=options)
            stream.pix_fmt = "yuva420p"
            stream.metadata["alpha_mode"] = "1"
        else:
            stream = self._container.add_stream("libx264", rate=round(self.fps), options={"preset": "veryfast", "crf": "20"})
            stream.pix_fmt = "yuv420p"
        # Both codecs halve the colour planes.
        stream.width, stream.height = width - width % 2, height - height % 2
        stream.codec_context.colorspace = BT709
        stream.codec_context.color_range = LIMITED_RANGE
        self._stream = stream

    def _placed(self, frame: Pixels) -> Pixels:
        frame = frame[: self._stream.height, : self._stream.width]
        if self._background is None:
            return frame
        alpha = frame[..., 3:].astype(np.float32) / 255
        placed = np.full_like(frame, 255)
        placed[..., :3] = frame[..., :3] * alpha + self._background * (1 - alpha) + 0.5
        return placed
