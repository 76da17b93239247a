from __future__ import annotations

import numpy as np

from ezvtb_core.models import premultiplied


def picture(alpha: int, colour: int) -> np.ndarray:
    return np.array([[[colour, colour, colour, alpha]]], np.uint8)


def linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def test_colours_are_multiplied_in_linear_light():
    for alpha, colour in ((128, 200), (30, 255), (254, 17), (77, 90)):
        found = premultiplied.multiply(picture(alpha, colour))[0, 0]
        assert found[3] == alpha
        assert abs(linear(found[0] / 255) - linear(colour / 255) * alpha / 255) < 0.006


def test_opaque_pixels_stay_and_invisible_ones_are_empty():
    assert premultiplied.multiply(picture(255, 123)).tolist() == [[[123, 123, 123, 255]]]
    assert premultiplied.multiply(picture(0, 123)).tolist() == [[[0, 0, 0, 0]]]
    assert premultiplied.divide(picture(255, 123)).tolist() == [[[123, 123, 123, 255]]]
    assert premultiplied.divide(picture(0, 123)).tolist() == [[[0, 0, 0, 0]]]


def test_dividing_undoes_multiplying_where_there_is_alpha_to_speak_of():
    alpha, colour = np.meshgrid(np.arange(48, 256), np.arange(256), indexing="ij")
    frame = np.stack([colour, colour, colour, alpha], axis=2).astype(np.uint8)
    again = premultiplied.divide(premultiplied.multiply(frame))
    assert np.abs(again.astype(int) - frame).max() <= 3
    assert np.abs(again.astype(int) - frame).mean() < 0.6


def test_a_colour_brighter_than_its_alpha_allows_is_limited():
    assert premultiplied.divide(picture(40, 250))[0, 0].tolist() == [255, 255, 255, 40]


def test_the_frame_that_is_divided_is_left_alone():
    frame = picture(100, 90)
    premultiplied.divide(frame)
    assert frame.tolist() == [[[90, 90, 90, 100]]]
