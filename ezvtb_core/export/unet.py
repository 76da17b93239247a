"""The U-Net of Talking Head Anime 4's body morpher and upscaler: a diffusion network whose time is always 0.

What depends on the time alone is computed here, once, and becomes part of the normalisations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ezvtb_core.export.blocks import HALF, TWICE, Net, conv, normalise, resize
from ezvtb_core.export.graph import FLOAT32, Array, Value

EMBEDDING = 256
"""Width of what the time and the pose become."""
ROTATION_POSE = 6
GROUPS, HEADS = 32, 8
"""Of a normalisation, and of an attention."""
MIDDLE_BLOCKS, UP_BLOCKS = 4, 2
"""Residual blocks between the ways, and of each level on the way up; on the way down there is one."""
DIRECT, GRID, ALPHA = 4, 2, 1
"""Channels that come out, in this order."""


@dataclass(frozen=True)
class Map:
    """A value (1, channels, side, side)."""

    value: Value
    channels: int
    side: int


class Unet:
    """One U-Net in one graph. Its keys start with `body.`; there is attention at the coarsest level only."""

    def __init__(self, net: Net, pose: Value, side: int, channels: tuple[int, ...]) -> None:
        """`pose`: rotation (1, 6). `side`: of the picture. `channels`: of each level, each of half the side of the one before."""
        self.net, self.graph, self.side, self.channels = net, net.graph, side, channels
        # What is made of time and pose is small, and everything is multiplied with it: always float32.
        self.time = self._embed_time()
        self.pose = self._silu(self._embed_pose(pose.to(FLOAT32)))

    def __call__(self, first: Value) -> list[Value]:
        """From what the first convolution made: direct colour, grid and alpha (before its sigmoid)."""
        x = Map(first, self.channels[0], self.side)
        skips = [x]
        coarsest = len(self.channels) - 1
        for level, channels in enumerate(self.channels):
            at = f"body.down_blocks.{level}"
            x = self._residual(x, f"{at}.res_blocks.0", channels)
            if level == coarsest:
                x = self._attention(x, f"{at}.attention_blocks.0")
            skips.append(x)
            if level < coarsest:
                x = self._residual(x, f"{at}.downsample", channels, HALF)
                skips.append(x)
        x = self._middle(x)
        for n, channels in enumerate(reversed(self.channels)):
            at = f"body.up_blocks.{n}"
            for m in range(UP_BLOCKS):
                x = self._residual(self._join(x, skips.pop()), f"{at}.resnet_blocks.{m}", channels)
                if n == 0:
                    x = self._attention(x, f"{at}.attention_blocks.{m}")
            if n < coarsest:
                x = self._residual(x, f"{at}.upsample", channels, TWICE)
        scale, shift = (self._point(each) for each in self._affine("body.last.0", x.channels))
        last = self._silu(self._group_norm(x) * scale + shift)
        size = (x.channels, DIRECT + GRID + ALPHA, 3)
        return self.graph.split(conv(self.net, last, "body.last.2", size, bias=True), [DIRECT, GRID, ALPHA], 1)

    def _middle(self, x: Map) -> Map:
        for n in range(MIDDLE_BLOCKS):
            if n:
                x = self._attention(x, f"body.middle_blocks.{2 * n - 1}.module")
            x = self._residual(x, f"body.middle_blocks.{2 * n}", x.channels)
        return x

    def _join(self, x: Map, skip: Map) -> Map:
        return Map(self.graph.concat([x.value, skip.value], 1), x.channels + skip.channels, x.side)

    def _residual(self, x: Map, at: str, channels: int, factor: float = 1.0) -> Map:
        """A residual block that may change the number of channels and the size."""
        scale, shift = (self._point(each) for each in self._affine(f"{at}.norm0", x.channels))
        h = self._resample(self._silu(self._group_norm(x) * scale + shift), factor)
        side = round(x.side * factor)
        h = conv(self.net, h, f"{at}.conv0", (x.channels, channels, 3), bias=True)
        scale, shift = self._modulation(at, channels)
        h = self._silu(self._group_norm(Map(h, channels, side)) * scale + shift)
        h = conv(self.net, h, f"{at}.conv1", (channels, channels, 3), bias=True)
        skip = self._resample(x.value, factor)
        if channels != x.channels:
            skip = conv(self.net, skip, f"{at}.skip", (x.channels, channels, 1), bias=True)
        return Map(skip + h, channels, side)

    def _modulation(self, at: str, channels: int) -> tuple[Value, Value]:
        """Scale and shift after the second normalisation: its own, then the time's, then the pose's, (1, C, 1, 1) each."""
        scale, shift = self._affine(f"{at}.norm1", channels)
        weight, bias = self._linear(f"{at}.cond0_layers.1", EMBEDDING, 2 * channels)
        time_scale, time_shift = np.split(_silu(self.time) @ weight.T + bias, 2)
        posed = self._gemm(self.pose, f"{at}.cond1_layers.1", EMBEDDING, 2 * channels)
        pose_scale, pose_shift = self.graph.split(posed, [channels, channels], 1)
        gain = pose_scale + 1.0
        timed_scale, timed_shift = scale * (1 + time_scale), shift * (1 + time_scale) + time_shift
        return self._point(gain * timed_scale[None]), self._point(gain * timed_shift[None] + pose_shift)

    def _attention(self, x: Map, at: str) -> Map:
        """Every pixel looks at every other one. The softmax is float32."""
        graph, count, width = self.graph, x.side * x.side, x.channels // HEADS
        scale, shift = (self._point(each) for each in self._affine(f"{at}.norm", x.channels))
        qkv = conv(self.net, self._group_norm(x) * scale + shift, f"{at}.qkv", (x.channels, 3 * x.channels, 1), bias=True)
        parts = graph.split(qkv, [x.channels] * 3, 1)
        query, key, value = (graph.reshape(each, HEADS, width, count) for each in parts)
        shrink = 1 / np.sqrt(np.sqrt(width))
        scores = graph.op("MatMul", graph.transpose(query * shrink, 0, 2, 1), key * shrink)
        looked = graph.op("Softmax", scores.to(FLOAT32), axis=-1).to(self.net.dtype)
        seen = graph.op("MatMul", value, graph.transpose(looked, 0, 2, 1))
        seen = graph.reshape(seen, 1, x.channels, x.side, x.side)
        return replace(x, value=x.value + conv(self.net, seen, f"{at}.conv", (x.channels, x.channels, 1), bias=True))

    def _group_norm(self, x: Map) -> Value:
        """Each group of channels to mean 0 and deviation 1."""
        groups = min(GROUPS, x.channels)
        grouped = self.graph.reshape(x.value, 1, groups, -1, x.side)
        normal = normalise(self.net, grouped, groups)
        return self.graph.reshape(normal, 1, x.channels, x.side, x.side)

    def _affine(self, at: str, channels: int) -> tuple[Array, Array]:
        weights = self.net.weights
        return weights.array(f"{at}.weight", channels), weights.array(f"{at}.bias", channels)

    def _point(self, vector: Value | Array) -> Value:
        """A number per channel, (C,) or (1, C), as (1, C, 1, 1) for the activations."""
        value = vector if isinstance(vector, Value) else self.graph.const(vector)
        return self.graph.reshape(value, 1, -1, 1, 1).to(self.net.dtype)

    def _resample(self, x: Value, factor: float) -> Value:
        """Half the size by the mean of 2×2, or twice the size by repeating."""
        if factor == HALF:
            return self.graph.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
        return resize(self.net, x, TWICE, "nearest") if factor == TWICE else x

    def _silu(self, x: Value) -> Value:
        return x * self.graph.op("Sigmoid", x)

    def _linear(self, at: str, into: int, out: int) -> tuple[Array, Array]:
        return self.net.weights.array(f"{at}.weight", out, into), self.net.weights.array(f"{at}.bias", out)

    def _embed_time(self) -> Array:
        """(256,): time 0 is the cosine 1 and the sine 0 in every frequency."""
        width = self.channels[0]
        waves = np.repeat([1.0, 0.0], width // 2)
        weight, bias = self._linear("body.time_embed.1", width, EMBEDDING)
        hidden = _silu(weight @ waves + bias)
        weight, bias = self._linear("body.time_embed.3", EMBEDDING, EMBEDDING)
        return np.asarray(weight @ hidden + bias)

    def _embed_pose(self, pose: Value) -> Value:
        """(1, 256)."""
        hidden = self._silu(self._gemm(pose, "body.cond_embed.0", ROTATION_POSE, EMBEDDING))
        return self._gemm(hidden, "body.cond_embed.2", EMBEDDING, EMBEDDING)

    def _gemm(self, x: Value, at: str, into: int, out: int) -> Value:
        """A fully connected layer, float32."""
        weight, bias = self.net.weights.value(f"{at}.weight", out, into), self.net.weights.value(f"{at}.bias", out)
        return self.graph.op("Gemm", x, weight, bias, transB=1)


def _silu(x: Array) -> Array:
    return np.asarray(x / (1 + np.exp(-x)))
