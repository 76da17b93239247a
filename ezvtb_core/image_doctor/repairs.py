"""What is wrong with many pictures, put right before the models see it. Each repair returns how many pixels it changed.

All work in place on uint8 (H, W, 4) straight BGRA. Thresholds were set on 26 pictures as people publish them: in clean ones at
most 1.2 % of the visible pixels are nearly opaque inside, in those that a background remover has been at 4 to 91 %.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor.matte import remove_white, unblend
from ezvtb_core.image_doctor.neighbours import around, carry, islands, pool
from ezvtb_core.image_doctor.picture import Finding
from ezvtb_core.link.messages import Notice

Flags = npt.NDArray[np.bool_]

SEE_THROUGH = 0.25
"""A figure is see-through as a whole when this part of what is visible has its highest alpha, which is below 250."""
NEARLY = 240
"""Alpha from which a pixel among its like is meant to be opaque."""
INTERIOR = 0.02
"""Part of the visible pixels that must be nearly opaque inside before they are touched."""
DARK = 8
"""Levels up to which a hidden colour does no harm. The pictures of the THA4 students have some, and their networks know them."""
HAZE = 16
"""Alpha up to which a pixel far from anything solid is dirt."""
SOLID = 128
SPECK = 0.0003
"""An island is dirt when its visible area is at most this part of the figure's."""
VEIL = 64
"""An island that is nowhere more visible than this is dirt, too."""
UNSEEN = 128
"""Dirt that adds up to less alpha than this is left where it is: nobody sees half a pixel, and the picture stays untouched."""
CELLS = 128
"""Islands are told apart on a grid of so many cells: what is at least a cell away from everything else is far away."""
BLEED = 6
"""How far the colour of solid pixels is carried outwards, in pixels."""
FAINT = 16
"""Alpha up to which a colour may be noise."""
OFF = 48
"""Levels by which a faint pixel's colour may differ from the nearest solid one."""
ROUNDED = 0.05
"""How far from whole numbers premultiplied values may be on average, to be taken for rounded ones; by chance it is 0.25."""
ROUGH = 12
"""Levels by which touching faint pixels usually differ where they are noise. Otherwise 0 to 6; noisy ones 19 and 25."""
FEWEST_STEPS = 50
"""Pairs of touching faint pixels that are needed to tell."""


def repair(pixels: Pixels) -> list[Finding]:
    """All repairs in the order in which they help each other, and a sentence for each that changed anything."""
    findings = []
    for code, work in REPAIRS.items():
        count = work(pixels)
        if count:
            findings.append(Finding(Notice(code, pixels=count)))
    return findings


def clear_hidden(pixels: Pixels) -> int:
    """Colour under alpha 0 becomes 0: nobody sees it, but the models do. What is black to the eye anyway stays as it is."""
    hidden = (pixels[..., 3] == 0) & (pixels[..., :3] > DARK).any(axis=2)
    pixels[hidden] = 0
    return int(hidden.sum())


def make_opaque(pixels: Pixels) -> int:
    """A figure drawn on a see-through layer is made solid: alpha is stretched so that its highest common value becomes 255."""
    alpha = pixels[..., 3]
    counts = np.bincount(alpha.ravel(), minlength=256)
    counts[0] = 0
    visible = int(counts.sum())
    if not visible:
        return 0
    # The highest value that is not just a few pixels.
    highest = int(np.flatnonzero(counts[::-1].cumsum()[::-1] >= 0.005 * visible)[-1])
    around = int(counts[max(highest - 2, 1) : highest + 3].sum())
    if highest >= 250 or around < SEE_THROUGH * visible:
        return 0
    stretched = np.minimum(np.rint(np.arange(256) * (255 / highest)), 255).astype(np.uint8)
    pixels[..., 3] = stretched[alpha]
    return visible


def close_interior(pixels: Pixels) -> int:
    """Inside, alpha that is nearly 255 becomes 255: background removers leave a veil that lets the scene shine through."""
    alpha = pixels[..., 3]
    inside = (alpha < 255) & (around(alpha, np.minimum) >= NEARLY)
    count = int(inside.sum())
    if count < INTERIOR * np.count_nonzero(alpha):
        return 0
    alpha[inside] = 255
    return count


def remove_dirt(pixels: Pixels) -> int:
    """Islands of a few pixels, and hardly visible haze, both away from the figure."""
    alpha = pixels[..., 3]
    cell = -(-max(alpha.shape) // CELLS)
    rows, columns = np.nonzero(alpha)
    if not rows.size:
        return 0
    own = (rows // cell, columns // cell)
    island = islands(pool(alpha > 0, cell))[own]
    area = np.bincount(island, weights=alpha[rows, columns] / 255.0)
    brightest = np.zeros(area.size, np.uint8)
    np.maximum.at(brightest, island, alpha[rows, columns])
    small = (area <= SPECK * area.max()) | (brightest <= VEIL)
    small[area.argmax()] = False
    dirt: Flags = small[island]
    solid = alpha >= SOLID
    if solid.any():
        # Haze that hangs on to the figure is dirt where nothing solid is in its cell or in one beside it.
        near = around(pool(solid, cell), np.maximum)[own]
        dirt |= ~near & (alpha[rows, columns] <= HAZE)
    if alpha[rows[dirt], columns[dirt]].sum() < UNSEEN:
        return 0
    pixels[rows[dirt], columns[dirt]] = 0
    return int(dirt.sum())


def bleed(pixels: Pixels) -> int:
    """Noise under nearly transparent pixels becomes the nearest solid colour, as far as rounding explains the difference.

    A file that was once premultiplied has colours rounded to four values at alpha 3. Nobody sees it, but the models take them
    for solid ones and pull them in. That it happened shows in the values themselves; that it did harm, in neighbours which
    have nothing in common.
    """
    alpha = pixels[..., 3]
    faint = (alpha > 0) & (alpha <= FAINT)
    if not _rounded(pixels, faint) or _roughness(pixels, faint) < ROUGH:
        return 0
    carried, known = carry(pixels, alpha >= SOLID, alpha > 0, BLEED)
    rows, columns = np.nonzero(faint & known)
    near = carried[rows, columns]
    off = np.abs(pixels[rows, columns, :3].astype(np.int32) - near).max(axis=1)
    noise = (off > OFF) & (off * alpha[rows, columns] <= 255)
    pixels[rows[noise], columns[noise], :3] = near[noise]
    return int(noise.sum())


def _rounded(pixels: Pixels, faint: Flags) -> bool:
    """Whether all faint colours are ones that 8-bit premultiplied values come to."""
    chosen = pixels[faint]
    premultiplied = chosen[:, :3] * (chosen[:, 3:] / 255.0)
    return bool(len(chosen)) and float(np.abs(premultiplied - np.rint(premultiplied)).mean()) < ROUNDED


def _roughness(pixels: Pixels, faint: Flags) -> float:
    """By how many levels touching faint pixels usually differ; 0 where there are too few to say."""
    steps = []
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        both = faint[first] & faint[second]
        steps.append(np.abs(pixels[first][both].astype(np.int32) - pixels[second][both])[:, :3].max(axis=1))
    every = np.concatenate(steps)
    return float(np.median(every)) if every.size >= FEWEST_STEPS else 0.0


REPAIRS: dict[str, Callable[[Pixels], int]] = {
    "picture_hidden_colour": clear_hidden,
    "picture_see_through": make_opaque,
    "picture_interior": close_interior,
    "picture_dirt": remove_dirt,
    "picture_on_white": partial(unblend, matte=255),
    "picture_on_black": partial(unblend, matte=0),
    "picture_white_fringe": remove_white,
    "picture_faint_colour": bleed,
}
"""Sentence → repair, in the order in which they help each other."""
