"""Frames enlarged by super-resolution: waifu2x (the whole frame, twice) or Real-ESRGAN (its middle, four times), both layouts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ezvtb_core.backends import Signature
from ezvtb_core.frame_graphs import FRAME, Found, OpenSession, declared, find, open_stage, picture, precisions
from ezvtb_core.frames import Pixels

SIDE = 1024
"""Width and height of what both make. Real-ESRGAN's graph cuts 256×256 out of the frame itself."""
NOISE = (0, 3)
"""Lowest and highest level at which waifu2x takes noise away."""
_FRAME, _LARGE = "frame", "large"


def locate(whole: bool, half: bool, noise: int, where: Sequence[Path]) -> Found:
    """The file of waifu2x (`whole`) or Real-ESRGAN in one of the folders `where`; `half`: fp16 rather than fp32.

    `noise`: waifu2x's level; the release of 2026 brings level 0 only, which is taken where another one is missing. Raises
    FrameGraphError.
    """
    if whole:
        levels = (noise, 0) if noise else (0,)
        choices = [_waifu2x(level, each) for each in precisions(half) for level in levels]
        return find("waifu2x", choices, where, "use_sr=False")
    return find("Real-ESRGAN", [_real_esrgan(each) for each in precisions(half)], where, "use_sr=False")


class Upscaler:
    """Enlarges frames. Used by one thread at a time."""

    def __init__(self, path: Path, open_session: OpenSession) -> None:
        """Open a file of either layout. Raises SniffError, SessionError or BackendUnavailable."""
        self.size = (SIDE, SIDE)
        found = declared(path)
        source = found.inputs[0].name if found.inputs else "input"
        count = (1,) if found.inputs and len(found.inputs[0].shape) > len(FRAME) else ()
        large = found.outputs[0].name if found.outputs else "output"
        expected = Signature((picture(source, *count, *FRAME),), (picture(large, *count, SIDE, SIDE, 4),))
        self._plan = open_stage(path, expected, open_session, (_FRAME,), (_LARGE,))

    def enlarge(self, frame: Pixels) -> Pixels:
        """uint8 (512, 512, 4) → (1024, 1024, 4), straight BGRA; valid until the next call. Raises SessionError."""
        self._plan.set(_FRAME, frame)
        large: Pixels = self._plan.get(_LARGE).reshape(SIDE, SIDE, 4)
        return large

    def close(self) -> None:
        """Release the session and its memory. May be called again."""
        self._plan.close()


def _waifu2x(noise: int, precision: str) -> tuple[str, str]:
    name = f"noise{noise}_scale2x"
    return f"waifu2x/{name}_{precision}.onnx", f"waifu2x_upconv/{precision}/upconv_7/art/{name}.onnx"


def _real_esrgan(precision: str) -> tuple[str, ...]:
    old = "exported_256_fp16" if precision == "fp16" else "exported_256"
    return tuple(dict.fromkeys((f"Real-ESRGAN/exported_256_{precision}.onnx", f"Real-ESRGAN/{old}.onnx")))
