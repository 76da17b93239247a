"""A mouth as a mixture of four vowels, as talking-head-anime-3-demo's converter 25 wants it, solved exactly.

The mouth is a point (opening, lower lip down, funnel, pucker); each vowel has one, too. Wanted are the weights w within 0..1
that minimise |M w - point| + 0.01 sum(w). The original asks a general optimiser (L-BFGS-B from zero, with numeric gradients:
1.3 ms, and it stops early where the norm has its kink). The function is convex, so its minimum is the stationary point of the
face of the box on which it lies, and there are only 81 faces: each weight is 0, 1 or free. For the free ones F, with G = M_F'
M_F, the least squares solution u, its distance r0 and s = sum(inverse G), the gradient vanishes at w = u - 0.01 r inverse(G) 1
with r = r0 / sqrt(1 - 0.0001 s). All 81 are worked out at once, limited to the box, and the lowest one wins."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

_Doubles = npt.NDArray[np.float64]

ANCHORS: _Doubles = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.5, 0.3, 0.25, 0.75], [1.0, 0.5, 0.5, 0.4]])
"""aaa, iii, uuu, ooo (one per row) as (opening, lower lip down, funnel, pucker); the original's numbers."""
SPARSITY = 0.01
"""Weight of the sum, as in the original."""


def _faces() -> tuple[_Doubles, _Doubles, _Doubles, _Doubles, _Doubles]:
    """For each of the 81 faces: u = fixed + solve @ point, r0 = |residual_fixed + residual @ point|, and w = u - r pull."""
    count, identity = 3**4, np.eye(4)
    solve, fixed, pull = np.zeros((count, 4, 4)), np.zeros((count, 4)), np.zeros((count, 4))
    residual, residual_fixed = np.zeros((count, 4, 4)), np.zeros((count, 4))
    for face, states in enumerate(itertools.product((0, 1, None), repeat=4)):
        free = [index for index, state in enumerate(states) if state is None]
        full = np.array([float(state or 0) for state in states])
        shapes = ANCHORS[free].T
        inverse = np.linalg.inv(shapes.T @ shapes)
        solve[face, free] = inverse @ shapes.T
        fixed[face] = full - solve[face] @ (full @ ANCHORS)
        residual[face] = identity - ANCHORS.T @ solve[face]
        residual_fixed[face] = -(residual[face] @ (full @ ANCHORS))
        pull[face, free] = SPARSITY * inverse.sum(axis=1) / np.sqrt(1.0 - SPARSITY**2 * inverse.sum())
        if len(free) == len(states):
            residual[face] = 0.0  # four vowels reach every point: what is left is rounding
    return solve, fixed, residual, residual_fixed, pull


_SOLVE, _FIXED, _RESIDUAL, _RESIDUAL_FIXED, _PULL = _faces()


def cost(weights: _Doubles, point: _Doubles) -> _Doubles:
    """What is minimised: (..., 4) weights and a point (4,) → (...)."""
    distance: _Doubles = np.linalg.norm(weights @ ANCHORS - point, axis=-1) + SPARSITY * np.abs(weights).sum(axis=-1)
    return distance


def weights(point: _Doubles) -> tuple[float, float, float, float]:
    """The weights of aaa, iii, uuu and ooo, each 0..1, for a point (4,) float64 of finite numbers."""
    distance = np.linalg.norm(_RESIDUAL @ point + _RESIDUAL_FIXED, axis=1)
    found = (_FIXED + _SOLVE @ point - distance[:, None] * _PULL).clip(0.0, 1.0)
    aaa, iii, uuu, ooo = found[cost(found, point).argmin()].tolist()
    return aaa, iii, uuu, ooo
