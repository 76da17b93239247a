from __future__ import annotations

import json

import pytest

from ezvtb_core.link.feeds import Feed, Feeds


def test_a_feed_survives_json():
    feed = Feed("ezvtuber-frames-1-abc", 4096, "麦克风")
    assert Feed.from_json(json.loads(json.dumps(feed.to_json()))) == feed
    assert Feed.from_json(None) is None


@pytest.mark.parametrize("bad", [{}, {"buffer": "x"}, {"buffer": "x", "capacity": "many", "label": ""}, 7, []])
def test_anything_else_is_refused(bad):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Feed.from_json(bad)


def test_feeds_are_replaced_and_ended():
    feeds, first, second = Feeds(), Feed("a", 1, "Mic"), Feed("b", 1, "Mic")
    feeds.set("sound", first)
    feeds.set("camera", second)
    assert (feeds.get("sound"), feeds.get("camera")) == (first, second)
    feeds.set("sound", second)
    assert feeds.get("sound") is second
    feeds.set("sound", None)
    assert feeds.get("sound") is None and feeds.get("camera") is second


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="smell"):
        Feeds().set("smell", None)
