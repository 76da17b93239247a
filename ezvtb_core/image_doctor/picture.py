"""What a treated picture is: pixels for the models, where the head is, and what was found and done."""

from __future__ import annotations

from dataclasses import dataclass

from ezvtb_core.frames import Pixels
from ezvtb_core.link.messages import Notice, NoticeError

SIZE = 512
"""Width and height in pixels of what the models take."""


class PictureError(NoticeError):
    """A file or array cannot be used as a picture; says why and what to do instead."""


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; right and bottom are one past the last."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def x(self) -> float:
        """Of the centre."""
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        """Of the centre."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """Of a head: from the top of the skull, hair included, to the chin."""
        return self.bottom - self.top

    @classmethod
    def square(cls, x: float, y: float, side: float) -> Box:
        """A square by its centre."""
        return cls(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


TEMPLATE_HEAD = Box(192.0, 64.0, 320.0, 192.0)
"""Where the Talking-Head-Anime models expect the head: the 128×128 box in the middle of the upper half."""


@dataclass(frozen=True)
class Fit:
    """How a picture is brought into the frame of the models. The defaults of the sliders are the template's head."""

    mode: str = "auto"
    """`auto`: the head is looked for and put where the models expect it, unless it is there already. `template`: the picture
    is used as it is, whole. `manual`: the head is where the other fields say."""
    x: float = 0.5
    """Centre of the head as a part of the picture's width, from the left."""
    y: float = 0.25
    """Centre of the head as a part of the picture's height, from the top."""
    size: float = 0.25
    """Height of the head as a part of the picture's height."""


@dataclass(frozen=True)
class Finding:
    """Something that was noticed or repaired."""

    notice: Notice
    points: int = 0
    """What it takes off the score; the sentence then says what to do. 0 for repairs that leave nothing to worry about."""


@dataclass(frozen=True)
class Report:
    """What was found and what was done."""

    findings: tuple[Finding, ...] = ()
    """What costs most points first."""
    mode: str = ""
    """How the picture was fitted in the end: `template`, `auto` or `manual`."""

    @property
    def score(self) -> int:
        """0..100: how well the models can be expected to animate the picture."""
        return max(0, 100 - sum(finding.points for finding in self.findings))

    @property
    def notices(self) -> list[Notice]:
        """The sentences, the most important first."""
        return [finding.notice for finding in self.findings]


@dataclass(frozen=True)
class Picture:
    """A picture ready for a model."""

    pixels: Pixels
    """uint8 (512, 512, 4), straight BGRA; colours nearly 0 where alpha is 0."""
    original: tuple[int, int]
    """Width and height of what was given, upright."""
    head: Box
    """Where the head is in `pixels`."""
    report: Report
