"""Neighbourhoods, islands and carried colours."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ezvtb_core.image_doctor.neighbours import around, carry, islands, pool

grids = arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def neighbours(flags: np.ndarray, row: int, column: int) -> np.ndarray:
    return flags[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8))))
def test_around_looks_at_all_eight_and_not_over_the_edge(plane):
    for row, column in np.ndindex(plane.shape):
        assert around(plane, np.maximum)[row, column] == neighbours(plane, row, column).max()
        assert around(plane, np.minimum)[row, column] == neighbours(plane, row, column).min()


@given(grids)
def test_islands_are_what_a_flood_reaches(flags):
    labels = islands(flags)
    assert not labels[~flags].any()
    for start in np.argwhere(flags):
        reached = np.zeros_like(flags)
        reached[tuple(start)] = True
        while not np.array_equal(grown := around(reached, np.maximum) & flags, reached):
            reached = grown
        assert np.array_equal(labels == labels[tuple(start)], reached)


def test_pool_covers_the_rest_at_the_edges():
    flags = np.zeros((5, 7), bool)
    flags[4, 6] = True
    assert pool(flags, 3).tolist() == [[False, False, False], [False, False, True]]


def test_carried_colours_are_means_of_known_neighbours_and_reach_no_further_than_asked():
    pixels = np.zeros((1, 6, 4), np.uint8)
    pixels[0, 0, :3], pixels[0, 5, :3] = (100, 0, 10), (200, 0, 20)
    known = np.array([[True, False, False, False, False, True]])
    colours, have = carry(pixels, known, np.ones_like(known), 1)
    assert have.tolist() == [[True, True, False, False, True, True]]
    assert colours[0, 1].tolist() == [100, 0, 10]
    colours, have = carry(pixels[:, [0, 1, 5]], known[:, [0, 1, 5]], np.ones((1, 3), bool), 3)
    assert colours[0, 1].tolist() == [150, 0, 15]
    assert pixels[0, 1].tolist() == [0, 0, 0, 0]  # the picture itself is left alone
