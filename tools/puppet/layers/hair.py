"""Hair: the mass behind the head, side locks, bangs, ahoge."""

from __future__ import annotations

import numpy as np

from tools.puppet import palette as c
from tools.puppet.brushes import AXIS, CX, Pen, Poly, both, curve, lock_edges, mirror, star

SPAN = ((0.0, 62.0), (0.0, 268.0))  # root to tip: one gradient for every strand, so that roots melt together
DOME = "-67,142 -68,116 -62.5,92 -48.5,73 -25.5,61.2 0,58.4"


def strand(
    pen: Pen,
    spec: str,
    root: float,
    belly: float,
    at: float = 0.4,
    *,
    shade: float = 0.42,
    colors: tuple[str, ...] = c.HAIR,
    dark: tuple[str, ...] = c.HAIR_SHADE,
    line: float = 1.0,
    flip: bool = False,
    tip: float = 0.0,
) -> None:
    """One pointed strand along ``spec``, lit from the upper left; ``shade`` is the share of its width in shadow and
    ``tip`` how much its end deepens."""
    spine = curve(spec)
    if flip:
        spine = mirror(spine)[::-1]
    a, b = lock_edges(spine, root, belly, at)
    left, right = (a, b) if a[len(a) // 2, 0] < b[len(b) // 2, 0] else (b, a)
    shape = np.vstack([left, right[::-1]])
    pen.fill(shape, colors, span=SPAN)
    if shade:
        inner = left * shade + right * (1 - shade)
        inner[-1] = left[-1]
        with pen.clip(shape):
            fade = np.linspace(0, 1, len(inner))[:, None] ** 0.7
            pen.fill(np.vstack([inner * fade + right * (1 - fade), right[::-1]]), dark, span=SPAN)
    if tip:
        deep = f"{dark[2]}{round(255 * tip):02x}"
        pen.fill(shape, (dark[2] + "00", dark[2] + "00", deep))
    for edge, width in ((left, line * 0.9), (right, line * 1.15)):
        pen.ink(edge, c.HAIR_LINE, width, (0.85, 0.12))


def back_hair(pen: Pen) -> None:
    """The mass behind head and shoulders, in its own darker tones."""
    left = curve(
        "0,66 -26,69.5 -49,82 -64,105 -68.5,130 -68,152 -65,172 -64,196 -65,220 -69,238* -60,240 -58,249 -61,266*"
        " -50,252 -46,260 -47,275* -32,259 -28,264 -26,277* -12,264 0,270"
    )
    shape = np.vstack([left, mirror(left)])
    pen.fill(shape, c.HAIR_BACK, span=SPAN)
    with pen.clip(shape):
        for spec in ("-60,130 -58,180 -58,215 -69,238", "-50,150 -46,200 -50,240 -61,266"):
            for flip in (False, True):
                strand(pen, spec, 10, 14, 0.3, flip=flip, colors=c.HAIR_SHADE, dark=c.HAIR_BACK, line=0.8)
        pen.fill(curve("-44,150 -40,200 -30,240 0,250 30,240 40,200 44,150 0,120", closed=True), c.HAIR_DEEP, alpha=0.75, blur=3)
    pen.outline(shape, c.HAIR_LINE, 1.1)


def _side_locks(pen: Pen) -> None:
    for flip in (False, True):
        strand(pen, "-36,72 -58,104 -60.5,150 -60,196 -65,220 -77,234", 24, 20, 0.3, flip=flip, line=1.3)
        strand(pen, "-34,72 -57,108 -60,160 -55,210 -62,246 -60,266", 24, 17, 0.35, flip=flip, line=1.1)
        strand(pen, "-34,78 -51,110 -54,158 -50,206 -51,236 -43,262", 22, 14, 0.4, flip=flip, line=1.0)
        strand(pen, "-30,78 -48,108 -50.5,140 -49,170 -47,190 -40,206", 18, 10, 0.4, flip=flip, line=0.9)


def _dome(pen: Pen) -> Poly:
    shape = np.vstack([both(DOME), curve("58,142 50,112 30,96 0,90 -30,96 -50,112 -58,142")])
    pen.fill(shape, c.HAIR, span=SPAN)
    pen.ink(both(DOME), c.HAIR_LINE, 1.5, (0.2, 0.2))
    return shape


BANGS = (  # spine, root width, belly width; from the outside to the parting
    ("14,65 45,82 55,110 53,134 47,154", 22, 16),
    ("-2,64 -40,80 -54,108 -53,134 -46,156", 22, 16),
    ("12,65 36,80 45,100 47,116 42,131", 20, 19),
    ("0,64 -28,76 -42,98 -47,116 -43,133", 20, 20),
    ("9,65 22,80 25,100 22,114 14,127", 18, 22),
    ("3,64 -17,78 -27,98 -27,114 -19,129", 18, 21),
    ("7,64 3,80 -3,100 -4,116 3,134", 18, 24),
)
RING = ((-57, -47.5), (-45, -31), (-29, -15.5), (-13, 6), (10, 17), (19, 31), (33.5, 37), (50, 57))


def front_hair(pen: Pen) -> None:
    """Ahoge, side locks, dome and bangs: everything of the hair in front of the face."""
    _ahoge(pen)
    # strands start inside the dome, so that only smooth hair shows around the band
    below = [(67, 142), (70, 152), (78, 200), (100, 300), (-100, 300), (-78, 200), (-70, 152), (-67, 142)]
    with pen.clip(np.vstack([both(DOME), np.array(below) + AXIS])):
        _side_locks(pen)
        _dome(pen)
        for spec, root, belly in BANGS:
            strand(pen, spec, root, belly, 0.5, tip=0.5)
    with pen.atop():
        _glow(pen)
    for spec in (
        "3,66 -8,76 -16,90",
        "6,67 4,80 0,94",
        "-3,66 -28,76 -44,96",
        "11,66 36,76 48,98",
        "-22,68 -46,86 -57,116",
        "27,69 48,87 57.5,116",
    ):
        pen.ink(curve(spec), c.HAIR_LINE, 0.65, (0.3, 0.7), alpha=0.55)
    _clip(pen)


def _glow(pen: Pen) -> None:
    """The angel ring: a broken band of light that follows the curve of the head."""
    t = np.linspace(0.0, 1.0, 40)
    for x0, x1 in RING:
        xs = x0 + (x1 - x0) * t
        mid = 87.5 + 15 * (xs / 56) ** 2
        fade = np.sin(np.pi * t) ** 0.5
        count = max(1, round((x1 - x0) / 4.5))
        teeth = np.abs(np.sin(np.pi * count * t)) * (0.7 + 0.5 * np.sin(5 * t + x0))
        top, bottom = mid - 2.6 * fade, mid + fade * (0.6 + 3.4 * teeth)
        pen.fill(np.vstack([np.stack([xs + CX, top], 1), np.stack([xs + CX, bottom], 1)[::-1]]), c.HAIR_GLOW, alpha=0.9)
    for spec, width in (("-58,152 -60,174 -57,200", 2.2), ("-50.5,170 -49.5,186 -46,198", 1.5), ("55,156 56,176 53,198", 1.8)):
        pen.ink(curve(spec), c.HAIR[0], width, (0.5, 0.5), alpha=0.75)


def _clip(pen: Pen) -> None:
    """The star clip at her left temple with two little pins."""
    for spec in ("37,105 52,100", "38,110 52.5,105.5"):
        pen.ink(curve(spec), c.CORAL_LINE, 3.8, (0.05, 0.05))
        pen.ink(curve(spec), c.CORAL, 2.4, (0.05, 0.05))
    for r, color in ((10.0, c.GOLD_LINE), (8.7, c.GOLD)):
        pen.fill(star(43.5, 93, r, 0.56, turn=12), color)
    with pen.clip(star(43.5, 93, 8.7, 0.56, turn=12)):
        pen.fill(star(46, 95.5, 8.7, 0.56, turn=12), c.GOLD_SHADE, alpha=0.8)
        pen.fill(star(42.5, 92, 4.9, 0.56, turn=12), "#fff3c4")


def _ahoge(pen: Pen) -> None:
    """The strand that stands up at the crown."""
    strand(pen, "1,72 -6,56 -1,45 10,43 17,49.5", 7, 8, 0.5, line=1.2)
    strand(pen, "1,72 -4,60 -9,53 -17,52.5", 5, 5, 0.5, line=1.0)
