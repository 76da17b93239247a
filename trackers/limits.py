"""Limits that every mapping uses."""

from __future__ import annotations


def soft(value: float) -> float:
    """Limit to ±1 without an edge: straight for small values, 0.84 for 1, so that no movement ends in a hard stop."""
    value = min(max(value, -8.0), 8.0)
    return float(value / (1.0 + value**4) ** 0.25)


def share(value: float) -> float:
    """Limit to 0..1. Written out: called thirty times per frame, on a processor that slept until a moment ago."""
    return 0.0 if value < 0.0 else 1.0 if value > 1.0 else value
