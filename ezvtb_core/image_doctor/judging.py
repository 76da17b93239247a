"""What a streamer should know about a picture: each lost point of the score with its reason and what to do about it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor import head as heads
from ezvtb_core.image_doctor.fitting import Placement
from ezvtb_core.image_doctor.head import Head
from ezvtb_core.image_doctor.neighbours import around
from ezvtb_core.image_doctor.picture import TEMPLATE_HEAD, Box, Finding
from ezvtb_core.link.messages import Notice

DOUBTFUL = 0.6
"""Confidence below which the place of the head should be looked at."""
SHARP = 0.9 * TEMPLATE_HEAD.height
"""Height of the head in the file from which next to nothing has to be enlarged, in pixels."""
ASKEW = 12
"""Degrees of tilt of the face that are worth a sentence."""
CLEAR_SYMMETRY = 0.6
"""Correlation of a face with its mirror image from which its tilt can be told; the marked pictures have 0.5 to 0.98."""
UPRIGHT, CLEARLY = 6, 0.1
"""Degrees that count as upright, and by how much more alike an askew face must be to be believed."""
TURNED = 0.35
"""Correlation below which the face looks turned away; no marked picture had less than 0.47."""
MIRROR = 48
"""Side in pixels of the square in which a face is compared with its mirror image."""
BUST = 0.5
"""Head heights below the chin that should at least be there: neck and shoulders move."""


def judge(pixels: Pixels, placement: Placement, whole: Box, reduced: int, frame: Pixels) -> list[Finding]:
    """All that costs points. `pixels` are the repaired picture, `reduced` times smaller than the file; `whole` are the file's
    edges in it; `frame` is the outcome."""
    found, size = placement.head, placement.head.size * reduced
    off = _out_of_place(placement.framed())
    findings = [
        _finding(min(30, 40 * (1 - size / SHARP)), "picture_head_small", got=round(size), wanted=round(SHARP)),
        _finding(off, "picture_head_off"),
    ]
    if (pixels[..., 3] == 255).all():
        findings.append(_finding(40, "picture_opaque"))
    else:
        if not found.confidence:
            findings.append(_finding(25, "picture_head_not_found"))
        elif found.confidence < DOUBTFUL:
            findings.append(_finding(15, "picture_head_unsure"))
        else:
            findings.append(_posture(pixels, found))
        findings.extend(_outline(pixels, placement, whole))
        if _hard_edges(frame):
            findings.append(_finding(5, "picture_hard_edges"))
    return [finding for finding in findings if finding.points > 0]


def _finding(points: float, code: str, **facts: object) -> Finding:
    return Finding(Notice(code, **facts), round(points))


def _out_of_place(framed: Box) -> float:
    """Points for a head that is not where the models look for it."""
    distance = math.hypot(framed.x - TEMPLATE_HEAD.x, framed.y - TEMPLATE_HEAD.y) / TEMPLATE_HEAD.height
    ratio = abs(math.log(max(framed.height, 1.0) / TEMPLATE_HEAD.height))
    return min(40.0, 40 * max(distance - 0.3, 0) + 40 * max(ratio - math.log(1.35), 0))


def _outline(pixels: Pixels, placement: Placement, whole: Box) -> list[Finding]:
    """What is missing above and below."""
    found, findings = placement.head, []
    shown = heads.content(pixels)
    if shown is None:
        return []
    _, top, _, bottom = shown
    beside = slice(max(round(found.x - found.size / 2), 0), max(round(found.x + found.size / 2), 1))
    if top <= whole.top and np.count_nonzero(pixels[top, beside, 3] > heads.VISIBLE) > 0.15 * found.size:
        findings.append(_finding(15, "picture_head_cut"))
    if placement.box.top > top + 0.03 * found.size:
        findings.append(_finding(5, "picture_top_lost"))
    if bottom < found.y + (0.5 + BUST) * found.size:
        findings.append(_finding(10, "picture_no_body"))
    return findings


def _hard_edges(frame: Pixels) -> bool:
    """Whether the outline in the frame is a staircase: hardly any pixel of it is partly transparent."""
    alpha = frame[..., 3]
    soft = np.count_nonzero((alpha > 0) & (alpha < 255))
    steps = np.count_nonzero((alpha == 255) & (around(alpha, np.minimum) == 0))
    return bool(steps > 200 and soft < 0.1 * steps)


def _posture(pixels: Pixels, found: Head) -> Finding:
    """A sentence when the face is askew or turned away; no points otherwise."""
    alike = mirror(pixels, found)
    tilt = max(alike, key=lambda degrees: alike[degrees])
    upright = max(likeness for degrees, likeness in alike.items() if abs(degrees) <= UPRIGHT)
    if alike[tilt] >= CLEAR_SYMMETRY and abs(tilt) >= ASKEW and alike[tilt] - upright >= CLEARLY:
        return _finding(10, "picture_tilted", degrees=abs(tilt))
    return _finding(10 if alike[tilt] < TURNED else 0, "picture_turned")


def mirror(pixels: Pixels, found: Head) -> dict[int, float]:
    """How like its mirror image the lower face is (correlation, -1..1) by its tilt in degrees, positive where the head leans
    to the right of the picture; the best that moving the axis sideways can do."""
    reach = 1.2 * found.size
    box = (round(found.x - reach), round(found.y - reach), round(found.x + reach), round(found.y + reach))
    around_head = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGBa").crop(box)
    around_head = around_head.filter(ImageFilter.BoxBlur(found.size / MIRROR))
    step = 1.5 * found.size / MIRROR
    best: dict[int, float] = {}
    for degrees in range(-30, 31, 3):
        across, down = step * math.cos(math.radians(degrees)), step * math.sin(math.radians(degrees))
        left = found.x - box[0] - (across - down) * MIRROR / 2
        top = found.y - box[1] - (across + down) * MIRROR / 2
        turned = around_head.transform(
            (MIRROR, MIRROR), Image.Transform.AFFINE, (across, -down, left, down, across, top), Image.Resampling.BILINEAR
        )
        face = np.asarray(turned, np.float32)[int(0.40 * MIRROR) : int(0.86 * MIRROR)]
        best[degrees] = max(_likeness(face[:, 8 + shift : MIRROR - 8 + shift]) for shift in range(-6, 7))
    return best


def _likeness(face: npt.NDArray[np.float32]) -> float:
    varied = face - face.mean(axis=(0, 1))
    return float((varied * varied[:, ::-1]).sum() / max(float((varied * varied).sum()), 1e-6))
