from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.export.checkpoint import WeightsError
from ezvtb_core.export.graph import Graph
from ezvtb_core.export.weights import Census, Weights, check

FILE = Path("somewhere") / "editor.pt"
EXPECTED = {"a.weight": (2, 3), "a.bias": (2,)}


def arrays() -> dict[str, np.ndarray]:
    return {key: np.ones(shape, np.float32) for key, shape in EXPECTED.items()}


def test_what_fits_is_accepted() -> None:
    check(FILE, arrays(), EXPECTED)
    check(FILE, {key: value.astype(np.float16) for key, value in arrays().items()}, EXPECTED)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"a.weight": None}, r"expected 2 parameters, got 1\. Missing: a\.weight\. Unexpected: -"),
        ({"b": np.ones(1, np.float32)}, r"expected 2 parameters, got 3\. Missing: -\. Unexpected: b"),
        ({"a.weight": np.ones((3, 2), np.float32)}, r"a\.weight .* expected float \(2, 3\), got float32 \(3, 2\)"),
        ({"a.weight": np.ones((2, 3), np.int64)}, r"got int64 \(2, 3\)"),
        ({"a.bias": np.array([1, np.nan], np.float32)}, r"a\.bias holds a value that is not a number"),
        ({"a.bias": np.array([1, -np.inf], np.float32)}, r"a\.bias holds"),
    ],
)
def test_an_error_names_file_and_key_expected_and_got(change: dict, said: str) -> None:
    found = {key: value for key, value in {**arrays(), **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=said) as caught:
        check(FILE, found, EXPECTED)
    assert str(FILE) in str(caught.value)


def test_only_a_few_keys_are_listed() -> None:
    many = {f"k{n}": np.ones(1, np.float32) for n in range(50)}
    with pytest.raises(WeightsError, match=r"k0, k1, k2, … \(50\)"):
        check(FILE, {**arrays(), **many}, EXPECTED)


def test_numbers_must_fit_into_the_precision() -> None:
    found = {**arrays(), "a.bias": np.array([1, 70000], np.float32)}
    check(FILE, found, EXPECTED)
    with pytest.raises(WeightsError, match="65504"):
        check(FILE, found, EXPECTED, np.dtype(np.float16))


def test_weights_are_constants_with_the_names_of_their_keys() -> None:
    graph = Graph()
    weights = Weights(graph, arrays(), "editor.")
    assert weights.value("a.weight", 2, 3).name == "editor.a.weight"
    assert weights.value("a.bias", 2, dtype=np.dtype(np.float16)).dtype == np.float16
    assert weights.array("a.bias", 2).dtype == np.float32


def test_a_census_writes_down_what_is_asked_for() -> None:
    graph = Graph()
    census = Census(graph)
    census.value("a.weight", 2, 3)
    assert not census.array("a.bias", 2).any()
    assert census.shapes == EXPECTED
    assert not graph.constants
