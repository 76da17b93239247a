from __future__ import annotations

import contextlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core import pictures
from ezvtb_core.pictures import PictureError


def drawn(width: int = 512, height: int = 512) -> Image.Image:
    """Left half red, right half half-transparent blue, the top row transparent with colour in it."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:, : width // 2] = (200, 10, 20, 255)
    pixels[:, width // 2 :] = (10, 20, 200, 128)
    pixels[0] = (90, 80, 70, 0)
    return Image.fromarray(pixels)


def saved(folder: Path, image: Image.Image, name: str, **options: object) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


def test_picture_of_the_right_size_is_not_touched(tmp_path):
    picture = pictures.load(saved(tmp_path, drawn(), "a.png"))
    assert picture.original == (512, 512)
    assert picture.pixels.shape == (512, 512, 4) and picture.pixels.dtype == np.uint8
    assert picture.pixels[5, 5].tolist() == [20, 10, 200, 255]  # BGRA
    assert picture.pixels[5, 500].tolist() == [200, 20, 10, 128]
    assert not picture.pixels[0].any()  # no colour under alpha 0


@pytest.mark.parametrize(
    ("size", "box"),
    [((1024, 1024), (0, 0, 512, 512)), ((300, 600), (128, 0, 384, 512)), ((600, 300), (0, 256, 512, 512)),
     ((10, 10), (0, 0, 512, 512)), ((1, 900), (255, 0, 256, 512))],
)  # fmt: skip
def test_fits_whole_and_stands_on_the_bottom_edge(tmp_path, size, box):
    picture = pictures.load(saved(tmp_path, Image.new("RGB", size, (1, 2, 3)), "a.png"))
    left, top, right, bottom = box
    inside = np.zeros((512, 512), bool)
    inside[top:bottom, left:right] = True
    assert np.array_equal(picture.pixels[..., 3] == 255, inside)
    assert picture.original == size


def test_scaling_does_not_bleed_the_colours_of_transparent_pixels(tmp_path):
    pixels = np.full((1024, 1024, 4), (0, 255, 0, 0), np.uint8)
    pixels[200:800, 200:800] = (255, 0, 0, 255)
    picture = pictures.load(saved(tmp_path, Image.fromarray(pixels), "a.png"))
    edge = (picture.pixels[..., 3] > 20) & (picture.pixels[..., 3] < 235)
    assert edge.any()
    assert picture.pixels[edge][:, 1].max() <= 12  # green was under alpha 0 only


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB"])
def test_every_mode(tmp_path, mode):
    if mode in ("I;16", "I"):
        image = Image.fromarray(np.full((64, 64), 0x8000, np.uint16 if mode == "I;16" else np.int32))
    elif mode == "P":
        image = drawn(64, 64).quantize(16)
    else:
        image = Image.new("RGB", (64, 64), (128, 128, 128)).convert(mode)
    picture = pictures.load(saved(tmp_path, image, "a.tif" if mode in ("I", "F", "CMYK", "LAB") else "a.png"))
    assert picture.pixels[400, 100, 3] == 255
    if mode not in ("1", "P", "LAB"):
        assert abs(int(picture.pixels[400, 100, 1]) - 128) <= 2


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.gif", "a.bmp"])
def test_formats(tmp_path, name):
    image = Image.new("RGB", (512, 512), (200, 100, 50))
    picture = pictures.load(saved(tmp_path, image, name))
    assert np.abs(picture.pixels[100, 100].astype(int) - [50, 100, 200, 255]).max() <= 4


def test_exif_orientation_is_followed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    image = Image.new("RGB", (400, 200), (255, 0, 0))
    picture = pictures.load(saved(tmp_path, image, "a.jpg", exif=exif))
    assert picture.original == (200, 400)
    assert not picture.pixels[:, 0].any() and picture.pixels[:, 256, 3].all()


def test_first_frame_of_an_animation(tmp_path):
    images = [Image.new("RGB", (64, 64), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    path = saved(tmp_path, images[0], "a.webp", save_all=True, append_images=images[1:], lossless=True)
    assert pictures.load(path).pixels[100, 100].tolist() == [0, 0, 255, 255]


def refusal(path: Path) -> PictureError:
    with pytest.raises(PictureError) as caught:
        pictures.load(path)
    assert str(path) in str(caught.value) and "{" not in str(caught.value)
    return caught.value


def test_missing_file_and_folder(tmp_path):
    assert refusal(tmp_path / "none.png").notice.code == "picture_missing"
    assert refusal(tmp_path).notice.code == "picture_missing"


@pytest.mark.parametrize("content", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", b"<svg/>"])
def test_not_a_picture(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert refusal(path).notice.code == "picture_unknown"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.bmp", "a.tif"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_truncated(tmp_path, name, part):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path = saved(tmp_path, noise, name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    assert refusal(path).notice.code in ("picture_damaged", "picture_unknown")


@pytest.mark.parametrize(("width", "height"), [(9000, 8000), (11000, 9000), (40000, 40000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path, width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
    assert refusal(path).notice.code == "picture_too_large"


@pytest.mark.filterwarnings("ignore")  # Pillow has its opinion on damaged files
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.tif"])
def test_damaged_bytes_never_raise_anything_else(tmp_path, name):
    random = np.random.default_rng(1)
    path = saved(tmp_path, drawn(48, 48).convert("RGBA" if name in ("a.png", "a.webp") else "RGB"), name)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(150):
        damaged = whole.copy()
        places = random.integers(0, whole.size, random.integers(1, 6))
        damaged[places] = random.integers(0, 256, places.size)
        path.write_bytes(damaged.tobytes())
        with contextlib.suppress(PictureError):
            assert pictures.load(path).pixels.shape == (512, 512, 4)
