"""How the figure moves: one forward map from layer space to the picture, and its inverse on a lattice of points.

Layers are drawn in the neutral picture. :func:`forward` says where a point of a layer goes for a pose: the head turns as
a shallow relief (every layer has its own depth, so nose, face, ears and back hair shift by different amounts), tilts
around the neck, hair below the ears hangs, and all of it rides on the body, which breathes, leans and turns.
Pictures are sampled backwards, so :func:`inverse` solves ``forward(p) = q`` by fixed-point steps.
Lengths are in picture units (512 = the picture), angles in radians, positive x is image right, positive y is down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ezvtb_core.export.graph import Array, Term, clip, cos, maximum, minimum, sin

HEAD = (256.0, 132.0)  # centre of the skull: the axis of yaw and pitch
NECK = (256.0, 200.0)  # the joint the head tilts around
HIP = (256.0, 500.0)  # the joint the body leans around
YAW, PITCH, ROLL = np.radians(23.0), np.radians(15.0), np.radians(15.0)
LEAN, TWIST = np.radians(3.4), np.radians(11.0)
SWING = 6.0  # the joint of the neck is this far behind the axis of the skull, times sin(YAW): a turned head moves sideways
STEPS = 4  # four leave 0.02 units at a typical pose; corners of the range settle a little short, smoothly


@dataclass(frozen=True)
class Motion:
    """How one layer takes part. ``depth`` in front of the skull's axis at the middle of the head, minus
    ``wide`` x^2, ``up`` y^2 above and ``down`` y^2 below; ``head`` is 1 for the head and 0 for the body, falling from
    1 to 0 over ``neck`` (y, y) where given; hair hangs below y = ``hang``; ``spring`` bends what is above the skull;
    ``jaw`` follows the opening of the mouth;
    no depth is below ``floor``."""

    head: float = 1.0
    depth: float = 0.0
    wide: float = 0.0
    up: float = 0.0
    down: float = 0.0
    hang: float = 1e4
    spring: float = 0.0
    jaw: float = 0.0
    neck: tuple[float, float] | None = None
    floor: float = -45.0

    def rows(self, count: int) -> Array:
        """Constants for ``count`` points: (10, count) float32."""
        gain, bias = 0.0, self.head
        if self.neck:
            gain = -1.0 / (self.neck[1] - self.neck[0])
            bias = -gain * self.neck[1]
        column = [bias, gain, self.depth, self.wide, self.up, self.down, self.hang, self.spring, self.jaw, self.floor]
        return np.repeat(np.array(column, np.float32)[:, None], count, axis=1)


@dataclass(frozen=True)
class Posture:
    """The pose values that move layers, each a scalar or (1, 1): see the pose table for ranges and signs."""

    pitch: Any
    yaw: Any
    roll: Any
    twist: Any
    lean: Any
    breath: Any
    jaw: Any


def _turn(x: Term, y: Term, p: Posture, m: list[Any]) -> tuple[Any, Any]:
    """Yaw and pitch of the relief; x, y are relative to HEAD before and after."""
    _, _, depth, wide, up, down, _, spring, jaw, floor = m
    below, above = maximum(y, 0.0), minimum(y, 0.0)
    x2 = minimum(x * x, 2800.0)
    z = maximum(depth - wide * x2 - down * below * below - up * minimum(above * above, 4900.0), floor)
    yaw, pitch = p.yaw * YAW + p.twist * (0.35 * YAW), p.pitch * PITCH
    sin_yaw, cos_yaw = sin(yaw), cos(yaw)
    # the far side recedes and the near side comes forward: turning up or down then tilts the line of the eyes
    x1 = x * cos_yaw - z * sin_yaw - SWING * p.yaw
    z1 = z * cos_yaw + 0.6 * (x * sin_yaw)
    tall = minimum(below * 0.0167, 1.2)
    y1 = y * cos(pitch) - z1 * sin(pitch) - 2.0 * p.pitch + jaw * p.jaw * tall * tall
    over = maximum(-62.0 - y, 0.0) * spring
    return x1 + over * (p.yaw * 0.14 + p.roll * 0.14), y1 + over * (p.pitch * 0.12)


def _body(x: Term, y: Term, p: Posture, depth: Any = 0.0) -> tuple[Any, Any]:
    """Breathing, twist and lean; picture coordinates before and after. ``depth`` is in front of the chest."""
    dx = x - HIP[0]
    rise = clip((400.0 - y) * (1 / 165.0))
    rise = rise * rise * (3.0 - 2.0 * rise)
    chest = maximum(1.0 - absolute_band(y, 275.0, 1 / 75.0), 0.0)
    high = clip((500.0 - y) * (1 / 220.0))
    z = (maximum(24.0 - 0.0035 * dx * dx, -14.0) + depth) * high
    angle = p.twist * TWIST
    x1 = dx * (1.0 + 0.014 * p.breath * chest) * (1.0 + (cos(angle) - 1.0) * high) - z * sin(angle)
    y1 = y - 2.8 * p.breath * rise - HIP[1]
    lean = p.lean * LEAN
    s, c = sin(lean), cos(lean)
    return x1 * c + y1 * s + HIP[0], y1 * c - x1 * s + HIP[1]


def absolute_band(y: Term, centre: float, gain: float) -> Any:
    """Squared distance of y from ``centre`` in units of 1 / gain."""
    d = (y - centre) * gain
    return d * d


def forward(x: Term, y: Term, p: Posture, m: list[Any]) -> tuple[Any, Any]:
    """Where the layer points (x, y) are drawn. ``m`` are the ten rows of Motion.rows."""
    bias, gain, hang = m[0], m[1], m[6]
    rest = maximum(y - hang, 0.0)
    hx, hy = _turn(x - HEAD[0], y - rest - HEAD[1], p, m)
    tilt = p.roll * ROLL + p.lean * (0.7 * LEAN)
    s, c = sin(tilt), cos(tilt)
    hx, hy = hx + (HEAD[0] - NECK[0]), hy + (HEAD[1] - NECK[1])
    nx, ny = _body(np.float32(NECK[0]), np.float32(NECK[1]), p)
    loose = tilt * 0.4
    drift = rest * (0.03 * p.yaw)
    hx, hy = hx * c + hy * s + nx + rest * sin(loose) + drift, hy * c - hx * s + ny + rest * cos(loose)
    bx, by = _body(x, y, p, m[2])
    head = clip(bias + gain * y)
    return bx + head * (hx - bx), by + head * (hy - by)


def inverse(qx: Array, qy: Array, p: Posture, m: list[Any]) -> tuple[Any, Any]:
    """The layer points that are drawn at the picture points (qx, qy)."""
    tilt = p.roll * ROLL + p.lean * (0.7 * LEAN)
    nx, ny = _body(np.float32(NECK[0]), np.float32(NECK[1]), p)
    head = np.clip(m[0] + m[1] * qy, 0, 1)
    s, c = sin(tilt) * head, (cos(tilt) - 1.0) * head + 1.0
    ex, ey = qx - NECK[0] - head * (nx - NECK[0]), qy - NECK[1] - head * (ny - NECK[1])
    x, y = ex * c - ey * s + NECK[0], ey * c + ex * s + NECK[1]
    for _ in range(STEPS):
        fx, fy = forward(x, y, p, m)
        ex, ey = qx - fx, qy - fy
        x, y = x + (ex * c - ey * s), y + (ey * c + ex * s)
    return x, y
