from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ezvtb_core import frames
from ezvtb_core.image_doctor import TEMPLATE_HEAD, Box, Fit, Picture, Report, treat
from ezvtb_core.models import ModelError, ModelRequest
from ezvtb_core.models.picture import CELL, MovingPicture, find_anatomy
from ezvtb_core.pose import INDEX, neutral

MOVING = ("head_x", "head_y", "neck_z", "body_y", "body_z")


def figure() -> np.ndarray:
    """A head with two eyes on shoulders that are cut off by the lower edge, smooth edges, straight BGRA."""
    image = Image.new("RGBA", (1024, 1024))
    draw = ImageDraw.Draw(image)
    draw.polygon([(230, 1024), (300, 500), (450, 400), (574, 400), (720, 500), (790, 1024)], fill=(60, 90, 200, 255))
    draw.ellipse((390, 130, 634, 420), fill=(240, 200, 180, 255))
    draw.ellipse((426, 250, 474, 300), fill=(0, 0, 0, 255))
    draw.ellipse((550, 250, 598, 300), fill=(0, 0, 0, 255))
    return frames.swap_red_blue(np.asarray(image.resize((512, 512), Image.Resampling.LANCZOS)))


def opaque() -> np.ndarray:
    pixels = np.random.default_rng(0).integers(0, 256, (512, 512, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    return pixels


def posed(**values: float) -> np.ndarray:
    pose = neutral()
    for name, value in values.items():
        pose[INDEX[name]] = value
    return pose


def picture(pixels: np.ndarray, head: Box = TEMPLATE_HEAD) -> Picture:
    return Picture(pixels, (512, 512), head, Report())


@pytest.fixture(scope="module")
def model() -> MovingPicture:
    return MovingPicture(picture(figure()))


def dark_spots(frame: np.ndarray) -> np.ndarray:
    """Centre (x, y) of the left and the right eye."""
    dark = (frame[..., :3].max(axis=2) < 60) & (frame[..., 3] > 200)
    rows, columns = np.nonzero(dark)
    middle = columns.mean()
    return np.array([(columns[side].mean(), rows[side].mean()) for side in (columns < middle, columns > middle)])


def test_neutral_pose_is_the_picture_to_the_last_bit(model):
    expected = frames.premultiply(figure())
    assert np.array_equal(frames.premultiply(model.render(neutral())), expected)
    photo = MovingPicture(treat(opaque(), keep_whole=True))
    assert np.array_equal(photo.render(neutral()), opaque())


@pytest.mark.parametrize(
    ("name", "value", "direction"),
    [("head_y", 1, (-1, 0)), ("head_y", -1, (1, 0)), ("head_x", 1, (0, -1)), ("head_x", -1, (0, 1)), ("neck_z", 1, (-1, 0)),
     ("neck_z", -1, (1, 0)), ("body_z", 1, (-1, 0)), ("body_y", 1, (-1, 0)), ("breathing", 1, (0, -1))],
)  # fmt: skip
def test_face_moves_in_the_direction_of_the_pose(model, name, value, direction):
    """To the subject's own right is to the left of the picture, up is a smaller y."""
    moved = dark_spots(model.render(posed(**{name: value}))).mean(axis=0) - dark_spots(model.render(neutral())).mean(axis=0)
    along = moved @ direction
    assert along > 2.0
    assert along > 1.5 * abs(moved @ (direction[1], direction[0]))


def test_tilt_to_the_right_shoulder_lowers_the_right_eye(model):
    left, right = dark_spots(model.render(posed(neck_z=1)))
    assert left[1] > right[1] + 5  # the subject's right eye is on the left


def test_breath_leaves_the_width_of_the_bottom_and_lifts_the_shoulders(model):
    out = model.render(posed(breathing=1)).copy()
    still = model.render(neutral())
    assert np.array_equal(out[-1], still[-1])
    assert np.flatnonzero(out[..., 3].any(axis=1))[0] < np.flatnonzero(still[..., 3].any(axis=1))[0]


EXTREMES = [posed(**dict(zip(MOVING, values, strict=True)), breathing=1) for values in itertools.product((-1, 1), repeat=5)]


def test_bottom_edge_stays_whatever_the_pose(model):
    expected = frames.premultiply(figure())[-1].astype(int)
    for pose in EXTREMES:
        bottom = frames.premultiply(model.render(pose))[-1].astype(int)
        assert np.abs(bottom - expected).max() <= 40  # less than half a pixel of movement at an edge
        assert ((bottom[:, 3] > 250) == (expected[:, 3] > 250)).mean() > 0.99


HEADS = [TEMPLATE_HEAD, Box.square(256, 128, 60), Box.square(100, 300, 110), Box.square(256, 230, 300), Box.square(300, 500, 20)]


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_nothing_folds_over_or_tears(head):
    model = MovingPicture(picture(figure(), head))
    for pose in EXTREMES:
        x, y = model.warp(pose)
        area = np.diff(x, axis=1)[:-1] * np.diff(y, axis=0)[:, :-1] - np.diff(x, axis=0)[:, :-1] * np.diff(y, axis=1)[:-1]
        assert area.min() > 0.1 * CELL * CELL
        assert area.max() < 3.0 * CELL * CELL


def test_opaque_inside_stays_opaque(model):
    """A hole would be a transparent pixel with opaque ones on both sides in its row, between head and body."""
    for pose in EXTREMES[::5]:
        for row in model.render(pose)[..., 3]:
            inside = np.flatnonzero(row == 255)
            if inside.size:
                assert row[inside[0] : inside[-1] + 1].min() >= 250


def test_edges_keep_the_colour_of_the_figure():
    """Straight sampling would mix in the black under alpha 0; white must stay white down to the faintest edge."""
    white = figure()
    white[..., :3] = np.where(white[..., 3:] > 0, 255, 0)
    model = MovingPicture(picture(white))
    for pose in EXTREMES[::3]:
        frame = model.render(pose)
        assert frame[frame[..., 3] > 8][:, :3].min() >= 225
        assert not frame[frame[..., 3] == 0].any()


def test_photo_without_transparency_fills_the_frame():
    model = MovingPicture(treat(opaque(), keep_whole=True))
    for pose in EXTREMES[::4]:
        assert (model.render(pose)[..., 3] == 255).all()


def test_small_movement_moves_less_than_a_pixel(model):
    still = dark_spots(model.render(neutral()))
    assert np.abs(dark_spots(model.render(posed(head_y=0.02))) - still).max() < 1.0


def test_the_anatomy_follows_the_head_that_was_found():
    anatomy = find_anatomy(picture(figure()))
    assert (anatomy.head_x, anatomy.head_y, anatomy.radius, anatomy.bottom) == (256, 128, 64, 512)
    anatomy = find_anatomy(picture(figure()[:400], Box.square(200, 100, 80)))
    assert (anatomy.head_x, anatomy.head_y, anatomy.radius, anatomy.bottom) == (200, 100, 40, 400)


def test_a_picture_of_any_shape_moves_where_its_head_is():
    """The whole of a wide picture is the frame; the figure in it is small and on the right."""
    wide = np.zeros((700, 1400, 4), np.uint8)
    wide[188:, 800:1312] = figure()
    model = MovingPicture(treat(wide, Fit("manual", (800 + 256) / 1400, (188 + 137) / 700, 145 / 700), keep_whole=True))
    still, turned = (dark_spots(model.render(posed(head_y=value)).copy()) for value in (0.0, 1.0))
    assert still.mean(axis=0) == pytest.approx(((800 + 256) * 512 / 1400, 256 + (188 + 137) * 512 / 1400), abs=3)
    assert 1 < still[:, 0].mean() - turned[:, 0].mean() < 12


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (511, 511, 512, 512), (0, 500, 512, 512), (200, 0, 210, 512)])
def test_odd_content_is_no_trouble(box):
    left, top, right, bottom = box
    pixels = np.zeros((512, 512, 4), np.uint8)
    pixels[top:bottom, left:right] = (10, 20, 30, 255)
    for given in (picture(pixels), treat(pixels), treat(pixels, keep_whole=True)):
        model = MovingPicture(given)
        for pose in EXTREMES[::7]:
            assert model.render(pose).shape == (512, 512, 4)


def test_build_needs_a_picture():
    def no_session(path, expected):
        raise AssertionError("needs no graph")

    with pytest.raises(ModelError) as caught:
        MovingPicture.build(ModelRequest("picture", no_session))
    assert caught.value.notice.code == "model_needs_picture"
