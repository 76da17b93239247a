from __future__ import annotations

import pytest

from ezvtb_core import rewrite
from ezvtb_core.rewrite.tail import find_tail
from ezvtb_core.rewrite.view import GraphView
from tests.ezvtb_core.rewrite import networks


@pytest.mark.parametrize("alphas", [1, 4])
def test_finds_what_painting_needs(alphas):
    model = networks.painter(alphas)
    shapes = rewrite.shapes(model)
    tail = find_tail(GraphView(model.graph), shapes)
    assert tail is not None and tail.image == "image"
    found = {name: shapes[getattr(tail, name)][1] for name in ("shift", "alpha", "colour")}
    assert found == {"shift": 2, "alpha": alphas, "colour": 4}
    makers = {output: node.op_type for node in model.graph.node for output in node.output}
    assert (makers[tail.shift], makers[tail.alpha], makers[tail.colour]) == ("Add", "Sigmoid", "Tanh")


@pytest.mark.parametrize("ending", ["added", "places doubled"])
def test_other_endings_are_not_taken_for_painting(ending):
    model = networks.painter(ending=ending)
    assert find_tail(GraphView(model.graph), rewrite.shapes(model)) is None


def test_a_graph_without_a_warp_has_no_tail():
    model = networks.joint()
    assert find_tail(GraphView(model.graph), rewrite.shapes(model)) is None
