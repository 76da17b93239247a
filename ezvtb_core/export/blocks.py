"""What the networks of the THA family are made of, as their authors wrote it.

All tensors are (1, C, H, W). Activations and weights have the type of the `Net`; statistics of normalisation and sampling
coordinates are float32 in any case, because half precision is too coarse for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ezvtb_core.export.graph import FLOAT32, Array, DType, Graph, Term, Value
from ezvtb_core.export.weights import Weights

EPSILON = 1e-5
"""Of all normalisations."""
HALF, TWICE = 0.5, 2.0


@dataclass(frozen=True)
class Net:
    """One network on its way into a graph."""

    graph: Graph
    weights: Weights
    dtype: DType = FLOAT32
    """Type of weights and activations."""
    separable: bool = False
    """Whether convolutions of the body are split in two: each channel by itself (k×k), then all channels (1×1)."""
    last: bool = False
    """Whether no other network works on with what this one makes."""

    @property
    def exact(self) -> bool:
        """Whether normalisations keep all digits of float32.

        The operator adds up a whole picture in one long sum, which over flat areas loses four digits in ONNX Runtime on
        processors (deviations 1e-4 off), and what networks make of each other's errors is 5e-3 in the final frame. Adding
        up rows first takes three times as long as the operator; so the last network, which has the largest pictures and
        nobody to hand errors on to, does not. Half precision has no such digits.
        """
        return self.dtype == FLOAT32 and not self.last

    def parameter(self, key: str, *shape: int) -> Value:
        """A weight of a convolution or product."""
        return self.weights.value(key, *shape, dtype=self.dtype)


@dataclass(frozen=True)
class Activation:
    """What follows a normalisation."""

    slope: float = 0.0
    """For negative numbers: 0 makes it a ReLU."""

    def __call__(self, x: Value) -> Value:
        if self.slope:
            return x.graph.op("LeakyRelu", x, alpha=self.slope)
        return x.graph.op("Relu", x)


def conv(net: Net, x: Value, at: str, size: tuple[int, int, int], stride: int = 1, bias: bool = False) -> Value:
    """A dense convolution. `size`: channels in, channels out, kernel."""
    into, out, kernel = size
    parameters: list[Term] = [net.parameter(f"{at}.weight", out, into, kernel, kernel)]
    if bias:
        parameters.append(net.parameter(f"{at}.bias", out))
    return net.graph.op("Conv", x, *parameters, **_window(kernel, stride))


def body_conv(net: Net, x: Value, keys: Sequence[str], size: tuple[int, int, int], stride: int = 1) -> Value:
    """A convolution of the body without bias; `keys`: of the dense one or of the first half, of the second half."""
    into, out, kernel = size
    if not net.separable:
        return conv(net, x, keys[0], size, stride)
    each = net.parameter(f"{keys[0]}.weight", into, 1, kernel, kernel)
    x = net.graph.op("Conv", x, each, group=into, **_window(kernel, stride))
    return conv(net, x, keys[1], (into, out, 1))


def instance_norm(net: Net, x: Value, at: str, channels: int) -> Value:
    """Each channel to mean 0 and deviation 1, then its own scale and shift. The statistics are those of this picture."""
    scale, shift = net.weights.array(f"{at}.weight", channels), net.weights.array(f"{at}.bias", channels)
    if not net.exact:
        return _operator(net, x, scale, shift)
    centred, deviation = _statistics(x)
    return centred * x.graph.op("Div", scale.reshape(1, -1, 1, 1), deviation) + shift.reshape(1, -1, 1, 1)


def normalise(net: Net, x: Value, channels: int) -> Value:
    """`instance_norm` without scale and shift."""
    if not net.exact:
        return _operator(net, x, np.ones(channels, np.float32), np.zeros(channels, np.float32))
    centred, deviation = _statistics(x)
    return centred / deviation


def _operator(net: Net, x: Value, scale: Array, shift: Array) -> Value:
    """The operator; its statistics are float32 in any case."""
    return net.graph.op("InstanceNormalization", x.to(FLOAT32), scale, shift, epsilon=EPSILON).to(net.dtype)


def _statistics(x: Value) -> tuple[Value, Value]:
    """Each channel around its mean, and its deviation (1, C, 1, 1); see `Net.exact`."""
    centred = x - _mean(x)
    return centred, x.graph.op("Sqrt", _mean(centred * centred) + EPSILON)


def block(net: Net, x: Value, at: str, size: tuple[int, int, int], act: Activation, stride: int = 1) -> Value:
    """Convolution, normalisation, activation."""
    x = body_conv(net, x, (f"{at}.0", f"{at}.1"), size, stride)
    return act(instance_norm(net, x, _norm(net, at), size[1]))


def pose_block(net: Net, x: Value, planes: Value, at: str, size: tuple[int, int, int], act: Activation) -> Value:
    """`block` of a picture together with the constant planes of a pose, `planes`; in float32 whatever the network is in.

    The planes move a channel's mean by many times its deviation, for the normalisation to take off again: numbers in half
    precision have no digits left then, and long sums few.
    """
    exact = replace(net, dtype=FLOAT32, last=False)
    return block(exact, net.graph.concat([x.to(FLOAT32), planes], 1), at, size, act).to(net.dtype)


def up_block(net: Net, x: Value, at: str, into: int, out: int, act: Activation) -> Value:
    """Twice the size by a transposed convolution (kernel 4, stride 2), normalisation, activation."""
    window = {"kernel_shape": [4, 4], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    if net.separable:
        x = net.graph.op("ConvTranspose", x, net.parameter(f"{at}.0.weight", into, 1, 4, 4), group=into, **window)
        x = conv(net, x, f"{at}.1", (into, out, 1))
    else:
        x = net.graph.op("ConvTranspose", x, net.parameter(f"{at}.0.weight", into, out, 4, 4), **window)
    return act(instance_norm(net, x, _norm(net, at), out))


def residual(net: Net, x: Value, at: str, channels: int, act: Activation) -> Value:
    """x + (convolution, normalisation, activation, convolution, normalisation)."""
    path, size = f"{at}.resnet_path", (channels, channels, 3)
    first, second = ((f"{path}.{n}.0", f"{path}.{n}.1") if net.separable else (f"{path}.{n}",) for n in (0, 3))
    y = act(instance_norm(net, body_conv(net, x, first, size), f"{path}.1", channels))
    return x + instance_norm(net, body_conv(net, y, second, size), f"{path}.4", channels)


def planes(net: Net, pose: Value, count: int, side: int) -> Value:
    """Pose values (1, count) as constant pictures, float32 (1, count, side, side)."""
    points = net.graph.reshape(pose.to(FLOAT32), 1, count, 1, 1)
    return net.graph.op("Expand", points, np.array([1, count, side, side], np.int64))


def base_grid(side: int) -> Array:
    """Where the pixels of a picture are, float32 (1, side, side, 2): centres (2i + 1) / side - 1, x first."""
    centres = (2 * np.arange(side, dtype=np.float32) + 1) / np.float32(side) - 1
    return np.stack(np.meshgrid(centres, centres), axis=-1)[None]


def warp(net: Net, image: Value, offset: Value, side: int) -> Value:
    """`image` sampled at its own place + `offset` (1, 2, side, side), in units of half the picture; edges go on outside."""
    grid = net.graph.transpose(offset.to(FLOAT32), 0, 2, 3, 1) + base_grid(side)
    return net.graph.sample(image.to(FLOAT32), grid, padding="border").to(net.dtype)


def mix(alpha: Value, colour: Value, image: Value) -> Value:
    """`colour` over `image` with opacity `alpha`."""
    return colour * alpha + image * (1.0 - alpha)


def resize(net: Net, x: Value, factor: float, mode: str = "linear") -> Value:
    """Another size. `linear`: bilinear, corners not aligned (half the size is exactly the mean of 2×2); or `nearest`."""
    scales = net.graph.const(np.array([1, 1, factor, factor], np.float32))
    nothing = Value(net.graph, "")
    if mode == "nearest":
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        how = {"coordinate_transformation_mode": "half_pixel"}
    return net.graph.op("Resize", x, nothing, scales, mode=mode, **how)


def paste(net: Net, image: Value, patch: Value, rows: slice, columns: slice, side: int) -> Value:
    """`image` (1, C, side, side) with `patch` in the box."""
    graph = net.graph
    top, middle, bottom = graph.split(image, [rows.start, rows.stop - rows.start, side - rows.stop], 2)
    left, _, right = graph.split(middle, [columns.start, columns.stop - columns.start, side - columns.stop], 3)
    return graph.concat([top, graph.concat([left, patch, right], 3), bottom], 2)


def crop(net: Net, image: Value, rows: slice, columns: slice) -> Value:
    """The box out of `image`."""
    return net.graph.slice(net.graph.slice(image, rows.start, rows.stop, 2), columns.start, columns.stop, 3)


def _mean(x: Value) -> Value:
    """Of each channel, (1, C, 1, 1)."""
    rows = x.graph.op("ReduceMean", x, axes=[3], keepdims=1)
    return x.graph.op("ReduceMean", rows, axes=[2], keepdims=1)


def _norm(net: Net, at: str) -> str:
    return f"{at}.{2 if net.separable else 1}"


def _window(kernel: int, stride: int) -> dict[str, list[int]]:
    # A stride of 2 goes with a kernel of 4 and one pixel of border; others keep the size.
    border = 1 if stride == 2 else kernel // 2
    return {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [border] * 4}
