"""trackers/sound/feed_sound.py: OBS's ring as a source."""

import array

import numpy as np
import pytest

from ezvtb_core.link.audio_ring import AudioRing
from ezvtb_core.link.feeds import Feed
from trackers.sound.feed_sound import FeedSound
from trackers.sound.source import SoundError


@pytest.fixture
def ring():
    made = AudioRing.create(4800)
    yield made
    made.close()


def feed(ring: AudioRing) -> Feed:
    return Feed(ring.name, ring.capacity, "Desktop")


def write(ring: AudioRing, left: list[float], right: list[float]) -> None:
    planes = [array.array("f", channel) for channel in (left, right)]
    ring.write([plane.buffer_info()[0] for plane in planes], len(left), 44100)


def test_it_begins_with_what_comes_from_now_on(ring):
    write(ring, [9.0], [9.0])
    source = FeedSound(feed(ring))
    assert source.hear(0.0) is None
    write(ring, [0.5, 1.0], [-0.5, 0.0])
    heard = source.hear(1.0)
    assert heard is not None
    assert heard.samples.tolist() == [0.0, 0.5]
    assert heard.rate == 44100
    assert source.hear(0.02) is None
    source.close()


def test_a_reader_that_was_too_slow_goes_on(ring):
    source = FeedSound(feed(ring))
    for _ in range(3):
        ring.write((), 4000, 48000)
    assert source.hear(0.0) is None
    write(ring, [1.0], [1.0])
    heard = source.hear(1.0)
    assert heard is not None
    assert heard.samples.tolist() == [1.0]
    source.close()


def test_what_is_not_a_number_passes_without_a_warning(ring):
    source = FeedSound(feed(ring))
    write(ring, [float("inf"), float("nan")], [float("-inf"), 1.0])
    heard = source.hear(1.0)
    assert heard is not None
    assert np.isnan(heard.samples).all()
    source.close()


def test_a_ring_that_is_gone_is_a_sentence(ring):
    gone = feed(ring)
    ring.close()
    with pytest.raises(SoundError, match="sound of Desktop cannot be read"):
        FeedSound(gone)
