"""How far the movements of one face go, learned while it is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trackers.calibration import Span
from trackers.face import SHAPE

MEASURES: dict[str, tuple[str, ...]] = {
    "jaw": ("jawOpen",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "frown": ("mouthFrownLeft", "mouthFrownRight"),
    "pucker": ("mouthPucker",),
    "funnel": ("mouthFunnel",),
    "brow_inner": ("browInnerUp",),
    "brow_outer": ("browOuterUpLeft", "browOuterUpRight"),
    "brow_down": ("browDownLeft", "browDownRight"),
    "squint": ("eyeSquintLeft", "eyeSquintRight"),
    "wide": ("eyeWideLeft", "eyeWideRight"),
}
"""What is learned, and the shapes whose mean it is: both sides have one span, so that a lopsided smile stays one."""
_INDICES = {name: tuple(SHAPE[shape] for shape in shapes) for name, shapes in MEASURES.items()}


def _spans() -> dict[str, Span]:
    """Starts and limits from two speakers that MediaPipe saw, quantiles of 5, 50 and 95 % in comments (calm one; lively one)."""
    return {
        "jaw": Span(0.03, 0.45, (0.0, 0.12), (0.42, 0.8), 0.1),  # 0.01 0.12 0.28; 0.02 0.32 0.70
        "smile": Span(0.05, 0.65, (0.0, 0.3), (0.5, 0.95), 0.3),  # 0.00 0.30 0.85; 0.00 0.00 0.21
        "frown": Span(0.03, 0.45, (0.0, 0.2), (0.4, 0.8), 0.5),  # 0.00 0.00 0.00; 0.00 0.00 0.02, ARKit up to 0.6
        "pucker": Span(0.12, 0.7, (0.08, 0.4), (0.5, 1.0), 0.4),  # 0.00 0.00 0.10; 0.00 0.04 0.96
        "funnel": Span(0.04, 0.45, (0.02, 0.3), (0.42, 0.9), 0.4),  # 0.00 0.01 0.04; 0.00 0.02 0.26
        "brow_inner": Span(0.05, 0.65, (0.0, 0.4), (0.45, 0.95), 0.25),  # 0.00 0.05 0.59; 0.00 0.13 0.68
        "brow_outer": Span(0.1, 0.7, (0.0, 0.4), (0.5, 0.95), 0.25),  # 0.04 0.15 0.47; 0.10 0.45 0.87
        "brow_down": Span(0.04, 0.45, (0.0, 0.3), (0.4, 0.9), 0.5),  # 0.00 0.01 0.06; 0.00 0.00 0.06
        "squint": Span(0.2, 0.75, (0.05, 0.5), (0.5, 0.95), 0.5),  # 0.14 0.32 0.47; 0.01 0.03 0.36
        "wide": Span(0.1, 0.6, (0.04, 0.3), (0.44, 0.9), 0.5),  # 0.00 0.01 0.01; 0.00 0.17 0.48
    }


def measure(shapes: Sequence[float]) -> list[float]:
    """The values of `MEASURES`, in their order."""
    return [sum([shapes[index] for index in indices]) / len(indices) for indices in _INDICES.values()]


class FaceRange:
    """The spans of one face."""

    def __init__(self) -> None:
        self._spans = _spans()

    def __getitem__(self, name: str) -> Span:
        return self._spans[name]

    def learn(self, measured: Sequence[float], dt: float) -> None:
        """Take what `measure` gave, which lasted `dt` seconds."""
        for span, value in zip(self._spans.values(), measured, strict=True):
            span.learn(value, dt)

    def rest(self, measured: Sequence[float]) -> None:
        """Take what `measure` gave for a resting face."""
        for span, value in zip(self._spans.values(), measured, strict=True):
            span.rest(value)

    def known(self) -> dict[str, float]:
        """What to save."""
        return {f"{name}_{end}": getattr(span, end) for name, span in self._spans.items() for end in ("low", "high")}

    def limits(self) -> dict[str, tuple[float, float]]:
        """Names as in `known`, and what is believable."""
        believable = {name: span.limits() for name, span in self._spans.items()}
        return {f"{name}_{end}": both[index] for name, both in believable.items() for index, end in enumerate(("low", "high"))}

    def restore(self, saved: Mapping[str, float]) -> None:
        """Use what `known` gave; what is not there stays as it is."""
        for name, span in self._spans.items():
            span.low = saved.get(f"{name}_low", span.low)
            span.high = saved.get(f"{name}_high", span.high)
