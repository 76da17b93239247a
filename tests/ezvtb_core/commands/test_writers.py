from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.commands import writers
from ezvtb_core.commands.console import UsageError
from ezvtb_core.commands.gif_palette import GifPalette
from ezvtb_core.commands.writers import Pixels, Spool

WHITE = (255, 255, 255)


def frame(step: int, size: int = 128) -> Pixels:
    """A shaded disc with soft edges that moves to the right; straight BGRA."""
    rows, columns = np.mgrid[:size, :size]
    radius = np.hypot(rows - size / 2, columns - size / 2 - step)
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[..., 3] = np.clip((size / 3 - radius) * 64, 0, 255)
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = rows * 255 // size, 90, columns * 255 // size
    return pixels


def write(path: Path, fps: int, frames: list[Pixels]) -> writers.Writer:
    writer = writers.open_writer(path, fps, WHITE)
    for each in frames:
        writer.add(each)
    writer.save()
    writer.drop()
    assert sorted(path.parent.iterdir()) == [path], "nothing but the file is left"
    return writer


@pytest.mark.parametrize(("fps", "delay"), [(5, 200), (24, 40), (25, 40), (30, 30), (50, 20), (60, 20), (120, 20)])
def test_gif_timing(tmp_path: Path, fps: int, delay: int) -> None:
    writer = write(tmp_path / "x.gif", fps, [frame(step) for step in range(4)])
    assert writer.fps == pytest.approx(1000 / delay)
    with Image.open(tmp_path / "x.gif") as picture:
        assert picture.n_frames == 4
        for index in range(4):
            picture.seek(index)
            assert picture.info["duration"] == delay


def test_gif_shows_what_was_drawn(tmp_path: Path) -> None:
    frames = [frame(step * 3) for step in range(6)]
    write(tmp_path / "x.gif", 30, frames)
    with Image.open(tmp_path / "x.gif") as picture:
        for index, wanted in enumerate(frames):
            picture.seek(index)
            got = np.asarray(picture.convert("RGBA"))
            visible = wanted[..., 3] >= 128
            assert np.array_equal(got[..., 3] > 0, visible), "nothing of the frame before shines through"
            error = np.abs(got[visible][:, :3].astype(int) - wanted[visible][:, 2::-1])
            assert error.mean() < 6
            assert error.max() < 40


def test_gif_repeated_frames_are_kept_once_and_shown_longer(tmp_path: Path) -> None:
    write(tmp_path / "x.gif", 25, [frame(0)] * 5 + [frame(9)] * 3)
    with Image.open(tmp_path / "x.gif") as picture:
        assert picture.n_frames == 2
        assert picture.info["duration"] == 200
        picture.seek(1)
        assert picture.info["duration"] == 120
        assert picture.disposal_method == 2


def test_gif_of_an_empty_picture(tmp_path: Path) -> None:
    write(tmp_path / "x.gif", 30, [np.zeros((16, 16, 4), np.uint8)] * 2)
    with Image.open(tmp_path / "x.gif") as picture:
        assert not np.asarray(picture.convert("RGBA"))[..., 3].any()


def test_palette_does_not_dither() -> None:
    flat = np.full((32, 32, 4), (10, 120, 200, 255), np.uint8)
    palette = GifPalette([flat, frame(0, 32)])
    assert len(set(palette.picture(flat).getdata() if not hasattr(Image.Image, "get_flattened_data") else
                   palette.picture(flat).get_flattened_data())) == 1  # fmt: skip


def test_strip(tmp_path: Path) -> None:
    write(tmp_path / "x.png", 30, [frame(step) for step in range(20)])
    with Image.open(tmp_path / "x.png") as picture:
        strip = np.asarray(picture)
    assert strip.shape == (128, 128 * writers.STRIP_FRAMES, 4)
    assert np.array_equal(strip[:, :128], frame(0)[..., [2, 1, 0, 3]])
    assert np.array_equal(strip[:, -128:], frame(19)[..., [2, 1, 0, 3]])


@pytest.mark.needs("video")
def test_webm_keeps_transparency(tmp_path: Path) -> None:
    import av

    write(tmp_path / "x.webm", 30, [frame(step) for step in range(6)])
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(tmp_path / "x.webm")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 30
        shown = [each for packet in container.demux(stream) for each in decoder.decode(packet)]
    assert len(shown) == 6
    assert shown[0].format.name == "yuva420p"
    got = shown[0].to_ndarray(format="bgra")[..., 3].astype(int)
    assert np.abs(got - frame(0)[..., 3]).mean() < 2


@pytest.mark.needs("video")
def test_mp4_has_the_background_and_the_right_colours(tmp_path: Path) -> None:
    import av

    odd = [np.ascontiguousarray(frame(step)[:127, :125]) for step in range(5)]
    write(tmp_path / "x.mp4", 25, odd)
    with av.open(str(tmp_path / "x.mp4")) as container:
        assert container.streams.video[0].average_rate == 25
        shown = [each.to_ndarray(format="bgra", src_colorspace=1).astype(int) for each in container.decode(video=0)]
    assert len(shown) == 5
    assert shown[0].shape == (126, 124, 4)
    assert np.abs(shown[0][:8, :8, :3] - 255).max() < 6
    assert np.abs(shown[0][64, 64, :3] - odd[0][64, 64, :3]).max() < 12


@pytest.mark.parametrize("ending", [".gif", ".png", pytest.param(".webm", marks=pytest.mark.needs("video"))])
def test_dropped_before_the_end_nothing_is_left(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_text("what was there before")
    writer = writers.open_writer(path, 30, WHITE)
    writer.add(frame(0))
    writer.drop()
    assert path.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".gif", ".png", pytest.param(".webm", marks=pytest.mark.needs("video"))])
def test_without_frames_there_is_no_file(tmp_path: Path, ending: str) -> None:
    writer = writers.open_writer(tmp_path / f"x{ending}", 30, WHITE)
    writer.save()
    writer.drop()
    assert not list(tmp_path.iterdir())


def test_check(tmp_path: Path) -> None:
    writers.check(tmp_path / "x.GIF")
    assert not list(tmp_path.iterdir())
    for path, said in [
        (tmp_path / "x.avi", "Use one of: .gif .webm .mp4 .png"),
        (tmp_path / "x", "Use one of"),
        (tmp_path / "missing" / "x.gif", "cannot be written"),
    ]:
        with pytest.raises(UsageError, match=said):
            writers.check(path)
    (tmp_path / "folder.gif").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        writers.check(tmp_path / "folder.gif")


def test_replacing_keeps_the_old_file_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    path.write_text("old")

    def fail() -> None:
        with writers.replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_spool_refuses_another_size() -> None:
    spool = Spool()
    spool.add(frame(0))
    with pytest.raises(ValueError, match="expected"):
        spool.add(frame(0, 64))
    assert np.array_equal(spool[0], frame(0))
