"""A user's picture at the border: any common format and mode, checked, turned upright and fitted to what models take."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ezvtb_core.frames import Pixels, swap_red_blue
from ezvtb_core.link.messages import NoticeError

SIZE = 512
MAX_MEGAPIXELS = 64
"""A picture of this size takes half a gigabyte for a moment; more is a mistake or an attack."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""Formats that Pillow reads by itself; others (EPS, …) start other programs."""


class PictureError(NoticeError):
    """A file cannot be used as a picture; says why and what to choose instead."""


@dataclass(frozen=True)
class Picture:
    """A picture ready for a model."""

    pixels: Pixels
    """uint8 (512, 512, 4), straight BGRA; colours are 0 where alpha is 0."""
    original: tuple[int, int]
    """Width and height in the file, upright. (512, 512): the artist followed the models' template, nothing was scaled."""


def load(path: Path) -> Picture:
    """Read a picture and fit it into 512×512: whole, as large as possible, standing on the bottom edge, centred.

    Turned as its EXIF orientation says; of an animation the first frame. Raises PictureError: file missing, not a picture,
    more than 64 megapixels, damaged or cut off.
    """
    if not path.is_file():
        raise PictureError("picture_missing", path=str(path))
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_MEGAPIXELS * 1_000_000:
                raise _too_large(path, f"{image.width}×{image.height}")
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            upright = _eight_bit(image)
    except UnidentifiedImageError as error:
        raise PictureError("picture_unknown", path=str(path), known=", ".join(FORMATS)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, "> 89 MP") from error
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error) as error:
        # What Pillow's readers raise for damaged files; a file that cannot be read at all is an OSError too.
        raise PictureError("picture_damaged", path=str(path), detail=str(error)[:200]) from error
    return Picture(_fit(upright), upright.size)


def _too_large(path: Path, size: str) -> PictureError:
    return PictureError("picture_too_large", path=str(path), got=size, limit=MAX_MEGAPIXELS)


def _eight_bit(image: Image.Image) -> Image.Image:
    """RGBA. 16-bit greys are scaled down (Pillow would clip them at 255); CMYK, LAB and others need a detour."""
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV", "F"):
        image = image.convert("RGB")
    return image if image.mode == "RGBA" else image.convert("RGBA")


def _fit(image: Image.Image) -> Pixels:
    scale = min(SIZE / image.width, SIZE / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)  # Pillow premultiplies RGBA while it resizes
    pixels: Pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    left = (SIZE - size[0]) // 2
    pixels[SIZE - size[1] :, left : left + size[0]] = swap_red_blue(np.asarray(image))
    pixels[pixels[..., 3] == 0] = 0
    return pixels
