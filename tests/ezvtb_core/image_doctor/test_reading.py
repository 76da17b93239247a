"""Picture files of every kind, and files that only look like pictures."""

from __future__ import annotations

import io
import os
import stat
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from ezvtb_core.image_doctor import Picture, PictureError, load
from ezvtb_core.image_doctor.reading import read
from ezvtb_core.link.locale import say

ORANGE = (200, 100, 50)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, bits: int, colour: int, rows: bytes, *before: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + b"".join(before) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def deep_png(colour: int, values: tuple[int, ...], *before: bytes) -> bytes:
    """4×4 pixels of 16 bits, all alike."""
    rows = (b"\0" + struct.pack(f">{len(values)}H", *values) * 4) * 4
    return png(4, 4, 16, colour, rows, *before)


def psd(planes: list[np.ndarray], packed: bool, bits: int = 8, mode: int = 3) -> bytes:
    """A Photoshop file without layers: header, three empty sections, the flattened picture plane by plane."""
    height, width = planes[0].shape
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(planes), height, width, bits, mode) + bytes(12)
    if not packed:
        return head + struct.pack(">H", 0) + b"".join(plane.tobytes() for plane in planes)
    # PackBits: one run of literal bytes for each row.
    rows = [bytes([width - 1]) + row.tobytes() for plane in planes for row in plane]
    return head + struct.pack(">H", 1) + b"".join(struct.pack(">H", len(row)) for row in rows) + b"".join(rows)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def written(folder: Path, content: bytes, name: str = "a.png") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def first(folder: Path, content: bytes) -> list[int]:
    """The upper left pixel, BGRA."""
    return [int(value) for value in read(written(folder, content))[0][0, 0]]


def plain(mode: str = "RGB", size: tuple[int, int] = (16, 16)) -> Image.Image:
    return Image.new("RGB", size, ORANGE).convert(mode)


@pytest.mark.parametrize(
    ("kind", "within"), [("PNG", 0), ("BMP", 0), ("TIFF", 0), ("GIF", 0), ("JPEG", 3), ("WEBP", 3)], ids=lambda value: str(value)
)
def test_formats(tmp_path, kind, within):
    assert np.abs(np.subtract(first(tmp_path, encoded(plain(), kind)), (50, 100, 200, 255))).max() <= within


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encoded(plain("1"), "PNG"), None),
        (encoded(plain("L"), "PNG"), (124, 124, 124, 255)),
        (encoded(Image.new("LA", (4, 4), (124, 60)), "PNG"), (124, 124, 124, 60)),
        (encoded(plain("P"), "PNG"), None),
        (encoded(Image.new("RGBA", (4, 4), (*ORANGE, 77)), "PNG"), (50, 100, 200, 77)),
        (encoded(Image.new("RGBA", (4, 4), (*ORANGE, 77)).quantize(4), "PNG"), (50, 100, 200, 77)),
        (encoded(plain().quantize(4), "PNG", transparency=0), (50, 100, 200, 0)),
        (encoded(plain().quantize(4), "PNG", transparency=b"\x4d"), (50, 100, 200, 77)),
        (encoded(plain().quantize(4), "GIF", transparency=0), (50, 100, 200, 0)),
        (encoded(plain(), "PNG", transparency=ORANGE), (50, 100, 200, 0)),
        (encoded(plain(), "PNG", transparency=(1, 2, 3)), (50, 100, 200, 255)),
        (encoded(plain("L"), "PNG", transparency=124), (124, 124, 124, 0)),
        (encoded(plain("CMYK"), "JPEG", quality=100), (50, 100, 200, 255)),
        (encoded(plain("CMYK"), "TIFF"), (50, 100, 200, 255)),
        (encoded(plain("YCbCr"), "TIFF"), (50, 100, 200, 255)),
        (encoded(Image.new("LAB", (4, 4), (255, 128, 128)), "TIFF"), (255, 255, 255, 255)),
        (encoded(Image.fromarray(np.full((4, 4), 0.5, np.float32)), "TIFF"), (128, 128, 128, 255)),
        (encoded(Image.fromarray(np.full((4, 4), 200.0, np.float32)), "TIFF"), (200, 200, 200, 255)),
        (encoded(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "TIFF"), (0, 0, 0, 255)),
        (encoded(Image.fromarray(np.full((4, 4), 0x8000, np.int32)), "TIFF"), (128, 128, 128, 255)),
        (encoded(Image.fromarray(np.full((4, 4), 0x8000, np.uint16)), "TIFF"), (128, 128, 128, 255)),
        (deep_png(0, (0x8000,)), (128, 128, 128, 255)),
        (deep_png(0, (0x8000,), chunk(b"tRNS", struct.pack(">H", 0x8000))), (128, 128, 128, 0)),
        (deep_png(2, (0xC800, 0x6400, 0x3200)), (50, 100, 200, 255)),
        (deep_png(2, (0xC800, 0x6400, 0x3200), chunk(b"tRNS", struct.pack(">3H", 0xC800, 0x6400, 0x3200))), (50, 100, 200, 0)),
        (deep_png(4, (0x8000, 0x4D00)), (128, 128, 128, 77)),
        (deep_png(6, (0xC800, 0x6400, 0x3200, 0x4D00)), (50, 100, 200, 77)),
    ],
)  # fmt: skip
def test_modes_are_scaled_to_eight_bits_with_their_transparency(tmp_path, content, expected):
    found = first(tmp_path, content)
    if expected is None:
        assert found[3] == 255
    else:
        assert np.abs(np.subtract(found, expected)).max() <= 2


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_photoshop_files_are_read_flattened(tmp_path, packed, alpha):
    values = [200, 100, 50, 77][: 4 if alpha else 3]
    planes = [np.full((6, 5), value, np.uint8) for value in values]
    planes[0][0, 0] = 201
    path = written(tmp_path, psd(planes, packed), "a.psd")
    found, _ = read(path)
    assert found.shape == (6, 5, 4)
    assert found[0, 0].tolist() == [50, 100, 201, 77 if alpha else 255]
    assert found[5, 4].tolist() == [50, 100, 200, 77 if alpha else 255]


def test_a_photoshop_file_flattened_on_white_gets_its_edges_back(tmp_path):
    """Photoshop blends what it flattens with white."""
    rows, columns = np.mgrid[:300, :300]
    alpha = np.clip((100.5 - np.hypot(rows - 150, columns - 150)) * 40, 0, 255)
    share = alpha / 255
    planes = [np.rint(value * share + 255 * (1 - share)).astype(np.uint8) for value in (30, 40, 50)]
    picture = load(written(tmp_path, psd([*planes, alpha.astype(np.uint8)], False), "a.psd"))
    assert "picture_on_white" in [notice.code for notice in picture.report.notices]
    edge = (picture.pixels[..., 3] > 20) & (picture.pixels[..., 3] < 235)
    assert edge.any() and picture.pixels[edge][:, :3].max() <= 60


def test_a_photoshop_file_that_cannot_be_read_says_how_to_save_it(tmp_path):
    planes = [np.zeros((4, 4), np.uint16)] * 3
    assert refusal(written(tmp_path, psd(planes, False, bits=16), "a.psd")).notice.code == "picture_photoshop"


def test_exif_orientation_is_followed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    image = Image.new("RGB", (40, 20), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 20, 20))
    found, _ = read(written(tmp_path, encoded(image, "PNG", exif=exif)))
    assert found.shape == (40, 20, 4)
    assert found[5, 10].tolist() == [255, 0, 0, 255] and found[35, 10].tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame(tmp_path, kind):
    images = [Image.new("RGB", (64, 64), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(images[0], kind, save_all=True, append_images=images[1:], **options)
    assert first(tmp_path, content) == [0, 0, 255, 255]


def matrix_profile(red: tuple[float, float, float], green: tuple[float, float, float], blue: tuple[float, float, float]) -> bytes:
    """An ICC profile of an RGB space: its primaries in XYZ (D50) and a gamma of 2.2."""

    def number(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(number, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Wide\0" + bytes(79)
    tags = {b"desc": name, b"cprt": b"text\0\0\0\0CC0\0", b"wtpt": xyz((0.9642, 1.0, 0.8249))}
    tags |= {b"rXYZ": xyz(red), b"gXYZ": xyz(green), b"bXYZ": xyz(blue), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, data, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for key, value in tags.items():
        value += bytes(-len(value) % 4)
        table += key + struct.pack(">II", offset + len(data), len(value))
        data += value
    size = 128 + 4 + len(table) + len(data)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    head = (head + bytes(28) + b"".join(map(number, (0.9642, 1.0, 0.8249)))).ljust(128, b"\0")
    return head + struct.pack(">I", len(tags)) + table + data


WIDE = matrix_profile((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
"""Display P3's primaries, as phones and Procreate use them."""
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_a_wide_colour_space_is_converted(tmp_path):
    """In Display P3 the sRGB red (255, 0, 0) is (234, 51, 35): Apple's published values, gamma 2.2 being near sRGB's curve."""
    image = Image.new("RGBA", (8, 8), (234, 51, 35, 200))
    found, findings = read(written(tmp_path, encoded(image, "PNG", icc_profile=WIDE)))
    assert np.abs(np.subtract(found[0, 0].astype(int), (0, 0, 255, 200))).max() <= 8
    assert [(finding.notice.code, finding.notice.params) for finding in findings] == [("picture_profile", {"name": "Wide"})]


def test_srgb_and_palette_pictures_with_profiles(tmp_path):
    image = Image.new("RGBA", (8, 8), (200, 101, 52, 77))
    found, findings = read(written(tmp_path, encoded(image, "PNG", icc_profile=SRGB)))
    assert found[0, 0].tolist() == [52, 101, 200, 77] and not findings
    palette = Image.new("RGB", (8, 8), (234, 51, 35)).quantize(4)
    found, findings = read(written(tmp_path, encoded(palette, "PNG", icc_profile=WIDE)))
    assert found[0, 0, 2] > 245 and len(findings) == 1


@pytest.mark.parametrize("profile", [b"nonsense", SRGB[:200], SRGB.replace(b"RGB ", b"CMYK", 1)])
def test_a_broken_profile_is_ignored_and_said(tmp_path, profile):
    found, findings = read(written(tmp_path, encoded(plain(), "PNG", icc_profile=profile)))
    assert found[0, 0].tolist() == [50, 100, 200, 255]
    assert [finding.notice.code for finding in findings] == ["picture_profile_ignored"]


def refusal(path: Path) -> PictureError:
    with pytest.raises(PictureError) as caught:
        load(path)
    for language in ("en-US", "zh-CN"):
        sentence = say(caught.value.notice, language)
        assert str(path) in sentence and "{" not in sentence
    return caught.value


def test_missing_file_and_folder(tmp_path):
    assert refusal(tmp_path / "none.png").notice.code == "picture_missing"
    assert refusal(tmp_path / "none" / "none.png").notice.code == "picture_missing"
    assert refusal(tmp_path).notice.code == "picture_is_folder"


@pytest.mark.needs("posix")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert refusal(tmp_path / "pipe.png").notice.code == "picture_unknown"


@pytest.mark.needs("posix")
@pytest.mark.skipif(sys.platform != "win32" and os.getuid() == 0, reason="root may read everything")
def test_a_file_without_permission_says_so(tmp_path):
    path = written(tmp_path, encoded(plain(), "PNG"))
    path.chmod(stat.S_IWUSR)
    assert refusal(path).notice.code == "picture_unreadable"


def test_what_the_system_refuses_is_a_sentence(tmp_path, monkeypatch):
    path = written(tmp_path, encoded(plain(), "PNG"))
    for error, code in (
        (PermissionError(13, "Permission denied"), "picture_unreadable"),
        (OSError(5, "Input/output error"), "picture_damaged"),
        (MemoryError(), "picture_no_memory"),
    ):
        monkeypatch.setattr(Image, "open", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
        assert refusal(path).notice.code == code


@pytest.mark.parametrize("content", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", b"<svg/>", b"PK\3\4"])
def test_not_a_picture(tmp_path, content):
    assert refusal(written(tmp_path, content)).notice.code == "picture_unknown"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PSD"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_cut_off(tmp_path, kind, part):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = psd(list(np.moveaxis(noise, 2, 0)), False) if kind == "PSD" else encoded(Image.fromarray(noise), kind)
    assert refusal(written(tmp_path, whole[: int(len(whole) * part)])).notice.code in ("picture_damaged", "picture_unknown")


HUGE = (9000, 8000), (11000, 9000), (40000, 40000)


@pytest.mark.parametrize(("width", "height"), HUGE)
@pytest.mark.parametrize("kind", ["PNG", "PSD", "TIFF", "BMP", "GIF"])
def test_declared_sizes_are_refused_before_anything_is_decoded(tmp_path, kind, width, height):
    """Files of a few hundred bytes that would become gigabytes."""
    if kind == "PNG":
        content = png(width, height, 8, 6, b"")
    elif kind == "PSD":
        content = b"8BPS" + struct.pack(">H6xHIIHH", 1, 4, height, width, 8, 3) + bytes(14)
    elif kind == "TIFF":
        tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8 << 16 if sys.byteorder == "big" else 8), (259, 3, 1, 1),
                (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, width * height)]  # fmt: skip
        entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
        content = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    elif kind == "BMP":
        header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        content = b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header
    else:
        content = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
        content += b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\0;"
    assert refusal(written(tmp_path, content)).notice.code == "picture_too_large"


def test_text_that_unpacks_to_gigabytes_is_refused(tmp_path):
    bomb = b"Comment\0\0" + zlib.compress(bytes(80_000_000), 9)
    content = png(4, 4, 8, 6, (b"\0" + bytes([200, 100, 50, 255]) * 4) * 4, chunk(b"zTXt", bomb))
    assert len(content) < 100_000
    assert refusal(written(tmp_path, content)).notice.code == "picture_damaged"


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 5), (5, 0)])
def test_pictures_without_pixels(tmp_path, width, height):
    content = png(width, height, 8, 6, b"\0" * height)
    assert refusal(written(tmp_path, content)).notice.code in ("picture_damaged", "picture_unknown")


def small_files() -> list[bytes]:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 20, 4), dtype=np.uint8))
    opaque = image.convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        encoded(image, "PNG", icc_profile=SRGB, exif=exif), encoded(image.quantize(8), "PNG"),
        encoded(image.convert("LA"), "PNG"), encoded(opaque, "JPEG", exif=exif, icc_profile=SRGB),
        encoded(opaque.convert("CMYK"), "JPEG"),
        encoded(image, "WEBP", lossless=True), encoded(opaque, "GIF"), encoded(opaque, "BMP"), encoded(image, "TIFF"),
        encoded(image, "TIFF", compression="tiff_lzw"),
        psd([np.full((6, 5), 90, np.uint8)] * 4, True), deep_png(6, (1, 2, 3, 60000)),
    ]  # fmt: skip


FILES = small_files()
changes = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8)


@pytest.mark.filterwarnings("ignore")  # Pillow has its opinion on damaged files
@settings(max_examples=250)
@given(st.sampled_from(range(len(FILES))), changes, st.floats(0, 1))
@example(0, [], 1.0)
def test_damaged_bytes_give_a_picture_or_a_sentence(tmp_path_factory, which, changed, kept):
    content = bytearray(FILES[which])
    for place, value in changed:
        content[place % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "damaged.bin"
    path.write_bytes(content[: max(1, int(len(content) * kept))] if kept < 0.7 else content)
    try:
        picture = load(path)
    except PictureError as error:
        assert "{" not in str(error)
    else:
        assert isinstance(picture, Picture) and picture.pixels.shape == (512, 512, 4)
        assert not picture.pixels[picture.pixels[..., 3] == 0].any()
