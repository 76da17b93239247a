"""trackers/sound/source.py: what holds for every source of sound."""

import array
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ezvtb_core.link.audio_ring import AudioRing
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.messages import Notice
from tests.peers import wait_until
from trackers.sound.feed_sound import FeedSound
from trackers.sound.microphone import Microphone
from trackers.sound.source import Heard, Source


@pytest.fixture(params=["microphone", "obs"])
def source(request, audio) -> Iterator[Source]:
    if request.param == "microphone":
        opened: Source = Microphone("Headset")
        yield opened
    else:
        ring = AudioRing.create(48000)
        opened = FeedSound(Feed(ring.name, ring.capacity, "Mic/Aux"))
        block = array.array("f", [0.01] * 480)
        ring.write([block.buffer_info()[0]] * 2, 480, 48000)
        yield opened
        ring.close()
    opened.close()
    opened.close()


def test_sound_arrives_as_mono_with_rate_and_time(source):
    found: list[Heard | None] = []
    assert wait_until(lambda: found.append(source.hear(0.1)) or found[-1] is not None)
    heard = found[-1]
    assert heard is not None
    assert heard.samples.dtype == np.float32
    assert heard.samples.ndim == 1
    assert np.allclose(heard.samples, 0.01)
    assert heard.rate in (16000, 48000)
    assert abs(time.monotonic() - heard.end) < 5.0


def test_it_says_what_it_listens_to(source):
    assert isinstance(source.live, Notice)
    assert source.live.params["name"] in ("Headset", "Mic/Aux")
    assert isinstance(source.quiet(), Notice)
