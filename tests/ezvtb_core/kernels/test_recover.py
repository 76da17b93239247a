from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from ezvtb_core.kernels import recover
from tests.ezvtb_core.kernels import students


def test_layers_of_a_body_network(tmp_path):
    levels, last = recover.body(students.save_body(tmp_path / "body.onnx"))
    assert [(level.side, level.width, len(level.rest)) for level in levels] == [(128, 12, 2), (256, 8, 2), (512, 6, 1)]
    assert [level.carry.shape for level in levels] == [(0, 12), (8, 8), (6, 6)]
    assert (last.inputs, last.outputs) == (6, 7)


def test_the_frequency_may_be_a_factor_of_its_own(tmp_path):
    inside, inside_last = recover.face(students.save_face(tmp_path / "a.onnx"))
    apart, apart_last = recover.face(students.save_face(tmp_path / "b.onnx", frequency_apart=True))
    assert np.allclose(inside[0].rest[0].weight, apart[0].rest[0].weight, rtol=1e-5)
    assert np.allclose(inside[0].rest[0].bias, apart[0].rest[0].bias, rtol=1e-5)
    assert np.array_equal(inside_last.weight, apart_last.weight)


@pytest.mark.parametrize("kind", ["other activation", "no bias", "one network for the other", "three by three", "no graph"])
def test_other_graphs_are_refused(tmp_path, kind):
    path = students.save_body(tmp_path / "a.onnx")
    graph = onnx.load(path)
    convolution = next(node for node in graph.graph.node if node.op_type == "Conv")
    if kind == "other activation":
        next(node for node in graph.graph.node if node.op_type == "Sin").op_type = "Tanh"
    elif kind == "no bias":
        del convolution.input[2]
    elif kind == "one network for the other":
        students.save_face(path)
        graph = onnx.load(path)
    elif kind == "three by three":
        name = convolution.input[1]
        tensor = next(each for each in graph.graph.initializer if each.name == name)
        tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros((12, 47, 3, 3), np.float32), name))
    onnx.save(graph, path)
    if kind == "no graph":
        path.write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(recover.NotAStudentError):
        recover.body(path)


def test_constants_as_nodes_are_found(tmp_path):
    path = students.save_face(tmp_path / "a.onnx")
    model = onnx.load(path)
    nodes = [helper.make_node("Constant", [], [tensor.name], value=tensor) for tensor in model.graph.initializer]
    nodes += list(model.graph.node)
    del model.graph.initializer[:]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, tmp_path / "b.onnx")
    expected, found = recover.face(path), recover.face(tmp_path / "b.onnx")
    assert np.array_equal(expected[1].weight, found[1].weight)
