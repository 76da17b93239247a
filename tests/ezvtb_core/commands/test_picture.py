"""`picture`: a picture checked without OBS."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.commands import picture
from ezvtb_core.commands.console import UsageError
from ezvtb_core.frames import swap_red_blue
from ezvtb_core.image_doctor import Fit, load
from ezvtb_core.link import paths
from tests.ezvtb_core.commands.conftest import Heard


@pytest.fixture
def moved(tmp_path):
    """The bundled character elsewhere on a larger canvas."""
    canvas = Image.new("RGBA", (1000, 800))
    with Image.open(paths.STILL_IMAGE) as still:
        canvas.paste(still, (400, 250))
    canvas.save(tmp_path / "角色 é.png")
    return tmp_path / "角色 é.png"


def test_tells_the_score_what_was_done_and_writes_what_the_models_get(console, moved, tmp_path):
    out = tmp_path / "out.png"
    assert picture.run([str(moved), "--out", str(out)], console) == 0
    assert "1000×800 pixels, 100 of 100" in console.out
    assert "The head was found and put in place" in console.out and str(out) in console.out
    assert "{" not in console.out
    with Image.open(out) as written:
        assert np.array_equal(swap_red_blue(np.asarray(written)), load(moved).pixels)


def test_json_holds_everything(console, moved, tmp_path):
    assert picture.run([str(moved), "--json", "--out", str(tmp_path / "o.png")], console) == 0
    data = console.data
    assert (data["score"], data["fit"], data["original"]) == (100, "auto", [1000, 800])
    assert np.abs(np.subtract(data["head"], [192, 64, 320, 192])).max() < 1
    assert data["out"] == str(tmp_path / "o.png")
    assert data["findings"][0]["code"] == "picture_placed" and data["findings"][0]["text"]


def test_in_chinese(moved):
    console = Heard({}, "zh-CN")
    picture.run([str(moved)], console)
    assert "满分 100" in console.out and "已找到头部" in console.out


@pytest.mark.parametrize(
    ("flags", "fit"),
    [
        ((), Fit()),
        (("--fit", "template"), Fit("template")),
        (("--head", "65,47,16"), Fit("manual", 0.65, 0.47, 0.16)),
        (("--fit", "manual"), Fit("manual")),
    ],
)
def test_fit_flags(console, moved, tmp_path, flags, fit):
    picture.run([str(moved), "--out", str(tmp_path / "o.png"), *flags], console)
    with Image.open(tmp_path / "o.png") as written:
        assert np.array_equal(swap_red_blue(np.asarray(written)), load(moved, fit).pixels)


@pytest.mark.parametrize(
    "flags",
    [("--fit", "magic"), ("--head", "1,2"), ("--head", "a,b,c"), ("--head", "50,25,1"), ("--head", "500,25,20"),
     ("--head", "nan,25,20"), ("--fit", "auto", "--head", "50,25,25"), ("--out", "a.jpg"), ("--out", "/nowhere/a.png"),
     ("--magic",)],
)  # fmt: skip
def test_bad_flags_are_usage_errors_with_expected_and_got(console, moved, flags):
    with pytest.raises(UsageError) as caught:
        picture.run([str(moved), *flags], console)
    assert "{" not in str(caught.value)


def test_a_bad_picture_is_bad_input_and_nothing_is_written(console, tmp_path):
    (tmp_path / "a.png").write_bytes(b"hello")
    with pytest.raises(UsageError, match="not a picture"):
        picture.run([str(tmp_path / "a.png"), "--out", str(tmp_path / "o.png")], console)
    with pytest.raises(UsageError, match="not there"):
        picture.run([str(tmp_path / "none.png")], console)
    assert not (tmp_path / "o.png").exists()


def test_a_picture_with_problems_says_what_to_do(console, tmp_path):
    Image.new("RGB", (64, 64), (200, 30, 30)).save(tmp_path / "a.png")
    picture.run([str(tmp_path / "a.png")], console)
    assert "-40" in console.out and "no transparent background" in console.out
