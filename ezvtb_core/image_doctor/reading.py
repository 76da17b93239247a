"""A picture file → straight BGRA, upright, sRGB. Whatever is wrong with the file becomes a PictureError."""

from __future__ import annotations

import io
import stat
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor.picture import Finding, PictureError
from ezvtb_core.link.messages import Notice

MAX_MEGAPIXELS = 64
"""A picture of this size takes a gigabyte for a moment; more is a mistake or an attack."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PSD")
"""Formats that Pillow reads by itself; others (EPS, …) start other programs."""
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, LookupError, TypeError, AttributeError,
    ZeroDivisionError, zlib.error, RuntimeError,
)  # fmt: skip
"""What Pillow's readers raise for damaged files. A file that cannot be read at all is an OSError too."""
SAME_COLOURS = 2
"""Levels by which a colour profile may differ from sRGB and still be taken for it: then no pixel is touched."""
_PROFILE_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
"""Colour space of a profile → mode of the pixels that it speaks about."""


def read(path: Path) -> tuple[Pixels, list[Finding]]:
    """The first frame of a file as uint8 (H, W, 4) straight BGRA, turned as its EXIF orientation says, in sRGB.

    Raises PictureError: missing, a folder, no permission, not a picture, more than 64 megapixels, damaged or cut off.
    """
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise PictureError("picture_is_folder", path=str(path))
        if not stat.S_ISREG(kind):  # reading from a pipe or a device may never end
            raise _unknown(path)
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_MEGAPIXELS * 1_000_000:
                raise _too_large(path, f"{image.width}×{image.height}")
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return _upright(image)
    except FileNotFoundError as error:
        raise PictureError("picture_missing", path=str(path)) from error
    except PermissionError as error:
        raise PictureError("picture_unreadable", path=str(path), detail=error.strerror or str(error)) from error
    except UnidentifiedImageError as error:
        with path.open("rb") as file:
            photoshop = file.read(4) == b"8BPS"
        raise (PictureError("picture_photoshop", path=str(path)) if photoshop else _unknown(path)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, "> 89 MP") from error
    except MemoryError as error:
        raise PictureError("picture_no_memory", path=str(path)) from error
    except DAMAGE as error:
        raise PictureError("picture_damaged", path=str(path), detail=str(error)[:200]) from error


def _too_large(path: Path, size: str) -> PictureError:
    return PictureError("picture_too_large", path=str(path), got=size, limit=MAX_MEGAPIXELS)


def _unknown(path: Path) -> PictureError:
    return PictureError("picture_unknown", path=str(path), known=", ".join(FORMATS))


def _upright(image: Image.Image) -> tuple[Pixels, list[Finding]]:
    profile = image.info.get("icc_profile")
    alpha = _alpha(image)
    coloured = _eight_bit(image)
    findings: list[Finding] = []
    if profile:
        try:
            coloured, converted = _to_srgb(coloured, profile)
            if converted:
                findings.append(Finding(Notice("picture_profile", name=converted)))
        except (ImageCms.PyCMSError, *DAMAGE) as error:
            findings.append(Finding(Notice("picture_profile_ignored", detail=str(error)[:100])))
    pixels: Pixels = np.empty((image.height, image.width, 4), np.uint8)
    pixels[..., 2::-1] = np.asarray(coloured if coloured.mode == "RGB" else coloured.convert("RGB"))
    pixels[..., 3] = 255 if alpha is None else alpha
    return pixels, findings


def _eight_bit(image: Image.Image) -> Image.Image:
    """The colours without alpha, 8 bits each: RGB, L, CMYK or LAB."""
    if image.mode in ("RGB", "L", "CMYK", "LAB"):
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_grey(np.asarray(image)))
    if image.mode in ("LA", "La", "1"):
        return image.convert("L") if image.mode != "La" else image.convert("LA").convert("L")
    if image.mode in ("P", "PA", "RGBa"):
        image = image.convert("RGBA")
    return image.convert("RGB")


def _grey(values: npt.NDArray[np.generic]) -> Pixels:
    """Grey of more than 8 bits. Their range is not written in the file: 0..1, 0..255, 0..65535, else up to the brightest."""
    grey = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    peak = float(grey.max())
    if values.dtype == np.uint16 or 255 < peak <= 65535:
        grey /= 257
    elif np.issubdtype(values.dtype, np.floating) and peak <= 1:
        grey *= 255
    elif peak > 65535:
        grey *= 255 / peak
    return np.rint(grey).clip(0, 255).astype(np.uint8)


def _alpha(image: Image.Image) -> Pixels | None:
    """Alpha (H, W), or None for an opaque picture: an alpha channel, a palette's, or one colour that is declared transparent."""
    if image.mode in ("RGBA", "LA", "PA"):
        return np.asarray(image.getchannel("A"))
    if image.mode in ("RGBa", "La"):
        return np.asarray(image.getchannel("a"))
    key = image.info.get("transparency")
    if key is None:
        return None
    if image.mode == "P":
        return np.asarray(image.convert("RGBA").getchannel("A"))
    # PNG gives the transparent colour with as many bits as the file has; Pillow keeps the upper eight of 16-bit colours.
    wanted = [value >> 8 if image.mode == "RGB" and max(key) > 255 else value for value in key] if isinstance(key, tuple) else key
    matches = np.asarray(image) == np.asarray(wanted)
    return np.where(matches.all(axis=2) if matches.ndim == 3 else matches, 0, 255).astype(np.uint8)


def _to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, str]:
    """Colours of an embedded profile as sRGB, and the profile's name; as they are and "" where that makes no difference."""
    found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = _PROFILE_MODES.get(found.profile.xcolor_space)
    if mode is None or (mode != image.mode and {mode, image.mode} != {"RGB", "L"}):
        raise ValueError(f"{found.profile.xcolor_space.strip()} / {image.mode}")
    srgb = ImageCms.createProfile("sRGB")
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(found, srgb, mode, "RGB", intent)
    if mode == "RGB":
        steps = np.linspace(0, 255, 9).astype(np.uint8)
        probe = Image.fromarray(np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3))
        moved = np.asarray(ImageCms.applyTransform(probe, transform)).astype(int) - np.asarray(probe)
        if np.abs(moved).max() <= SAME_COLOURS:
            return image, ""
    converted = ImageCms.applyTransform(image.convert(mode), transform)
    if converted is None:
        raise ValueError(mode)
    return converted, (ImageCms.getProfileDescription(found) or mode).strip()
