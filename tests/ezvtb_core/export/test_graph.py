from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from ezvtb_core.export.graph import Graph, Value, clip, cos, matmul, maximum, minimum, sin, sqrt

pytestmark = pytest.mark.needs("ort-cpu")


def run(graph: Graph, value: Value, inputs: dict[str, np.ndarray], opset: int = 16) -> np.ndarray:
    model = graph.model("test", {"y": (value, ())}, opset)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]


def formula(x):
    return clip(maximum(sin(x) * 2.0, cos(x)) - minimum(-x, 0.5) / 3.0, -1.0, 1.0) + 1.0 - sqrt(1.0 / (x * x + 1.0))


def test_the_same_formula_on_numbers_and_in_a_graph() -> None:
    x = np.linspace(-3, 3, 40, dtype=np.float32).reshape(4, 10)
    graph = Graph()
    given = graph.input("x", (4, 10))
    assert np.allclose(run(graph, formula(given), {"x": x}), formula(x), atol=1e-6)
    assert np.allclose(run(graph, matmul(given, x.T), {"x": x}), x @ x.T, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_constants_take_the_type_of_what_they_meet(dtype) -> None:
    graph = Graph()
    given = graph.input("x", (3,), dtype)
    made = given * 0.5 + np.array([1.0, 2.0, 3.0])
    assert made.dtype == dtype
    found = run(graph, made, {"x": np.ones(3, dtype)})
    assert found.dtype == dtype
    assert found.tolist() == [1.5, 2.5, 3.5]


def test_whole_numbers_stay_whole() -> None:
    graph = Graph()
    assert graph.const(np.array([1, 2])).dtype == np.int64
    assert graph.const(np.array([True])).dtype == np.float32


def test_a_cast_to_the_same_type_is_no_node() -> None:
    graph = Graph()
    given = graph.input("x", (2,))
    assert given.to(np.float32) is given
    assert given.to(np.uint8).dtype == np.uint8
    assert len(graph.nodes) == 1


def test_equal_constants_are_stored_once_and_named_ones_by_their_names() -> None:
    graph = Graph()
    given = graph.input("x", (2,))
    total = given + 1.0 + 1.0 + graph.const(np.ones(2, np.float32), "weight") + graph.const(np.ones(2, np.float32), "other")
    model = graph.model("test", {"y": (total, (2,))}, 16)
    assert sorted(tensor.name for tensor in model.graph.initializer) == ["c0", "other", "weight"]


def test_a_model_holds_what_its_outputs_need_and_no_more() -> None:
    graph = Graph()
    given = graph.input("x", (2,))
    kept, dropped = sin(given * 2.0), cos(given * 3.0)
    model = graph.model("test", {"y": (kept, (2,))}, 16)
    assert [node.op_type for node in model.graph.node] == ["Mul", "Sin"]
    assert [node.name for node in model.graph.node] == [node.output[0] for node in model.graph.node]
    assert len(model.graph.initializer) == 1
    assert [node.op_type for node in graph.model("again", {"z": (dropped, (2,))}, 16).graph.node] == ["Mul", "Cos"]


def test_outputs_may_be_inputs_constants_and_each_other() -> None:
    graph = Graph()
    given = graph.input("x", (2,))
    made = given * 2.0
    outputs = {
        "a": (made, (2,)),
        "b": (made, (2,)),
        "c": (given, (2,)),
        "d": (graph.const(np.ones(2)), (2,)),
        "e": (made * 2.0, (2,)),
    }
    model = graph.model("test", outputs, 16)
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(list(outputs), {"x": np.array([1, 2], np.float32)})
    assert [each.tolist() for each in found] == [[2, 4], [2, 4], [1, 2], [1, 1], [4, 8]]


def test_shapes() -> None:
    graph = Graph()
    x = np.arange(24, dtype=np.float32).reshape(1, 4, 2, 3)
    given = graph.input("x", x.shape)
    first, second = graph.split(given, [1, 3], 1)
    joined = graph.concat([second, first], 1)
    cut = graph.slice(graph.transpose(joined, 0, 2, 3, 1), 1, 3, 2)
    expected = np.concatenate([x[:, 1:], x[:, :1]], 1).transpose(0, 2, 3, 1)[:, :, 1:3].reshape(4, -1)
    assert np.array_equal(run(graph, graph.reshape(cut, 4, -1), {"x": x}), expected)


@pytest.mark.parametrize(("padding", "outside"), [("zeros", 0.0), ("border", 3.0)])
def test_sampling_beyond_the_edge(padding: str, outside: float) -> None:
    graph = Graph()
    texture = np.array([[[[1.0, 3.0]]]], np.float32)
    given = graph.input("grid", (1, 1, 2, 2))
    grid = np.array([[[[-0.5, 0.0], [5.0, 0.0]]]], np.float32)
    found = run(graph, graph.sample(graph.const(texture), given, padding), {"grid": grid})
    assert found.ravel().tolist() == [1.0, outside]
