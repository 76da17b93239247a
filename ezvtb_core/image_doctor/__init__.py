"""Any picture → what the models need: 512×512, transparent around one upright character, the head in the template's place.

`load` takes a file, `treat` an array; both repair what can be repaired, and the report says what was found and done.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor import reading, scaling
from ezvtb_core.image_doctor.fitting import Placement, place
from ezvtb_core.image_doctor.judging import judge
from ezvtb_core.image_doctor.picture import SIZE, TEMPLATE_HEAD, Box, Finding, Fit, Picture, PictureError, Report
from ezvtb_core.image_doctor.repairs import repair
from ezvtb_core.link.messages import Notice

__all__ = ["AUTO", "SIZE", "TEMPLATE_HEAD", "Box", "Finding", "Fit", "Picture", "PictureError", "Report", "load", "treat"]

AUTO = Fit()
WORKING = 2560
"""Longer side in pixels up to which a picture is worked on as it is; the head of a standing figure is 300 pixels high then."""


def load(path: Path, fit: Fit = AUTO, keep_whole: bool = False) -> Picture:
    """A picture file as the models need it; `keep_whole` as in `treat`.

    Raises PictureError: missing, not readable, not a picture, more than 64 megapixels, damaged, cut off, fully transparent.
    """
    pixels, findings = reading.read(path)
    return _treat(pixels, fit, keep_whole, findings)


def treat(pixels: Pixels, fit: Fit = AUTO, keep_whole: bool = False) -> Picture:
    """The same for an array, uint8 (H, W, 4) straight BGRA, which is left as it is.

    `keep_whole`: the frame is the whole picture, standing on its lower edge, wherever the head is; for models that take any.
    Raises PictureError for another kind of array, more than 64 megapixels, or one in which nothing is visible.
    """
    known = pixels.ndim == 3 and pixels.shape[2] == 4 and pixels.dtype == np.uint8 and pixels.size > 0
    if not known or pixels.shape[0] * pixels.shape[1] > reading.MAX_MEGAPIXELS * 1_000_000:
        raise PictureError("picture_array", got=f"{pixels.dtype} {pixels.shape}", limit=reading.MAX_MEGAPIXELS)
    return _treat(pixels, fit, keep_whole, [])


def _treat(pixels: Pixels, fit: Fit, keep_whole: bool, findings: Sequence[Finding]) -> Picture:
    original = (pixels.shape[1], pixels.shape[0])
    part, whole, reduced = _working_part(pixels)
    repaired = repair(part)
    if not part[..., 3].any():
        raise PictureError("picture_empty")
    placement = place(part, whole, fit, keep_whole)
    frame = scaling.cut(part, placement.box)
    done = [*_placed(placement, reduced), *findings, *repaired]
    judged = judge(part, placement, whole, reduced, frame)
    ordered = sorted([*judged, *done], key=lambda finding: -finding.points)
    return Picture(frame, original, placement.framed(), Report(tuple(ordered), placement.mode))


def _working_part(pixels: Pixels) -> tuple[Pixels, Box, int]:
    """A copy of what is visible, reduced by a whole number where it is large; the picture's edges in it; that number."""
    seen = pixels[..., 3] > 0
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not rows.size:
        raise PictureError("picture_empty")
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    reduced = -(-max(bottom - top, right - left) // WORKING)
    part = pixels[top:bottom, left:right]
    part = scaling.shrink(part, reduced) if reduced > 1 else part.copy()
    height, width = pixels.shape[:2]
    edges = (-left, -top, width - left, height - top)
    return part, Box(*(edge / reduced for edge in edges)), reduced


def _placed(placement: Placement, reduced: int) -> list[Finding]:
    """Says what was done to bring the head into place."""
    if placement.mode == "auto":
        scale = placement.framed().height / placement.head.size / reduced
        return [Finding(Notice("picture_placed", percent=round(100 * scale)))]
    return []
