from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from ezvtb_core.export import blocks
from ezvtb_core.export.blocks import HALF, TWICE, Activation, Net
from ezvtb_core.export.graph import Graph, Value
from ezvtb_core.export.weights import Weights

pytestmark = pytest.mark.needs("ort-cpu")


def run(build, dtype=np.float32, arrays=None, **inputs: np.ndarray) -> np.ndarray:
    graph = Graph()
    net = Net(graph, Weights(graph, arrays or {}), np.dtype(dtype))
    made: Value = build(net, *(graph.input(name, array.shape, array.dtype) for name, array in inputs.items()))
    model = graph.model("test", {"y": (made, ())}, 16)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)


def test_base_grid_is_pixel_centres_x_first() -> None:
    grid = blocks.base_grid(4)
    assert grid.shape == (1, 4, 4, 2)
    assert grid[0, 0, :, 0].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert grid[0, :, 2, 1].tolist() == [-0.75, -0.25, 0.25, 0.75]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_no_offset_warps_nothing(dtype) -> None:
    image = random(1, 4, 8, 8).astype(dtype)
    still = np.zeros((1, 2, 8, 8), dtype)
    found = run(lambda net, image, grid: blocks.warp(net, image, grid, 8), dtype, image=image, grid=still)
    assert found.dtype == dtype
    assert np.abs(found - image).max() < (1e-6 if dtype == np.float32 else 1e-3)


def test_an_offset_is_in_halves_of_the_picture_and_edges_go_on() -> None:
    image, grid = random(1, 1, 8, 8), np.zeros((1, 2, 8, 8), np.float32)
    grid[:, 0] = 2 * 2 / 8  # two pixels to the right
    found = run(lambda net, image, grid: blocks.warp(net, image, grid, 8), image=image, grid=grid)
    assert np.allclose(found[..., :6], image[..., 2:], atol=1e-6)
    assert np.allclose(found[..., 6:], image[..., 7:], atol=1e-6)


def test_half_the_size_is_the_mean_of_four_and_nearest_repeats() -> None:
    image = random(1, 2, 8, 8)
    assert np.allclose(
        run(lambda net, x: blocks.resize(net, x, HALF), x=image), image.reshape(1, 2, 4, 2, 4, 2).mean((3, 5)), atol=1e-6
    )
    repeated = run(lambda net, x: blocks.resize(net, x, TWICE, "nearest"), x=image)
    assert np.array_equal(repeated, image.repeat(2, 2).repeat(2, 3))


def test_paste_and_crop() -> None:
    image, patch = random(1, 4, 8, 8), np.ones((1, 4, 3, 2), np.float32)
    box = (slice(1, 4), slice(5, 7))
    pasted = run(lambda net, image, patch: blocks.paste(net, image, patch, *box, 8), image=image, patch=patch)
    expected = image.copy()
    expected[:, :, 1:4, 5:7] = 1
    assert np.array_equal(pasted, expected)
    assert np.array_equal(run(lambda net, x: blocks.crop(net, x, *box), x=image), image[:, :, 1:4, 5:7])


def test_a_pose_becomes_constant_planes() -> None:
    pose = random(1, 3)
    found = run(lambda net, pose: blocks.planes(net, pose, 3, 5), pose=pose)
    assert np.array_equal(found, np.broadcast_to(pose[..., None, None], (1, 3, 5, 5)))


def test_activations() -> None:
    x = np.array([-2.0, 3.0], np.float32)
    assert run(lambda net, x: Activation()(x), x=x).tolist() == [0, 3]
    assert np.allclose(run(lambda net, x: Activation(0.1)(x), x=x), [-0.2, 3])


def flat_picture() -> np.ndarray:
    """Mostly of one colour, as pictures with a transparent background are: what long sums of float32 get wrong."""
    x = np.full((1, 2, 512, 512), 0.7371, np.float32)
    x[:, :, 200:300, 200:300] = random(1, 2, 100, 100)
    return x


def test_normalisation_keeps_its_digits_over_large_flat_areas() -> None:
    x = flat_picture()
    arrays = {"n.weight": np.array([1.5, -0.5], np.float32), "n.bias": np.array([0.25, 1.0], np.float32)}
    found = run(lambda net, x: blocks.instance_norm(net, x, "n", 2), arrays=arrays, x=x)
    exact = x.astype(np.float64)
    exact = (exact - exact.mean((2, 3), keepdims=True)) / np.sqrt(exact.var((2, 3), keepdims=True) + 1e-5)
    expected = exact * arrays["n.weight"].reshape(1, 2, 1, 1) + arrays["n.bias"].reshape(1, 2, 1, 1)
    assert np.abs(found - expected).max() < 2e-5
    assert np.abs(run(lambda net, x: blocks.normalise(net, x, 2), x=x) - exact).max() < 2e-5


def test_normalisation_in_half_precision_has_float32_statistics() -> None:
    x = (random(1, 2, 128, 128) * 300).astype(np.float16)  # its squares do not fit into half precision
    found = run(lambda net, x: blocks.normalise(net, x, 2), np.float16, x=x)
    assert found.dtype == np.float16
    exact = x.astype(np.float64)
    exact = (exact - exact.mean((2, 3), keepdims=True)) / exact.std((2, 3), keepdims=True)
    assert np.abs(found - exact).max() < 2e-3


def test_a_pose_of_great_weight_costs_half_precision_no_digits() -> None:
    """The planes move the mean by a hundred deviations; what is left has to be the picture."""
    image, pose = random(1, 1, 32, 32) * np.float32(0.01), np.array([[1.0]], np.float32)
    weight = np.zeros((1, 2, 3, 3), np.float32)
    weight[0, 0, 1, 1], weight[0, 1, 1, 1] = 1, 100
    arrays = {"b.0.weight": weight, "b.1.weight": np.ones(1, np.float32), "b.1.bias": np.full(1, 10, np.float32)}

    def build(net: Net, image: Value, pose: Value) -> Value:
        return blocks.pose_block(net, image, blocks.planes(net, pose, 1, 32), "b", (2, 1, 3), Activation())

    found = run(build, np.float16, arrays, image=image.astype(np.float16), pose=pose)
    exact = image.astype(np.float16).astype(np.float64)
    expected = (exact - exact.mean()) / np.sqrt(exact.var() + 1e-5) + 10
    assert np.abs(found - expected).max() < 0.01
