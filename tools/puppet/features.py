"""Eyes, brows and mouth: drawn per frame from curves, so that every mixture of shapes has clean edges.

Each part works on a horizontal strip of a texture (``Strip``): columns are x, rows are y. Curves such as the edge of a
lid are (1, W) vectors, distances to them (H, W) fields, and a field becomes a mask with a soft ramp at its edge.
Pairs are ordered (subject's left = image right, subject's right = image left), as in the pose table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ezvtb_core.export.graph import Array, Graph, Value, absolute, clip, matmul, maximum, minimum, sqrt

from . import palette as c

EYE_X, EYE_Y = 24.5, 138.0
BROW_X, BROW_Y = 24.0, 114.5
MOUTH_Y = 169.0


def bgr(color: str) -> Array:
    """``#rrggbb`` as (1, 3, 1, 1) float32 in 0..1, blue first."""
    rgb = [int(color[i : i + 2], 16) / 255 for i in (5, 3, 1)]
    return np.array(rgb, np.float32).reshape(1, 3, 1, 1)


RAMP = 0.65  # slope of a mask per texel: edges a little wider than a texel stay smooth when the face is turned


@dataclass
class Strip:
    """Rows y0..y1 of a texture that spans x0..x1, ``scale`` texels per unit; ``color`` and ``alpha`` as painted so far."""

    graph: Graph
    x0: float
    y0: float
    x1: float
    y1: float
    scale: float
    color: Value  # (1, 3, H, W) premultiplied
    alpha: Value | None  # (1, 1, H, W); None where the strip is opaque throughout

    @property
    def x(self) -> Array:
        """(1, W) centres of the columns."""
        n = round((self.x1 - self.x0) * self.scale)
        return (self.x0 + (np.arange(n, dtype=np.float32) + 0.5) / self.scale)[None]

    @property
    def y(self) -> Array:
        """(H, 1) centres of the rows."""
        n = round((self.y1 - self.y0) * self.scale)
        return (self.y0 + (np.arange(n, dtype=np.float32) + 0.5) / self.scale)[:, None]

    def mask(self, distance: Value) -> Any:
        """Coverage 0..1 of the side where ``distance`` (units) is positive."""
        return clip(distance * (self.scale * RAMP) + 0.5)

    def paint(self, color: Any, mask: Any) -> None:
        """Lay ``color`` over the strip where ``mask`` (H, W) says."""
        self.color = self.color + (color - self.color) * mask
        if self.alpha is not None:
            self.alpha = self.alpha + (1.0 - self.alpha) * mask


def spline(x: Array, *points: tuple[float, float]) -> Array:
    """Smooth function through the points, constant outside: monotone cubic."""
    px, py = np.array(points).T
    slope = np.diff(py) / np.diff(px)
    product, total = slope[1:] * slope[:-1], slope[1:] + slope[:-1]
    inner = np.where(product > 0, 2 * product / np.where(product > 0, total, 1.0), 0.0)
    m = np.concatenate([slope[:1], inner, slope[-1:]])
    xc = np.clip(x, px[0], px[-1])
    i = np.clip(np.searchsorted(px, xc) - 1, 0, len(px) - 2)
    h = px[i + 1] - px[i]
    t = (xc - px[i]) / h
    a, b = (2 * t**3 - 3 * t**2 + 1) * py[i], (t**3 - 2 * t**2 + t) * h * m[i]
    return np.asarray(a + b + (-2 * t**3 + 3 * t**2) * py[i + 1] + (t**3 - t**2) * h * m[i + 1])


def lid_curves(u: Array) -> tuple[Array, Array]:
    """Upper and lower lid for the states open, closed, happy, surprised, relaxed, unimpressed, raised lower lid.

    u runs from the inner corner (-) to the outer (+), both in units around the centre of the eye. Two (7, ...) arrays.
    """
    opened = spline(
        u,
        (-15, 4.0),
        (-13.0, 0.2),
        (-10.8, -6.0),
        (-6, -11.0),
        (0, -12.9),
        (5, -12.0),
        (9.4, -8.8),
        (12.6, -4.0),
        (16.2, -1.8),
        (20, -1.6),
    )
    closed = spline(u, (-15, 2.0), (-12, 4.6), (-6, 7.4), (1, 8.6), (8, 7.6), (13, 4.6), (17, 2.4), (20, 1.2))
    happy = spline(u, (-15, 8.5), (-12, 5.6), (-6, 0.2), (0, -2.0), (6, -0.6), (12, 4.4), (15, 7.0), (20, 9.0))
    wide = opened + spline(u, (-15, 0.0), (-10, -2.2), (0, -3.6), (10, -2.6), (14, -1.0), (20, -1.0))
    relaxed = spline(u, (-15, 2.5), (-12.5, 0.5), (-9, -2.8), (-3, -4.6), (3, -4.2), (9, -1.6), (13, 1.8), (17, 4.2), (20, 4.6))
    flat = spline(u, (-15, 2.0), (-12.5, -1.6), (-10, -3.3), (10, -3.3), (13, -2.8), (20, -2.2))
    base = spline(
        u,
        (-15, 1.0),
        (-12.7, 2.4),
        (-10.2, 8.6),
        (-5, 12.0),
        (1, 12.8),
        (6, 11.7),
        (10.0, 7.6),
        (12.1, 1.6),
        (13.0, -3.6),
        (20, -4.0),
    )
    sunk = base + spline(u, (-12, 0.0), (-6, 1.0), (2, 1.6), (9, 0.8), (13, 0.0))
    soft = base - spline(u, (-13, 0.0), (-8, 0.6), (0, 1.0), (9, 0.4), (13, 0.0))
    raised = np.where(base > 0.0, 0.5 * base, base)
    upper = np.stack([opened, closed, happy, wide, relaxed, flat, opened])
    lower = np.stack([base, closed, happy, sunk, soft, base, raised])
    return upper, lower


def eyes(strip: Strip, sprites: dict[str, tuple[Value, tuple[float, float]]], pose: dict[str, Value]) -> None:
    """Paint both eyes. ``sprites``: iris, glints, lash as ((1, 4, h, w), half size in units); ``pose`` values are (1, 2)."""
    g, x, y = strip.graph, strip.x, strip.y - EYE_Y
    side = np.where(x > 256, 1.0, -1.0).astype(np.float32)
    u = (x - 256) * side - EYE_X
    # mixture weights: closing wins over everything else and never exceeds 1
    total = maximum(pose["wink"] + pose["happy_wink"], 1.0)
    wink, happy = pose["wink"] / total, pose["happy_wink"] / total
    opening = 1.0 - wink - happy
    droop = maximum(pose["relaxed"] + pose["unimpressed"], 1.0)
    mix = [
        wink,
        happy,
        pose["surprised"] * opening,
        pose["relaxed"] / droop * opening,
        pose["unimpressed"] / droop * opening,
        pose["lower_lid"] * opening,
    ]
    upper, lower = lid_curves(u[0])
    slopes = [np.gradient(lid, axis=1) * strip.scale for lid in (upper, lower)]
    stack = np.stack([upper, lower, *slopes], axis=1)
    delta = (stack[1:] - stack[:1])[:, None]  # (6, 1, 4, W): state, -, curve, column
    halves = np.stack([side[0] > 0, side[0] < 0])[None, :, None]  # (1, 2, 1, W)
    basis = (delta * halves).reshape(12, -1)
    flat = matmul(g.concat(mix, 1), basis) + stack[0].reshape(1, -1)
    up, low, up_slope, low_slope = g.split(flat, [x.shape[1]] * 4, 1)
    up_cos, low_cos = 1.0 / sqrt(up_slope * up_slope + 1.0), 1.0 / sqrt(low_slope * low_slope + 1.0)
    n_up, n_low = (y - up) * up_cos, (low - y) * low_cos
    inside = np.where(np.abs(u + 0.2) < 13.4, 1.0, 0.0).astype(np.float32)
    window = clip(minimum(n_up, n_low) * (strip.scale * RAMP)) * inside

    half_of = np.stack([side[0] > 0, side[0] < 0]).astype(np.float32)  # (2, W)
    shrink = maximum(1.0 - 0.38 * pose["small"] - 0.1 * mix[2], 0.5)
    grow = g.reshape(matmul(1.0 / shrink, half_of), 1, -1, 1)  # (1, W, 1)
    gaze = g.concat([pose["iris_y"] * -4.0, pose["iris_x"] * -3.6], 1)  # (1, 2): x, y in units
    centre = 256 + side * (EYE_X - 0.4)
    base = np.stack([np.broadcast_to(x - centre, (len(y), x.shape[1])), np.broadcast_to(y, (len(y), x.shape[1]))], -1)

    def sprite(name: str, points: Any) -> tuple[Value, Value]:
        texture, half = sprites[name]
        sampled = g.sample(texture, g.reshape(points * (1.0 / np.array(half, np.float32)), 1, len(y), -1, 2))
        color, alpha = g.split(sampled, [3, 1], 1)
        return color, alpha

    iris_color, iris_alpha = sprite("iris", (base - gaze) * grow)
    glint_color, glint_alpha = sprite("glints", (base - gaze * 0.75) * (grow * 0.35 + 0.65))
    lid_shadow = clip(n_up * (1 / 5.0) - 0.25)
    tint = bgr(c.SCLERA_SHADE)
    eye = (bgr(c.SCLERA) * (1.0 - iris_alpha) + iris_color) * (tint + (1.0 - tint) * lid_shadow)
    eye = eye * (1.0 - glint_alpha) + glint_color
    strip.paint(eye, window)

    # lower lash, crease of the lid, upper lash; the crease flattens away as the eye closes
    open_col = matmul(opening, half_of)
    taper = np.clip(np.minimum((u + 9) / 14, (13.4 - u) / 4), 0, 1) * (np.abs(u) < 16)
    strip.paint(bgr(c.LASH_WARM), strip.mask(0.55 * taper - absolute(n_low + 0.3)) * (taper > 0) * open_col * 0.9)
    fold = np.clip(np.minimum((u + 9) / 6, (8.5 - u) / 6), 0, 1)
    strip.paint(bgr(c.SKIN_LINE), strip.mask(0.5 * fold - absolute(n_up + 5.4)) * (fold > 0) * open_col * 0.75)
    lash_color, lash_alpha = sprite("lash", _pair(g, np.broadcast_to(u, (len(y), x.shape[1])).copy(), n_up))
    strip.color = strip.color * (1.0 - lash_alpha) + lash_color


def _pair(g: Graph, a: Array, b: Value) -> Value:
    """(H, W) and (H, W) to (H, W, 2)."""
    return b.graph.concat([a[:, :, None].astype(np.float32), g.op("Unsqueeze", b, np.array([2], np.int64))], 2)


def brows(strip: Strip, pose: dict[str, Value], shift: tuple[Any, Any]) -> None:
    """Paint both brows. ``pose`` values are (1, 2); ``shift`` (dx, dy), each (1, 1), moves the pair."""
    x, y = strip.x, strip.y - BROW_Y
    side = np.where(x > 256, 1.0, -1.0).astype(np.float32)
    u = ((x - 256) - shift[0]) * side - BROW_X
    t = clip(u * (1 / 13.0), -1.3, 1.3)
    bump = 1.0 - t * t
    half_of = np.stack([side[0] > 0, side[0] < 0]).astype(np.float32)
    troubled, angry, lowered, raised, happy, serious = (
        pose[k] for k in ("troubled", "angry", "lowered", "raised", "happy", "serious")
    )
    level = 0.2 * troubled + 0.2 * angry + 3.6 * lowered - 4.6 * raised - 1.6 * happy + 2.4 * serious
    slope = 3.4 * troubled - 4.3 * angry - 1.6 * serious + 0.3 * raised + 1.0 * happy
    arch = -0.6 * troubled + 0.8 * angry + 0.8 * lowered - 1.2 * raised - 2.8 * happy + 1.6 * serious
    level, slope, arch = clip(level, -5.2, 4.4), clip(slope, -4.6, 4.6), clip(arch, -3.4, 2.4)
    level, slope, arch = (matmul(v, half_of) for v in (level, slope, arch))
    line = level + 1.0 + (slope + 0.9) * t + (arch - 2.6) * bump
    tilt = ((slope + 0.9) - 2.0 * (arch - 2.6) * t) * (1 / 13.0)
    thick = 1.6 * sqrt(clip((12.0 - u) * (1 / 18.0))) * sqrt(clip((u + 10.6) * (1 / 2.0)))
    distance = thick - absolute(y - line - strip.graph.const(np.zeros((1, 1), np.float32)) - shift[1]) / sqrt(tilt * tilt + 1.0)
    visible = clip(thick * 4.0)
    strip.paint(bgr(c.BROW), strip.mask(distance) * visible * 0.85)


VISEMES = {  # half width, level, then parabola, ellipse and cone parts of the upper and the lower lip
    "rest": (6.8, -0.8, 2.2, 0.0, 0.0, 2.2, 0.0, 0.0),
    "aaa": (9.2, -2.2, 1.0, -0.3, 0.0, 3.0, 9.6, 0.0),
    "iii": (10.4, -0.4, 0.7, 0.0, 0.0, 2.6, 2.2, 0.0),
    "uuu": (3.5, 0.6, 0.0, -1.8, 0.0, 0.0, 2.4, 0.0),
    "eee": (9.0, -0.8, 0.2, -0.4, 0.0, 1.2, 5.2, 0.0),
    "ooo": (5.6, 1.2, -0.4, -3.4, 0.0, 0.4, 6.4, 0.0),
    "delta": (8.0, 4.4, 0.0, 0.0, -7.4, 1.0, 0.6, 0.0),
}


def mouth(strip: Strip, pose: dict[str, Value]) -> None:
    """Paint the mouth. ``pose``: visemes and smirk (1, 1), corners lowered and raised (1, 2)."""
    g, x, y = strip.graph, strip.x, strip.y - MOUTH_Y
    weights = g.concat([pose[k] for k in list(VISEMES)[1:]], 1)
    total = maximum(g.op("ReduceSum", weights, np.array([1], np.int64), keepdims=1), 1.0)
    rest = np.array(VISEMES["rest"], np.float32)
    table = np.array(list(VISEMES.values())[1:], np.float32) - rest
    shape = matmul(weights / total, table) + rest[None]
    width, level, u1, u2, u3, l1, l2, l3 = g.split(shape, [1] * 8, 1)
    bend = pose["lowered"] - pose["raised"]  # (1, 2), + is down
    left, right = g.split(bend, [1, 1], 1)
    smirk = pose["smirk"]
    width = width + 0.6 * (absolute(left) + absolute(right)) * clip(width * 0.12 - 0.3)
    t = clip(((x - 256) + smirk * 2.6) / width, -1.6, 1.6)
    inner = clip(t, -1.0, 1.0)
    bump = 1.0 - inner * inner
    ellipse, cone = sqrt(bump), 1.0 - absolute(inner)
    pos, neg = maximum(inner, 0.0), minimum(inner, 0.0)
    corner = level + 3.2 * (left * pos * pos + right * neg * neg) + smirk * (0.8 - 3.4 * neg * neg)
    dip = (left + right) * 0.4
    top = corner + (u1 - dip) * bump + u2 * ellipse + u3 * cone
    bottom = corner + (l1 - dip) * bump + l2 * ellipse + l3 * cone
    n_top, n_bottom = (y - top) * _cosine(strip, top), (bottom - y) * _cosine(strip, bottom)
    inside = minimum(minimum(n_top, n_bottom), (1.0 - absolute(t)) * width)
    gape = (l1 - u1) + (l2 - u2) + (l3 - u3)
    cavity = strip.mask(inside - 0.2) * clip(gape * 0.8)

    depth = clip((y - top) / maximum(gape, 1.0))
    strip.paint(bgr(c.MOUTH_DARK) + (bgr(c.MOUTH_LIGHT) - bgr(c.MOUTH_DARK)) * depth, cavity)
    tongue = y - (corner + l1 + l2 + l3 - 0.42 * gape) - (1.0 - cone) * (1.0 - cone) * gape * 0.4
    strip.paint(bgr(c.TONGUE), minimum(cavity, strip.mask(tongue)) * clip(gape * 0.25 - 0.6))
    bite = (0.7 * pose["aaa"] + pose["iii"] + 0.9 * pose["eee"]) / total
    teeth = top + bite * minimum(gape * 0.5, 2.4) - y
    strip.paint(bgr(c.TEETH), minimum(cavity, strip.mask(teeth)) * clip(bite * 2.0))
    pen = 0.38 + 0.34 * bump
    strip.paint(bgr(c.MOUTH_LINE), strip.mask(pen - absolute(inside)) * clip((1.04 - absolute(t)) * 12.0))


def _cosine(strip: Strip, line: Value) -> Value:
    """Cosine of the slope of a (1, W) curve: turns vertical distances into distances to the curve."""
    n = strip.x.shape[1]
    g = strip.graph
    slope = (g.slice(line, 2, n, 1) - g.slice(line, 0, n - 2, 1)) * (0.5 * strip.scale)
    slope = g.op("Pad", slope, np.array([0, 1, 0, 1], np.int64), mode="edge")
    cosine: Value = 1.0 / sqrt(slope * slope + 1.0)
    return cosine
