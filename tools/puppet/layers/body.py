"""Jacket, sleeves, skirt, sailor collar and bow."""

from __future__ import annotations

import numpy as np

from tools.puppet import palette as c
from tools.puppet.brushes import Pen, curve, ellipse, mirror, star

TORSO = "-19,210 -42,216 -62,228 -62,262 -58,305 -60,340 -67,378 -75,413"
SLEEVE = (
    "-46,219* -62,222 -74,232 -81,256 -88,296 -100,338 -114,376 -119,402 -112,427* -95,432 -77,430*"
    " -68,404 -60,358 -54,310 -50,262"
)
CUFF = "-111.5,424* -95,429 -76.5,428* -78,446* -93,450.5 -108,445*"
LAPEL = "-18.5,202* -38,212 -56,223* -50,240 -30,258 -3,276* -2,258 -10,240 -16.5,219"


def body(pen: Pen) -> None:
    """Everything below the neck but the bow."""
    _skirt(pen)
    _torso(pen)
    _hands(pen)
    _sleeves(pen)
    _collar(pen)


def _skirt(pen: Pen) -> None:
    half = curve("-76,405 -81,425 -84,450 -93,520 -95,540")
    shape = np.vstack([half, mirror(half)])
    pen.fill(shape, c.NAVY)
    with pen.clip(shape):
        for k, x in enumerate(np.linspace(-60, 60, 7)):
            top, bottom = x * 0.98, x * 1.28
            fold = curve(f"{top},412 {bottom},540 {bottom + 9},540 {top + 4},412")
            pen.fill(fold, c.NAVY_SHADE)
            pen.ink(curve(f"{top},414 {bottom},540"), c.NAVY_LINE, 1.1, (0.2, 0.05))
            if k < 6:
                pen.ink(curve(f"{top + 8},425 {bottom + 14},540"), c.NAVY_LIGHT, 1.0, (0.4, 0.2), alpha=0.5)
        for y, width in ((494, 3.2), (502, 1.8)):
            pen.ink(curve(f"-100,{y - 4} -50,{y} 0,{y + 1.5} 50,{y} 100,{y - 4}"), c.CLOTH, width, (0.0, 0.0), alpha=0.95)
        pen.fill(curve("-90,408 -60,430 0,438 60,430 90,408 0,400", closed=True), c.NAVY_LINE, alpha=0.55)
    for line in (half, mirror(half)):
        pen.ink(line, c.NAVY_LINE, 1.6, (0.1, 0.0))


def _torso(pen: Pen) -> None:
    half = curve(TORSO)
    neckline = curve("19,210 18,222 15,232 8,238 0,240 -8,238 -15,232 -18,222 -19,210")
    shape = np.vstack([half, curve("-76,414 -40,424 0,427 40,424 76,414"), mirror(half), neckline])
    pen.fill(shape, c.CLOTH)
    with pen.clip(shape):
        pen.fill(curve("-70,240 -50,262 -52,300 -56,350 -50,400 -60,440 -90,440 -80,300", closed=True), c.CLOTH_SHADE)
        pen.fill(curve("70,236 40,262 36,300 42,340 34,372 44,410 40,440 100,440 90,300", closed=True), c.CLOTH_SHADE)
        pen.fill(curve("-58,238 -34,266 0,284 34,266 58,238 30,300 6,302 -26,290", closed=True), c.CLOTH_SHADE, alpha=0.9)
        for fold in (
            "-58,292 -42,304 -26,307 -44,297",
            "56,318 38,336 20,340 40,328",
            "-60,340 -42,358 -24,362 -44,349",
            "56,356 36,370 18,372 38,362",
            "-30,366 -16,372 -4,373 -18,367",
        ):
            pen.fill(curve(fold, closed=True), c.CLOTH_DEEP, alpha=0.7)
        _waves(pen)
        pen.fill(np.vstack([curve("-84,405 -42,414.5 0,417 42,414.5 84,405"), curve("84,440 0,440 -84,440")]), c.NAVY)
        for k in range(45):
            x = -79 + 3.6 * k
            y = 416.5 - 0.0018 * x * x
            pen.ink(curve(f"{x},{y} {x * 0.99},{y + 12}"), c.NAVY_SHADE, 1.2, (0.0, 0.0))
        pen.ink(curve("-80,405.5 -42,414.7 0,417.2 42,414.7 80,405.5"), c.CORAL, 2.0, (0.0, 0.0))
    pen.ink(curve("0,268 0.5,340 0,414"), c.CLOTH_LINE, 1.3, (0.1, 0.0))
    pen.ink(curve("4.5,270 5,340 4.5,412"), c.CLOTH_LINE, 0.8, (0.3, 0.2), alpha=0.6)
    for y in (334, 360):
        pen.fill(ellipse(-6.5, y, 3.5, 3.5), c.GOLD_LINE)
        pen.fill(ellipse(-6.5, y, 2.6, 2.6), c.GOLD)
        pen.fill(ellipse(-7.3, y - 0.9, 0.9, 0.9), "#fff3c4")
    pen.fill(star(37, 300, 6.6, 0.52, turn=-8), c.NAVY)
    pen.fill(star(37, 300, 3.6, 0.52, turn=-8), c.WAVE)
    for line in (half, mirror(half)):
        pen.ink(line, c.CLOTH_LINE, 1.3, (0.1, 0.1))
    pen.ink(curve("-80,411.6 -40,424 0,427 40,424 80,411.6"), c.NAVY_LINE, 1.7, (0.0, 0.0))


def _waves(pen: Pen) -> None:
    """Scallops of sea waves around the hem, her motif; lower rows lie over higher ones."""
    radius, pitch = 11.5, 20.4
    for row in range(5):
        for k in range(-5, 6):
            x = (k + 0.5 * (row % 2)) * pitch
            y = 391 + 7.0 * row - 0.0018 * x * x
            for r, color in (
                (radius, "#ffffff"),
                (radius - 1.3, c.WAVE if row < 3 else c.WAVE_SHADE),
                (radius - 4.2, "#ffffff"),
                (radius - 5.5, c.NAVY_LIGHT if row > 2 else c.WAVE_SHADE),
                (radius - 8.6, "#ffffff"),
            ):
                pen.fill(ellipse(x, y, r, r * 0.94), color)


def _hands(pen: Pen) -> None:
    """Fingertips that peek out of the long sleeves."""
    for flip in (False, True):
        for spec in (
            "-103,440 -102,452 -97.5,458 -93,452 -93,438",
            "-97,440 -95.5,456 -91,461 -87,455 -87,438",
            "-90,440 -88.5,456 -84.5,459.5 -81,453 -81,438",
            "-84,440 -82,450 -79.5,451.5 -77.5,447 -78,438",
        ):
            finger = curve(spec)
            finger = mirror(finger) if flip else finger
            pen.fill(finger, c.SKIN)
            pen.ink(finger, c.SKIN_LINE, 1.0, (0.1, 0.1))


def _sleeves(pen: Pen) -> None:
    for flip in (False, True):
        shape, cuff = curve(SLEEVE, closed=True), curve(CUFF, closed=True)
        shade = curve("-40,232 -60,250 -66,290 -64,330 -78,372 -86,402 -82,440 -60,440 -40,300", closed=True)
        stripe = [curve(f"-119,{y} -97,{y + 5.5} -60,{y + 2}") for y in (403, 410)]
        folds = [
            curve(s, closed=True)
            for s in (
                "-52,258 -66,276 -82,284 -68,272",
                "-56,316 -76,330 -96,331 -78,325",
                "-60,350 -82,366 -108,366 -84,360",
                "-112,424 -106,410 -103,398 -102,410",
                "-98,428 -95,414 -94,404 -91,416",
                "-84,428 -83,416 -84,408 -79,418",
            )
        ]
        hair = curve("-44,218 -62,222 -73,236 -66,250 -60,268 -54,256 -48,266 -44,240", closed=True)
        if flip:
            shape, cuff, stripe = mirror(shape), mirror(cuff), [mirror(s) for s in stripe]
            shade = curve("40,226 62,240 68,262 64,300 74,330 82,300 92,340 108,372 112,440 60,440 40,300", closed=True)
            hair = mirror(hair)
            folds = [mirror(f) for f in folds]
        pen.fill(shape, c.CLOTH)
        with pen.clip(shape):
            pen.fill(shade, c.CLOTH_SHADE)
            pen.fill(hair, c.CLOTH_SHADE)
            for f in folds:
                pen.fill(f, c.CLOTH_DEEP, alpha=0.75)
            for s in stripe:
                pen.ink(s, c.NAVY, 2.6, (0.0, 0.0))
        pen.outline(shape, c.CLOTH_LINE, 1.4)
        pen.fill(cuff, c.NAVY)
        with pen.clip(cuff):
            for k in range(9):
                x = (-110 + 4.2 * k) * (-1 if flip else 1)
                pen.ink(curve(f"{x},424 {x + (-1 if flip else 1)},452"), c.NAVY_SHADE, 1.3, (0.0, 0.0))
        pen.outline(cuff, c.NAVY_LINE, 1.4)


def _collar(pen: Pen) -> None:
    chest = curve("-17,227* -8,233 0,235 8,233 17,227* 12,246 0,264 -12,246", closed=True)
    pen.fill(chest, c.CLOTH)
    with pen.clip(chest):
        for y in (241, 247, 253, 259):
            pen.ink(curve(f"-18,{y - 4} 0,{y} 18,{y - 4}"), c.WAVE, 2.2, (0.0, 0.0))
        pen.fill(curve("6,220 10,240 2,264 20,262 24,220", closed=True), c.NAVY, alpha=0.18)
    pen.ink(curve("-16,227.5 -8,233 0,235 8,233 16,227.5"), c.CLOTH_LINE, 1.1, (0.1, 0.1))
    for flip in (False, True):
        lapel = curve(LAPEL, closed=True)
        lines = [curve("-52,223 -46,238 -27.5,254 -3,270"), curve("-48.5,221.5 -43,235 -25.5,250 -4,264")]
        if flip:
            lapel, lines = mirror(lapel), [mirror(x) for x in lines]
        pen.fill(lapel, c.NAVY)
        with pen.clip(lapel):
            hair = curve("-60,205 -40,205 -40,228 -46,250 -60,240", closed=True)
            pen.fill(mirror(hair) if flip else hair, c.NAVY_SHADE)
            edge = curve("-22,200 -15,224 -6,250 0,268 6,240 0,200", closed=True)
            pen.fill(mirror(edge) if flip else edge, c.NAVY_SHADE)
            for x in lines:
                pen.ink(x, c.CLOTH, 1.7, (0.0, 0.0))
        pen.outline(lapel, c.NAVY_LINE, 1.3)


def bow(pen: Pen) -> None:
    """The coral bow with its star brooch."""
    for flip in (False, True):
        tail = curve("-2,272* -10,284 -16,300 -21,318* -11,313 -4,319* 0,298 2,280", closed=True)
        loop = curve("-2,270* -14,257 -27,254 -33,262 -33,276 -28,284 -14,281", closed=True)
        dark = curve("-2,270* -12,268 -24,270 -31,279 -28,284 -14,281", closed=True)
        if flip:
            tail, loop, dark = mirror(tail), mirror(loop), mirror(dark)
        pen.fill(tail, c.CORAL)
        with pen.clip(tail):
            pen.fill(tail + np.array([6.0, -2.0]), c.CORAL_SHADE, alpha=0.85)
        pen.outline(tail, c.CORAL_LINE, 1.2)
        pen.fill(loop, c.CORAL)
        with pen.clip(loop):
            pen.fill(dark, c.CORAL_SHADE)
            ray = curve("-4,268 -14,264 -24,266")
            pen.ink(mirror(ray) if flip else ray, c.CORAL_LINE, 0.9, (0.05, 0.9))
            hi = curve("-14,259 -24,257 -30,261")
            pen.ink(mirror(hi) if flip else hi, c.CORAL_LIGHT, 1.8, (0.5, 0.5))
        pen.outline(loop, c.CORAL_LINE, 1.2)
    pen.fill(star(0, 271, 10.0, 0.6), c.GOLD_LINE)
    pen.fill(star(0, 271, 8.6, 0.6), c.GOLD)
    with pen.clip(star(0, 271, 8.6, 0.6)):
        pen.fill(star(2.4, 273.5, 8.6, 0.6), c.GOLD_SHADE, alpha=0.8)
    pen.fill(star(-0.6, 270, 4.4, 0.6), "#fff3c4")
