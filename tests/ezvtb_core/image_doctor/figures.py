"""Pictures for the tests: the bundled character, the original authors' two, and what people do to such pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ezvtb_core.frames import swap_red_blue
from ezvtb_core.link import paths
from tests.conftest import SHARED

BUNDLED = paths.STILL_IMAGE
AUTHORS = [SHARED / "models" / "custom_tha4_models" / name / "character.png" for name in ("lambda_00", "lambda_01")]
HEAD = (256.0, 128.0, 128.0)
"""Where the head is in all three: the template's centre and height."""


@dataclass(frozen=True)
class Variant:
    """A picture made from a template picture, and where the head is in it."""

    name: str
    image: Image.Image
    x: float
    y: float
    size: float


def template(path: Path = BUNDLED) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGBA")


def pixels(image: Image.Image) -> np.ndarray:
    """Straight BGRA."""
    return swap_red_blue(np.asarray(image.convert("RGBA")))


def placed(image: Image.Image, size: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    canvas = Image.new("RGBA", size)
    canvas.paste(image, at)
    return canvas


def variants(image: Image.Image) -> Iterator[Variant]:
    """Scaled 0.3 to 3 times, moved, padded, cropped, on a whole screen, and with legs."""
    x, y, size = HEAD
    for scale in (0.3, 0.6, 1.4, 3.0):
        side = round(512 * scale)
        larger = image.resize((side, side), Image.Resampling.LANCZOS)
        yield Variant(f"{scale} times", placed(larger, (side + 40, side), (40, 0)), x * scale + 40, y * scale, size * scale)
    for right, down in ((-300, 0), (300, 100), (0, 400)):
        left, top = 394 + right, 200 + down
        moved = placed(image, (1300, 1112), (left, top))
        yield Variant(f"moved by {right}, {down}", moved, left + x, top + y, size)
    yield Variant("on a screen", placed(image, (1920, 1080), (704, 568)), 704 + x, 568 + y, size)
    left, top, right, bottom = image.getbbox() or (0, 0, 512, 512)
    yield Variant("cropped to the figure", image.crop((left, top, right, bottom)), x - left, y - top, size)
    yield Variant("arms cut off", image.crop((150, top, 362, bottom)), x - 150, y - top, size)
    for name, row in (("waist", 400), ("chest", 300), ("shoulders", 240)):
        yield Variant(f"down to the {name}", image.crop((0, 0, 512, row)), x, y, size)
    standing = placed(image.crop((0, 0, 512, 330)), (512, 880), (0, 0))
    standing.paste(image.crop((0, 330, 512, 512)).resize((512, 550)), (0, 330))
    yield Variant("with legs", standing, x, y, size)
