"""Pictures of an OBS source through real shared memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from ezvtb_core.link.feeds import Feed, Feeds
from ezvtb_core.link.framebuffer import FrameBuffer
from tests.trackers.camera.fakes import needs_opencv
from trackers.camera import feed
from trackers.camera.feed import ObsPictures

pytestmark = needs_opencv
CAPACITY = 480 * 270 * 4


@pytest.fixture
def buffer() -> Iterator[FrameBuffer]:
    made = FrameBuffer.create(CAPACITY)
    yield made
    made.close()


def publish(buffer: FrameBuffer, blue: int, width: int = 480, height: int = 270) -> None:
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[...] = (blue, 20, 30, 255)
    buffer.publish(memoryview(pixels).cast("B"), width, height)


def fed(buffer: FrameBuffer, feeds: Feeds) -> None:
    feeds.set("camera", Feed(buffer.name, buffer.capacity, "My camera"))


def test_without_a_feed_the_camera_is_to_be_chosen() -> None:
    pictures = ObsPictures(Feeds(), 30)
    assert pictures.take(0.02) is None
    notice = pictures.notice()
    assert notice is not None
    assert notice.code == "webcam_no_source"
    pictures.close()


def test_each_picture_is_taken_once_and_in_rgb(buffer: FrameBuffer) -> None:
    feeds = Feeds()
    fed(buffer, feeds)
    pictures = ObsPictures(feeds, 60)
    publish(buffer, 10)
    picture = pictures.take(5.0)
    assert picture is not None
    assert picture.rgb.shape == (270, 480, 3)
    assert picture.rgb[100, 100].tolist() == [30, 20, 10]
    assert pictures.label == "My camera"
    assert pictures.notice() is None
    assert pictures.take(0.05) is None
    publish(buffer, 11, width=320, height=180)
    again = pictures.take(5.0)
    assert again is not None
    assert again.rgb[0, 0].tolist() == [30, 20, 11]
    pictures.close()


def test_a_buffer_made_anew_is_followed(buffer: FrameBuffer) -> None:
    feeds = Feeds()
    fed(buffer, feeds)
    pictures = ObsPictures(feeds, 60)
    publish(buffer, 10)
    assert pictures.take(5.0) is not None
    other = FrameBuffer.create(CAPACITY)
    fed(other, feeds)
    publish(other, 77)
    picture = pictures.take(5.0)
    assert picture is not None
    assert picture.rgb[0, 0, 2] == 77
    feeds.set("camera", None)
    assert pictures.take(0.02) is None
    pictures.close()
    other.close()


def test_a_buffer_that_is_gone_is_said_and_tried_again(monkeypatch: pytest.MonkeyPatch, buffer: FrameBuffer) -> None:
    monkeypatch.setattr(feed, "ATTACH_SECONDS", 0.01)
    feeds = Feeds()
    gone = FrameBuffer.create(CAPACITY)
    fed(gone, feeds)
    gone.close()
    pictures = ObsPictures(feeds, 60)
    assert pictures.take(0.05) is None
    notice = pictures.notice()
    assert notice is not None
    assert notice.code == "framebuffer_gone"
    fed(buffer, feeds)
    publish(buffer, 5)
    assert pictures.take(5.0) is not None
    assert pictures.notice() is None
    pictures.close()


def test_a_source_without_pictures_is_named(monkeypatch: pytest.MonkeyPatch, buffer: FrameBuffer) -> None:
    feeds = Feeds()
    fed(buffer, feeds)
    pictures = ObsPictures(feeds, 60)
    assert pictures.take(0.02) is None
    assert pictures.notice() is None
    monkeypatch.setattr(feed, "SILENT_SECONDS", 0.0)
    notice = pictures.notice()
    assert notice is not None
    assert (notice.code, notice.params["name"]) == ("webcam_source_silent", "My camera")
    pictures.close()


def test_no_more_pictures_than_wanted(buffer: FrameBuffer) -> None:
    feeds = Feeds()
    fed(buffer, feeds)
    pictures = ObsPictures(feeds, 5)
    taken = 0
    for blue in range(40):
        publish(buffer, blue)
        taken += pictures.take(0.01) is not None
    assert 1 <= taken <= 8
    pictures.close()
