"""Every rewrite is compared with the original graph, run by ONNX Runtime."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest

from ezvtb_core import rewrite
from tests.ezvtb_core.rewrite import networks


def run(model: onnx.ModelProto, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip([each.name for each in session.get_outputs()], session.run(None, given), strict=True))


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


MODELS = {
    "heads and a tail": networks.painter(),
    "two parts": networks.joint(),
    "three parts": networks.joint((16, 16, 64), bias=False),
    "enlarged": networks.enlarged(),
    "enlarged by half pixels": networks.enlarged(mode="half_pixel"),
    "enlarged, others before": networks.enlarged("before"),
    "enlarged, others after": networks.enlarged("after"),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_rewritten_graph_gives_the_same_numbers(model):
    given = networks.inputs(model)
    expected = run(model, given)
    rewrite.optimise(model, expected.keys())
    onnx.checker.check_model(model, full_check=True)
    found = run(model, given)
    assert found.keys() == expected.keys()
    for name, array in found.items():
        limit = 1 if array.dtype == np.uint8 else 1e-5
        assert np.abs(array.astype(np.float64) - expected[name]).max() <= limit


def test_heads_become_one_convolution():
    model = networks.painter()
    before = kinds(model)["Conv"]
    rewrite.optimise(model, ["cv_result"])
    assert (before, kinds(model)["Conv"]) == (3, 1)


def test_joined_channels_go_their_own_ways():
    model = networks.joint()
    rewrite.optimise(model, ["y"])
    assert kinds(model) == {"Relu": 2, "Conv": 4, "Add": 1}


@pytest.mark.parametrize(("joined", "convolutions"), [("", 4), ("before", 5), ("after", 5)])
def test_what_is_enlarged_is_convolved_before(joined, convolutions):
    model = networks.enlarged(joined)
    rewrite.optimise(model, ["y"])
    found = kinds(model)
    assert (found["Resize"], found["Conv"], found["DepthToSpace"]) == (0, convolutions, 1)
    kernels = {tuple(tensor.dims[2:]) for tensor in model.graph.initializer if len(tensor.dims) == 4}
    assert kernels == ({(2, 2)} if not joined else {(2, 2), (3, 3)})


@pytest.mark.parametrize("facts", [{"kernel": 1}, {"kernel": 5}, {"channels": 64}])
def test_other_enlargements_stay_as_they_are(facts):
    model = networks.enlarged(**facts)
    before = model.SerializeToString()
    rewrite.optimise(model, ["y"])
    assert model.SerializeToString() == before


def test_parts_that_do_not_fill_a_kernels_block_stay_joined():
    model = networks.joint((32, 10))
    rewrite.optimise(model, ["y"])
    assert kinds(model)["Concat"] == 1


def test_outputs_that_nobody_wants_are_left_out_with_all_that_only_they_needed():
    model = networks.painter()
    nodes = len(model.graph.node)
    model.graph.node.append(onnx.helper.make_node("Neg", ["result"], ["unused"]))
    rewrite.optimise(model, ["cv_result"])
    assert [output.name for output in model.graph.output] == ["cv_result"]
    assert len(model.graph.node) < nodes
    assert len(model.graph.input) == 2, "whoever runs the graph gives all inputs"


def test_weights_that_are_computed_are_left_alone():
    model = networks.painter()
    weight = next(node for node in model.graph.node if node.op_type == "Conv").input[1]
    for node in model.graph.node:
        node.input[:] = ["computed" if name == weight else name for name in node.input]
    model.graph.node.insert(0, onnx.helper.make_node("Neg", [weight], ["computed"]))
    rewrite.optimise(model, ["cv_result"])
    assert kinds(model)["Conv"] == 2  # the other two are one


def test_a_graph_without_anything_to_rewrite_stays_as_it_is():
    model = networks.joint((32, 10))
    before = model.SerializeToString()
    rewrite.optimise(model, ["y"])
    assert model.SerializeToString() == before
