"""What every backend promises. A new one is tested here as soon as it is in the table."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from ezvtb_core import backends
from ezvtb_core.backends import SessionError, SessionOptions
from tests.ezvtb_core.backends.graphs import SIGNATURE, two_by_two


@pytest.fixture(params=sorted(backends.BACKENDS))
def backend(request):
    found = backends.probe(request.param)
    if not found.usable:
        pytest.skip(str(found.reason))
    return backends.load(request.param)


@pytest.fixture
def session(backend, tmp_path):
    made = backend(two_by_two(tmp_path / "a.onnx"), SIGNATURE, SessionOptions(threads=1))
    yield made
    made.close()


def feeds(value: float = 0.0) -> dict[str, np.ndarray]:
    return {"x": np.full((1, 45), value, np.float32), "image": np.arange(16, dtype=np.uint8).reshape(4, 4)}


def test_signature_and_device(session):
    assert session.signature == SIGNATURE
    assert session.device


def test_outputs_have_names_shapes_and_types(session):
    outputs = session.run(feeds())
    assert {(name, array.shape, array.dtype.name) for name, array in outputs.items()} == {
        (spec.name, spec.shape, spec.dtype) for spec in SIGNATURE.outputs
    }


def test_same_inputs_same_outputs_and_others_differ(session):
    first, second, other = session.run(feeds(1.0)), session.run(feeds(1.0)), session.run(feeds(2.0))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["y"], other["y"])


def test_outputs_stay_after_later_runs(session):
    first = session.run(feeds(1.0))
    kept = {name: array.copy() for name, array in first.items()}
    for value in range(2, 30):
        session.run(feeds(value))
    assert all(np.array_equal(first[name], kept[name]) for name in first)


def test_inputs_are_not_written_to(session):
    given = feeds(3.0)
    session.run(given)
    assert all(np.array_equal(given[name], array) for name, array in feeds(3.0).items())


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"x": np.zeros((1, 45), np.float32)},
        {"x": np.zeros((1, 44), np.float32), "image": np.zeros((4, 4), np.uint8)},
        {"x": np.zeros((1, 45), np.float64), "image": np.zeros((4, 4), np.uint8)},
        {"x": np.zeros((1, 45), np.float32), "picture": np.zeros((4, 4), np.uint8)},
        {"x": np.zeros((1, 45), np.float32), "image": np.zeros((4, 4), np.uint8), "more": np.zeros(1, np.float32)},
    ],
)
def test_wrong_inputs_say_expected_and_got(session, wrong):
    with pytest.raises(SessionError, match=r"x float32\(1,45\)") as caught:
        session.run(wrong)
    assert caught.value.notice.code == "session_inputs"


def test_close_twice_then_run(session):
    session.close()
    session.close()
    with pytest.raises(SessionError) as caught:
        session.run(feeds())
    assert caught.value.notice.code == "session_closed"


def test_runs_from_several_threads(session):
    expected = {value: session.run(feeds(value))["y"].copy() for value in range(4)}
    wrong: list[int] = []

    def work(value: int) -> None:
        for _ in range(50):
            if not np.array_equal(session.run(feeds(value))["y"], expected[value]):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(value,)) for value in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
