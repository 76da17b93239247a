"""Drawing primitives: splines, tapered ink, hair locks, clipped cel shading.

All coordinates are in picture units: the picture is 512 x 512 units, origin top left, y down, whatever the
resolution. Shapes are polylines, float64 arrays of shape (N, 2), so one array can be filled, inked and clipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import skia

Poly = npt.NDArray[np.float64]
CX = 256.0  # the axis of symmetry of the figure
AXIS = np.array([CX, 0.0])


def _segment(p0: Poly, p1: Poly, p2: Poly, p3: Poly, steps: int) -> Poly:
    """Centripetal Catmull-Rom between p1 and p2 (it never loops, unlike the uniform kind)."""
    d = [max(float(np.hypot(*(b - a))) ** 0.5, 1e-3) for a, b in ((p0, p1), (p1, p2), (p2, p3))]
    m1 = (p2 - p1) + d[1] * ((p1 - p0) / d[0] - (p2 - p0) / (d[0] + d[1]))
    m2 = (p2 - p1) + d[1] * ((p3 - p2) / d[2] - (p3 - p1) / (d[1] + d[2]))
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    h = (2 * t**3 - 3 * t**2 + 1) * p1 + (t**3 - 2 * t**2 + t) * m1
    return np.asarray(h + (-2 * t**3 + 3 * t**2) * p2 + (t**3 - t**2) * m2)


def _smooth(points: Poly, steps: int) -> Poly:
    ext = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    parts = [_segment(ext[i], ext[i + 1], ext[i + 2], ext[i + 3], steps) for i in range(len(points) - 1)]
    return np.vstack([*parts, points[-1:]])


def curve(spec: str, closed: bool = False, steps: int = 14) -> Poly:
    """Smooth curve through points written ``"dx,y dx,y* ..."``.

    dx is measured from the axis of symmetry (x = 256); ``*`` marks a corner. Returns (N, 2) picture units.
    """
    words = spec.split()
    corner = [w.endswith("*") for w in words]
    pts = np.array([[float(v) for v in w.rstrip("*").split(",")] for w in words]) + AXIS
    if closed and not any(corner):
        n = len(pts)
        parts = [_segment(pts[i - 1], pts[i], pts[(i + 1) % n], pts[(i + 2) % n], steps) for i in range(n)]
        return np.vstack(parts)
    if closed:
        first = corner.index(True)
        pts = np.vstack([pts[first:], pts[: first + 1]])
        corner = corner[first:] + corner[: first + 1]
    cuts = [0, *[i for i in range(1, len(pts) - 1) if corner[i]], len(pts) - 1]
    return np.vstack([_smooth(pts[a : b + 1], steps) for a, b in pairwise(cuts)])


def mirror(poly: Poly) -> Poly:
    """The polyline reflected in the axis of symmetry, order reversed so that left + mirror(left) closes a shape."""
    return np.asarray((poly * np.array([-1.0, 1.0]) + 2 * AXIS)[::-1])


def both(spec: str) -> Poly:
    """A symmetric line: the points of its left half as for :func:`curve`, ending on the axis, and their mirror image."""
    words = spec.split()
    right = [word[1:] if word.startswith("-") else "-" + word for word in words[-2::-1]]
    return curve(" ".join([*words, *right]))


def ellipse(dx: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Poly:
    """Closed ellipse around (256 + dx, y), turned by ``turn`` degrees (clockwise on screen). Shape (48, 2)."""
    t = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    x, yy = rx * np.cos(t), ry * np.sin(t)
    return np.stack([CX + dx + c * x - s * yy, y + s * x + c * yy], axis=1)


def star(dx: float, y: float, r: float, inner: float = 0.5, points: int = 5, turn: float = 0.0) -> Poly:
    """Closed star around (256 + dx, y) with outer radius r. Shape (2 * points, 2)."""
    k = np.arange(2 * points)
    a = np.radians(turn - 90.0) + np.pi * k / points
    rr = np.where(k % 2 == 0, r, r * inner)
    return np.stack([CX + dx + rr * np.cos(a), y + rr * np.sin(a)], axis=1)


def _normals(poly: Poly) -> Poly:
    t = np.gradient(poly, axis=0)
    t /= np.maximum(np.hypot(t[:, :1], t[:, 1:]), 1e-6)
    return np.stack([-t[:, 1], t[:, 0]], axis=1)


def _arc(poly: Poly) -> npt.NDArray[np.float64]:
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(poly, axis=0).T))])
    return np.asarray(s / max(float(s[-1]), 1e-6))


def lock_edges(spine: Poly, root: float, belly: float, at: float = 0.4) -> tuple[Poly, Poly]:
    """The two edges, root to tip, of a pointed strand: width ``root`` at its start, ``belly`` at fraction ``at``."""
    s = _arc(spine)
    up = root + (belly - root) * np.sin(np.pi / 2 * np.clip(s / at, 0, 1))
    down = np.cos(np.pi / 2 * np.clip((s - at) / (1 - at), 0, 1)) ** 0.85
    n = _normals(spine) * (0.5 * up * down)[:, None]
    return spine + n, spine - n


class Pen:
    """A skia canvas in picture units, drawing into a straight-alpha BGRA raster of one layer.

    ``box`` is (x0, y0, x1, y1) in picture units, ``scale`` the texels per unit.
    """

    def __init__(self, box: tuple[float, float, float, float], scale: float) -> None:
        x0, y0, x1, y1 = box
        self.box, self.scale = box, scale
        self.size = (round((x1 - x0) * scale), round((y1 - y0) * scale))
        self.surface = skia.Surface(*self.size)
        self.canvas = self.surface.getCanvas()
        self.canvas.scale(scale, scale)
        self.canvas.translate(-x0, -y0)

    def pixels(self) -> npt.NDArray[np.uint8]:
        """(H, W, 4) uint8, BGRA, premultiplied."""
        img = self.surface.makeImageSnapshot()
        return np.asarray(img.toarray(alphaType=skia.kPremul_AlphaType, colorType=skia.kBGRA_8888_ColorType))

    def _path(self, poly: Poly) -> skia.Path:
        path = skia.PathBuilder()
        path.addPolygon([skia.Point(float(x), float(y)) for x, y in poly], True)
        return path.detach()

    def _paint(self, color: str | Sequence[str], alpha: float, span: tuple[Poly, Poly] | None, blur: float) -> skia.Paint:
        paint = skia.Paint(AntiAlias=True)
        if isinstance(color, str):
            paint.setColor(_argb(color))
        else:
            assert span is not None
            ends = [skia.Point(float(p[0]), float(p[1])) for p in span]
            paint.setShader(skia.GradientShader.MakeLinear(points=ends, colors=[_argb(c) for c in color]))
        paint.setAlphaf(alpha * paint.getAlphaf())
        if blur:
            paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
        return paint

    def fill(
        self,
        poly: Poly,
        color: str | Sequence[str],
        *,
        alpha: float = 1.0,
        blur: float = 0.0,
        span: tuple[tuple[float, float], tuple[float, float]] | None = None,
    ) -> None:
        """Fill a closed polyline. Several colours make a linear gradient along ``span`` ((dx, y), (dx, y));
        by default from the top to the bottom of the shape. ``blur`` is a sigma in units."""
        lo, hi = poly.min(axis=0), poly.max(axis=0)
        ends = (np.array([CX, lo[1]]), np.array([CX, hi[1]]))
        if span is not None:
            ends = (np.array(span[0]) + AXIS, np.array(span[1]) + AXIS)
        self.canvas.drawPath(self._path(poly), self._paint(color, alpha, ends, blur))

    def ink(self, poly: Poly, color: str, width: float, taper: tuple[float, float] = (0.35, 0.35), alpha: float = 1.0) -> None:
        """Line whose width swells from 0 to ``width`` over the fraction taper[0] and shrinks over taper[1]."""
        s = _arc(poly)
        a, b = taper
        w = np.ones_like(s)
        if a:
            w *= np.sin(np.pi / 2 * np.clip(s / a, 0, 1))
        if b:
            w *= np.sin(np.pi / 2 * np.clip((1 - s) / b, 0, 1))
        n = _normals(poly) * (0.5 * width * np.maximum(w, 0.02))[:, None]
        self.canvas.drawPath(self._path(np.vstack([poly + n, (poly - n)[::-1]])), self._paint(color, alpha, None, 0.0))

    def outline(self, poly: Poly, color: str, width: float, alpha: float = 1.0) -> None:
        """Line of constant width around a closed polyline, with round joins."""
        paint = self._paint(color, alpha, None, 0.0)
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeJoin(skia.Paint.kRound_Join)
        paint.setStrokeWidth(width)
        self.canvas.drawPath(self._path(poly), paint)

    @contextmanager
    def clip(self, poly: Poly) -> Iterator[None]:
        """Everything drawn inside the ``with`` stays inside the closed polyline."""
        self.canvas.save()
        self.canvas.clipPath(self._path(poly), skia.ClipOp.kIntersect, True)
        yield
        self.canvas.restore()

    def atop(self) -> _Atop:
        """Draw only where the layer already has paint (for highlights over many strands)."""
        return _Atop(self.canvas)


class _Atop:
    def __init__(self, canvas: skia.Canvas) -> None:
        self.canvas = canvas

    def __enter__(self) -> None:
        paint = skia.Paint()
        paint.setBlendMode(skia.BlendMode.kSrcATop)
        self.canvas.saveLayer(None, paint)

    def __exit__(self, *_: object) -> None:
        self.canvas.restore()


def _argb(color: str) -> int:
    """``#rrggbb`` or ``#rrggbbaa`` as the 0xAARRGGBB integer skia wants."""
    rgb = int(color[1:7], 16)
    alpha = int(color[7:9], 16) if len(color) == 9 else 255
    return (alpha << 24) | rgb
