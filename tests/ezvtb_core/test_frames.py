from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core import frames


def every_pair() -> np.ndarray:
    """All 65536 pairs of colour and alpha: blue holds the colour, green its inverse, red is full."""
    alpha, colour = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8), indexing="ij")
    return np.stack([colour, 255 - colour, np.full_like(colour, 255), alpha], axis=-1)


def test_premultiply_is_exact_for_every_colour_and_alpha():
    frame = every_pair()
    exact = (frame.astype(np.int64) * frame[..., 3:] + 127) // 255
    exact[..., 3] = frame[..., 3]
    assert np.array_equal(frames.premultiply(frame), exact)


def test_premultiply_writes_into_out_and_in_place():
    frame = every_pair()
    expected = frames.premultiply(frame)
    out = np.zeros_like(frame)
    assert frames.premultiply(frame, out=out) is out
    assert np.array_equal(out, expected)
    frames.premultiply(frame, out=frame)
    assert np.array_equal(frame, expected)


@pytest.mark.parametrize("view", [lambda f: f[::2, ::3], lambda f: f[::-1]])
def test_premultiply_takes_frames_that_are_not_contiguous(view):
    frame = view(every_pair())
    assert np.array_equal(frames.premultiply(frame), frames.premultiply(frame.copy()))


def test_unpremultiply_is_undone_exactly_by_premultiply():
    premultiplied = frames.premultiply(every_pair())
    straight = frames.unpremultiply(premultiplied)
    assert np.array_equal(frames.premultiply(straight), premultiplied)
    opaque = premultiplied[..., 3] == 255
    assert np.array_equal(straight[opaque], premultiplied[opaque])
    assert not straight[premultiplied[..., 3] == 0].any()


def test_unpremultiply_in_place_and_of_colours_that_exceed_their_alpha():
    frame = every_pair()
    expected = frames.unpremultiply(frame)
    assert expected[100, 200, 0] == 255
    assert frames.unpremultiply(frame, out=frame) is frame
    assert np.array_equal(frame, expected)


def test_swap_red_blue():
    frame = np.array([[[1, 2, 3, 4]]], np.uint8)
    assert frames.swap_red_blue(frame).tolist() == [[[3, 2, 1, 4]]]
    assert frame.tolist() == [[[1, 2, 3, 4]]]
