"""Our picture in the program equals the one OBS's own image source makes of the same pixels."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PIL import Image

from tests.obs.harness import CANVAS, avatar, wait_for

pytestmark = pytest.mark.obs

PUBLISH = """
import json
from ezvtb_core.link.framebuffer import FrameBuffer
state = instances()[0].state
buffer = FrameBuffer.attach(state.buffer.name, state.buffer.capacity)
with open({path!r}, "rb") as file:
    result = buffer.publish(memoryview(file.read()), {width}, {height})
buffer.close()
"""


PLACE = """
from ezvtb_core.link.framebuffer import FrameBuffer
state = instances()[0].state
buffer = FrameBuffer.attach(state.buffer.name, state.buffer.capacity)
buffer.place({placement!r})
buffer.close()
"""


def half_transparent(width: int = 512, height: int = 512) -> np.ndarray:
    """Straight RGBA with every alpha, hard and soft edges, saturated and grey colours; (0,127,0,128) in one corner."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 0] = x * 255 // (width - 1)
    picture[..., 1] = y * 255 // (height - 1)
    picture[..., 2] = 128 + 127 * np.sin(x / 17.0) * np.cos(y / 23.0)
    distance = np.hypot(x - width / 2, y - height / 2) / (min(width, height) / 2)
    picture[..., 3] = np.clip((1.05 - distance) * 400, 0, 255)
    picture[: height // 8, : width // 8] = (0, 127, 0, 128)
    picture[picture[..., 3] == 0] = 0
    return picture


def premultiplied_bgra(picture: np.ndarray) -> np.ndarray:
    """What the worker writes: c·a/255 in encoded space, rounded."""
    result = picture.astype(np.uint32)
    result[..., :3] = (result[..., :3] * result[..., 3:] + 127) // 255
    return result[..., [2, 1, 0, 3]].astype(np.uint8)


@pytest.fixture
def pair(studio, bare_copy, tmp_path):
    """An OBS with our source (no worker: the frame is published by the test) and an image source showing the same picture."""
    picture = half_transparent()
    png, raw = tmp_path / "same.png", tmp_path / "same.bgra"
    Image.fromarray(picture).save(png)
    raw.write_bytes(premultiplied_bgra(picture).tobytes())
    obs = studio(script=bare_copy).open(avatar("Ours"))
    obs.create("Background", {"color": 0xFFC8C8C8, "width": CANVAS[0], "height": CANVAS[1]}, kind="color_source_v3")
    obs.create("Theirs", {"file": str(png)}, kind="image_source")
    obs.ask("SetSceneItemIndex", sceneName="Scene", sceneItemId=item(obs, "Background"), sceneItemIndex=0)
    obs.inside(PUBLISH.format(path=str(raw), width=512, height=512))
    wait_for(lambda: obs.inside("result = instances()[0].state.shown"), 5, "upload")
    return obs


def item(obs, name):
    return obs.ask("GetSceneItemId", sceneName="Scene", sourceName=name)["sceneItemId"]


def programs(obs, transform):
    """The program with only our source, and with only theirs."""
    pictures = []
    for name in ("Ours", "Theirs"):
        for other in ("Ours", "Theirs"):
            obs.ask("SetSceneItemEnabled", sceneName="Scene", sceneItemId=item(obs, other), sceneItemEnabled=other == name)
        obs.ask("SetSceneItemTransform", sceneName="Scene", sceneItemId=item(obs, name), sceneItemTransform=transform)
        # A crop or filter goes through a texture that the next frame makes anew.
        time.sleep(0.1)
        pictures.append(obs.picture("Scene").astype(int))
    return pictures


TRANSFORMS = {
    "plain": {},
    "cropped": {"cropLeft": 31, "cropTop": 17, "cropRight": 60, "cropBottom": 5},
    "half": {"scaleX": 0.5, "scaleY": 0.5},
    "double": {"scaleX": 2.0, "scaleY": 2.0},
    "moved by half a pixel and turned": {"positionX": 100.5, "positionY": 50.5, "rotation": 33.0},
}


@pytest.mark.parametrize("filtered", [False, True], ids=["", "with a colour filter"])
def test_the_program_equals_image_source(pair, filtered):
    if filtered:
        for name in ("Ours", "Theirs"):
            settings = {"gamma": 0.4, "contrast": 0.3, "hue_shift": 40.0, "opacity": 0.7}
            pair.ask(
                "CreateSourceFilter", sourceName=name, filterName="Colour", filterKind="color_filter_v2", filterSettings=settings
            )
    for name, transform in TRANSFORMS.items():
        full = {"positionX": 0.0, "positionY": 0.0, "rotation": 0.0, "scaleX": 1.0, "scaleY": 1.0}
        full.update({"cropLeft": 0, "cropTop": 0, "cropRight": 0, "cropBottom": 0, **transform})
        ours, theirs = programs(pair, full)
        assert (theirs[..., :3] != 200).any(), "the image source shows nothing"
        difference = np.abs(ours - theirs).max()
        assert difference <= 2, f"{name}: differs by {difference} at {np.argwhere(np.abs(ours - theirs) > 2)[:3]}"


PLACEMENTS = {
    "nowhere": (0.0, 0.0, 0.0, 1.0),
    "right and up": (0.25, -0.125, 0.0, 1.0),
    "leaning": (0.0, 0.0, 12.0, 1.0),
    "nearer": (0.0, 0.0, 0.0, 1.25),
    "all of it": (-0.125, 0.0625, -7.5, 0.75),
    "nowhere again": (0.0, 0.0, 0.0, 1.0),
}
"""Shift right and down in sides, lean clockwise in degrees, scale."""


def test_a_placed_picture_is_where_a_scene_item_of_obs_would_be(pair):
    """Lean and scale about the middle of the lower edge: for OBS's own item that is its alignment."""
    bottom_centre, origin = 8, (400.0, 150.0)
    for name, (right, down, degrees, scale) in PLACEMENTS.items():
        theirs = {
            "alignment": bottom_centre,
            "positionX": origin[0] + (0.5 + right) * 512,
            "positionY": origin[1] + (1.0 + down) * 512,
            "rotation": degrees,
            "scaleX": scale,
            "scaleY": scale,
        }
        ours = {"positionX": origin[0], "positionY": origin[1]}
        for source, transform in (("Ours", ours), ("Theirs", theirs)):
            pair.ask("SetSceneItemTransform", sceneName="Scene", sceneItemId=item(pair, source), sceneItemTransform=transform)
        pair.inside(PLACE.format(placement=(right, down, degrees, scale)))
        pictures = []
        for source in ("Ours", "Theirs"):
            for other in ("Ours", "Theirs"):
                enabled = other == source
                pair.ask("SetSceneItemEnabled", sceneName="Scene", sceneItemId=item(pair, other), sceneItemEnabled=enabled)
            time.sleep(0.1)
            pictures.append(pair.picture("Scene")[..., :3].astype(int))
        assert (pictures[1] != 200).any(), "the image source shows nothing"
        # A float of libobs and one of Python may round an edge to different pixels.
        difference = np.abs(pictures[0] - pictures[1]).max(2)
        assert (difference > 3).mean() < 2e-4, f"{name}: {np.argwhere(difference > 3)[:3]}"
        assert difference.mean() < 0.02, name
        assert pair.picture("Ours").shape == (512, 512, 4), "the source keeps its size"


def test_what_is_drawn_after_a_placed_picture_is_where_it_belongs(pair):
    """The matrix is put back as it was: an item above ours does not move."""
    above = pair.create("Above", {"color": 0xFF0000FF, "width": 40, "height": 30}, kind="color_source_v3")
    transform = {"positionX": 700.0, "positionY": 600.0}
    pair.ask("SetSceneItemTransform", sceneName="Scene", sceneItemId=above, sceneItemTransform=transform)
    pair.inside(PLACE.format(placement=(0.3, 0.1, 30.0, 1.5)))
    time.sleep(0.2)
    red = (pair.picture("Scene")[..., :3] == (255, 0, 0)).all(2)
    rows, columns = np.nonzero(red)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (600, 629, 700, 739)
    assert red.sum() == 40 * 30


def test_a_frame_of_another_size_is_shown_in_its_size(studio, bare_copy, tmp_path):
    picture = half_transparent(300, 200)
    raw = tmp_path / "small.bgra"
    raw.write_bytes(premultiplied_bgra(picture).tobytes())
    obs = studio(script=bare_copy).open(avatar("Ours"))
    wait_for(lambda: obs.picture("Ours").shape == (512, 512, 4), 5, "still character")
    obs.inside(PUBLISH.format(path=str(raw), width=300, height=200))
    wait_for(lambda: obs.picture("Ours").shape == (200, 300, 4), 5, "the other size")
    shown = obs.picture("Ours")[..., [2, 1, 0, 3]].astype(int)
    assert np.abs(shown - premultiplied_bgra(picture)).max() <= 1


def test_a_frame_buffer_with_damaged_sizes_keeps_the_last_good_frame(studio, bare_copy):
    obs = studio(script=bare_copy).open(avatar("Ours"))
    wait_for(lambda: obs.picture("Ours")[..., 3].max() == 255, 5, "still character")
    before = obs.picture("Ours")
    obs.inside(
        "import struct\n"
        "memory = instances()[0].state.buffer._memory\n"
        "struct.pack_into('<Q', memory, 192 + 64, 1)\n"
        "struct.pack_into('<III', memory, 192 + 64 + 8, 60000, 60000, 240000)\n"
        "struct.pack_into('<Q', memory, 64, 1)\n"
    )
    assert (obs.picture("Ours") == before).all()
