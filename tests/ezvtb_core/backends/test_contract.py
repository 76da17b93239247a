"""What every backend promises. A new one is tested here as soon as it is in the table.

Providers of ONNX Runtime that this machine does not have are tested against `fake_runtime`: our own code is the same.
"""

from __future__ import annotations

import threading

import numpy as np
import pytest

from ezvtb_core import backends
from ezvtb_core.backends import SessionError, SessionOptions, TensorSpec
from ezvtb_core.backends.ort import OrtBackend
from tests.ezvtb_core.backends import fake_runtime
from tests.ezvtb_core.backends.graphs import SIGNATURE, two_by_two


@pytest.fixture(params=[(name, device) for name in sorted(backends.BACKENDS) for device in (0, 1)], ids=str)
def session(request, tmp_path, monkeypatch):
    name, device = request.param
    backend = backends.load(name)
    if not backends.probe(name).usable:
        assert isinstance(backend, OrtBackend)
        fake_runtime.pretend(monkeypatch, backend.provider.name)
    made = backend(two_by_two(tmp_path / "a.onnx"), SIGNATURE, SessionOptions(threads=1, device=device))
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


def tensors(session, specs=SIGNATURE.inputs):
    return {spec.name: session.allocate(spec) for spec in specs}


def test_tensors_begin_as_zeros_and_hold_what_is_written(session):
    tensor = session.allocate(TensorSpec("x", (2, 3), "float16"))
    assert tensor.spec == TensorSpec("x", (2, 3), "float16")
    assert tensor.read().dtype == np.float16 and not tensor.read().any()
    given = np.arange(6, dtype=np.float16).reshape(2, 3)
    tensor.write(given)
    given[:] = 99
    assert np.array_equal(tensor.read(), np.arange(6).reshape(2, 3))
    tensor.write(np.arange(12, dtype=np.float16).reshape(2, 6)[:, ::2])
    assert tensor.read().ravel().tolist() == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize("wrong", [np.zeros((1, 44), np.float32), np.zeros((1, 45), np.float64), np.zeros(45, np.float32)])
def test_tensors_refuse_what_does_not_fit(session, wrong):
    with pytest.raises(SessionError, match=r"expected x float32\(1,45\), got x float") as caught:
        session.allocate(SIGNATURE.inputs[0]).write(wrong)
    assert caught.value.notice.code == "session_tensor"


def test_bound_runs_give_what_other_runs_give_each_time_anew(session):
    inputs, outputs = tensors(session), tensors(session, SIGNATURE.outputs)
    bound = session.bind(inputs, outputs)
    for value in (1.0, 2.0, 1.0):
        for name, array in feeds(value).items():
            inputs[name].write(array)
        bound.run()
        expected = session.run(feeds(value))
        assert all(np.array_equal(outputs[name].read(), expected[name]) for name in expected)


def test_outputs_that_are_not_bound_are_not_kept(session):
    inputs, outputs = tensors(session), tensors(session, SIGNATURE.outputs[:1])
    inputs["x"].write(feeds(5.0)["x"])
    session.bind(inputs, outputs).run()
    expected = session.run({**feeds(5.0), "image": np.zeros((4, 4), np.uint8)})
    assert np.array_equal(outputs["y"].read(), expected["y"])


def test_an_output_is_the_input_of_the_next_graph_under_another_name(session, tmp_path):
    following = type(session)(two_by_two(tmp_path / "b.onnx"), SIGNATURE, SessionOptions(threads=1), *provider_of(session))
    inputs, between, outputs = tensors(session), tensors(session), tensors(session, SIGNATURE.outputs)
    first = session.bind(inputs, {"y": between["x"]})
    second = following.bind(between, outputs)
    for value in (3.0, 4.0):
        inputs["x"].write(feeds(value)["x"])
        first.run()
        second.run()
        middle = session.run({**feeds(value), "image": np.zeros((4, 4), np.uint8)})["y"]
        assert np.array_equal(outputs["y"].read(), following.run({"x": middle, "image": np.zeros((4, 4), np.uint8)})["y"])
    following.close()


def provider_of(session) -> tuple:
    return (session.provider,) if hasattr(session, "provider") else ()


def test_what_does_not_fit_the_graph_is_not_bound(session):
    inputs, outputs = tensors(session), tensors(session, SIGNATURE.outputs)
    for wrong in ({}, {"x": inputs["x"]}, {**inputs, "more": inputs["x"]}, {"x": inputs["image"], "image": inputs["x"]}):
        with pytest.raises(SessionError, match=r"x float32\(1,45\), image uint8\(4,4\)") as caught:
            session.bind(wrong, outputs)
        assert caught.value.notice.code == "session_inputs"
    for wrong in ({}, {"z": outputs["y"]}, {"y": outputs["frame"]}):
        with pytest.raises(SessionError, match=r"y float32\(1,45\), frame uint8\(4,4\)") as caught:
            session.bind(inputs, wrong)
        assert caught.value.notice.code == "session_outputs"


def test_bound_runs_end_with_the_session(session):
    bound = session.bind(tensors(session), tensors(session, SIGNATURE.outputs))
    session.close()
    with pytest.raises(SessionError) as caught:
        bound.run()
    assert caught.value.notice.code == "session_closed"
    with pytest.raises(SessionError):
        session.bind({}, {})


def test_bound_runs_from_several_threads_do_not_mix(session):
    expected = {value: session.run({**feeds(value), "image": np.zeros((4, 4), np.uint8)})["y"] for value in range(4)}
    wrong: list[int] = []

    def work(value: int) -> None:
        inputs, outputs = tensors(session), tensors(session, SIGNATURE.outputs)
        bound = session.bind(inputs, outputs)
        for _ in range(50):
            inputs["x"].write(feeds(value)["x"])
            bound.run()
            if not np.array_equal(outputs["y"].read(), expected[value]):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(value,)) for value in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
