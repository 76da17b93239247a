"""Draws every layer and compiles the character to one ONNX graph: pose (1, 45) float32 to frame (S, S, 4) uint8 BGRA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from ezvtb_core.export.graph import IR_VERSION, Array, Graph, Value, clip, maximum
from ezvtb_core.pose import INDEX

from . import features, rig
from .brushes import Pen
from .layers import body, eyes, face, hair, headphones

OPSET = 17  # the lowest with everything used here, so that most execution providers can run it
UNITS = 512  # the picture is this many units wide and high
NAME, AUTHOR, LICENCE, VERSION = "Ezumi", "EZVTuber for OBS contributors", "CC0-1.0", "1.0.0"
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Layer:
    """A drawn texture: its box in units, texels per unit (for a 512 picture), drawing function and motion."""

    name: str
    box: Box
    scale: float
    draw: Callable[[Pen], None]
    motion: rig.Motion
    nodes: tuple[int, int] = (13, 13)  # control points of the deformation, across and down


LAYERS = (
    Layer("back", (182, 62, 330, 280), 1.0, hair.back_hair, rig.Motion(depth=-30, wide=-0.0107, hang=175)),
    Layer("neck", (218, 166, 294, 244), 1.5, face.neck, rig.Motion(neck=(184, 214), depth=4)),
    Layer("body", (133, 202, 379, 534), 1.5, body.body, rig.Motion(head=0)),
    Layer("bow", (220, 250, 292, 322), 2.0, body.bow, rig.Motion(head=0, depth=9), (5, 5)),
    Layer(
        "face", (204, 72, 308, 196), 2.0, face.face, rig.Motion(depth=30, wide=0.0098, up=0.0075, down=0.0042, jaw=1.5), (15, 15)
    ),
    Layer(
        "front",
        (176, 36, 336, 270),
        2.0,
        hair.front_hair,
        rig.Motion(depth=34, wide=0.0085, up=0.0075, down=0.0042, hang=165, spring=1, floor=1),
        (15, 17),
    ),
    Layer("phones", (178, 42, 334, 166), 2.0, headphones.headphones, rig.Motion()),
)
EYE_ROWS, MOUTH_ROWS, BROW_ROWS = (116.0, 156.0), (158.0, 188.0), (98.0, 132.0)
SPRITES = {"iris": (eyes.iris, 11.0, 14.0), "glints": (eyes.glints, 11.0, 14.0), "lash": (eyes.lash, 21.0, 9.0)}

_PAIR_NAMES = {
    "troubled": "eyebrow_troubled",
    "angry": "eyebrow_angry",
    "lowered_brow": "eyebrow_lowered",
    "raised_brow": "eyebrow_raised",
    "happy": "eyebrow_happy",
    "serious": "eyebrow_serious",
    "wink": "eye_wink",
    "happy_wink": "eye_happy_wink",
    "surprised": "eye_surprised",
    "relaxed": "eye_relaxed",
    "unimpressed": "eye_unimpressed",
    "lower_lid": "eye_raised_lower_eyelid",
    "small": "iris_small",
    "lowered": "mouth_lowered_corner",
    "raised": "mouth_raised_corner",
}
PAIRS = {short: INDEX[name + "_left"] for short, name in _PAIR_NAMES.items()}
"""Pose index of the left one of every pair, by the name the features use; the right one follows it."""
_VOWELS = ("aaa", "iii", "uuu", "eee", "ooo", "delta", "smirk")
SINGLES = {
    **{vowel: INDEX["mouth_" + vowel] for vowel in _VOWELS},
    "iris_x": INDEX["iris_rotation_x"],
    "iris_y": INDEX["iris_rotation_y"],
    **{name: INDEX[name] for name in ("head_x", "head_y", "neck_z", "body_y", "body_z", "breathing")},
}
"""Pose index of every other value."""


def soften(pixels: Array, amount: float) -> Array:
    """(H, W, 4) premultiplied uint8 with a share of every texel spread over its neighbours. Layers are finer than the
    picture, and two bilinear taps skip texels: without this, thin lines crawl and step when they move."""
    out = pixels.astype(np.float64)
    for axis in (0, 1):
        pad = [(1, 1) if k == axis else (0, 0) for k in range(3)]
        n = out.shape[axis]
        wide = np.pad(out, pad, mode="edge")
        out = (1 - 2 * amount) * out + amount * (np.take(wide, range(n), axis) + np.take(wide, range(2, n + 2), axis))
    return np.asarray(np.rint(out).astype(np.uint8))


def bleed(premultiplied: Array) -> Array:
    """Premultiplied (H, W, 4) uint8 to straight alpha, with colours spread outwards into the empty texels so that
    filtering at an edge never meets a foreign colour."""
    alpha = premultiplied[..., 3:].astype(np.float64)
    color = premultiplied[..., :3] * 255.0 / np.maximum(alpha, 1.0)
    known = (alpha[..., 0] >= 24).astype(np.float64)  # below, 8-bit premultiplied colours are too coarse to divide
    for _ in range(3):
        pad_c, pad_k = np.pad(color * known[..., None], ((1, 1), (1, 1), (0, 0))), np.pad(known, 1)
        h, w = known.shape
        offsets = [(i, j) for i in range(3) for j in range(3)]
        total = sum(pad_k[i : i + h, j : j + w] for i, j in offsets)
        mean = sum(pad_c[i : i + h, j : j + w] for i, j in offsets) / np.maximum(total, 1)[..., None]
        color = np.where(known[..., None] > 0, color, mean)
        known = np.maximum(known, total > 0)
    out = np.concatenate([np.where(known[..., None] > 0, color, 0), alpha], axis=2)
    return np.asarray(np.clip(np.rint(out), 0, 255).astype(np.uint8))


def texture(g: Graph, pixels: Array) -> Value:
    """Straight (H, W, 4) uint8 to a premultiplied (1, 4, H, W) float tensor in 0..1; ONNX Runtime folds it on load."""
    planes = g.op("Cast", np.ascontiguousarray(pixels.transpose(2, 0, 1))[None], to=TensorProto.FLOAT)
    color, alpha = g.split(planes * (1 / 255.0), [3, 1], 1)
    return g.concat([color * alpha, alpha], 1)


def weights(count: int, pixels: int) -> Array:
    """Catmull-Rom matrix (pixels, count): control points span the pixels with one spare cell outside at either end."""
    pos = (np.arange(pixels) + 0.5) / pixels * (count - 3) + 1
    cell = np.clip(np.floor(pos).astype(int), 1, count - 3)
    t = pos - cell
    out = np.zeros((pixels, count))
    rows = np.arange(pixels)
    for k, w in enumerate((-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)):
        out[rows, cell - 1 + k] = w / 2
    return out


def extremes(layer: Layer, pixels: Array, size: int) -> tuple[int, int, int, int]:
    """The part of the picture (x0, y0, x1, y1 in pixels) that the painted texels of a layer can reach."""
    ys, xs = np.nonzero(pixels[::4, ::4, 3])
    step = 4.0 / (layer.scale * size / UNITS)
    x, y = layer.box[0] + xs * step, layer.box[1] + ys * step
    rows = list(layer.motion.rows(len(x)))
    rng = np.random.default_rng(7)
    low, high = np.full(2, 1e9), np.full(2, -1e9)
    for k in range(160):
        r = [1.0 if k >> i & 1 else -1.0 for i in range(5)] if k < 32 else rng.uniform(-1, 1, 5)
        posture = rig.Posture(r[0], r[1], r[2], r[3], r[4], breath=k % 2, jaw=k % 3 / 2)
        points = rig.forward(x, y, posture, rows)
        low = np.minimum(low, [v.min() for v in points])
        high = np.maximum(high, [v.max() for v in points])
    s = size / UNITS
    x0, y0 = (max(0, int((v - 3) * s)) for v in low)
    x1, y1 = (min(size, int((v + 4) * s)) for v in high)
    return x0, y0, x1, y1


class Compiler:
    """Builds the graph for one picture size."""

    def __init__(self, size: int) -> None:
        self.size, self.s, self.g = size, size / UNITS, Graph()

    def _pose(self) -> dict[str, Value]:
        g = self.g
        pose = Value(g, "pose")
        pose = g.op("Where", g.op("IsNaN", pose), np.float32(0), pose)
        low = np.zeros((1, 45), np.float32)
        low[0, 37:44] = -1
        pose = g.op("Min", g.op("Max", pose, low), np.ones((1, 45), np.float32))
        starts = {**{v: (k, 2) for k, v in PAIRS.items()}, **{v: (k, 1) for k, v in SINGLES.items()}}
        order = [starts[i] for i in sorted(starts)]
        return dict(zip((k for k, _ in order), g.split(pose, [n for _, n in order], 1), strict=True))

    def _draw(self, layer: Layer) -> Array:
        pen = Pen(layer.box, layer.scale * self.s)
        layer.draw(pen)
        return bleed(soften(pen.pixels(), 0.2 * min(1.0, max(0.0, layer.scale - 1.0))))

    def _strip(self, tex: Value, layer: Layer, rows: tuple[float, float], opaque: bool) -> tuple[list[Value], features.Strip]:
        scale = layer.scale * self.s
        cuts = [round((r - layer.box[1]) * scale) for r in (layer.box[1], *rows, layer.box[3])]
        parts = self.g.split(tex, list(np.diff(cuts)), 2)
        color, alpha = self.g.split(parts[1], [3, 1], 1)
        strip = features.Strip(self.g, layer.box[0], rows[0], layer.box[2], rows[1], scale, color, None if opaque else alpha)
        return [parts[0], alpha, parts[2]], strip

    def _join(self, parts: list[Value], strip: features.Strip) -> Value:
        alpha = parts[1] if strip.alpha is None else strip.alpha
        return self.g.concat([parts[0], self.g.concat([strip.color, alpha], 1), parts[2]], 2)

    def _face(self, tex: Value, layer: Layer, pose: dict[str, Value]) -> Value:
        sprites = {}
        for name, (draw, rx, ry) in SPRITES.items():
            pen = Pen((256 - rx, -ry, 256 + rx, ry), 2.5 * self.s)
            draw(pen)
            sprites[name] = (texture(self.g, bleed(soften(pen.pixels(), 0.15))), (rx, ry))
        parts, strip = self._strip(tex, layer, EYE_ROWS, opaque=True)
        features.eyes(strip, sprites, pose)
        tex = self._join(parts, strip)
        parts, strip = self._strip(tex, layer, MOUTH_ROWS, opaque=True)
        features.mouth(strip, pose)
        return self._join(parts, strip)

    def _front(self, tex: Value, layer: Layer, pose: dict[str, Value]) -> Value:
        parts, strip = self._strip(tex, layer, BROW_ROWS, opaque=False)
        # brows lie on the skin but are painted on the bangs, which are nearer: take the difference back
        gap = 8.0
        shift = pose["head_y"] * float(gap * np.sin(rig.YAW)), pose["head_x"] * float(gap * np.sin(rig.PITCH))
        values = {**pose, "lowered": pose["lowered_brow"], "raised": pose["raised_brow"]}
        features.brows(strip, values, shift)
        return self._join(parts, strip)

    def _over(
        self, canvas: Value, top: Value, origin: tuple[int, int], box: tuple[int, int, int, int], shape: tuple[int, int]
    ) -> Value:
        """``top`` (1, 4, h, w), which covers ``box``, over the canvas, whose upper left pixel is ``origin``."""
        g = self.g
        x0, y0, x1, y1 = box[0] - origin[0], box[1] - origin[1], box[2] - origin[0], box[3] - origin[1]
        rows = g.split(canvas, [y0, y1 - y0, shape[0] - y1], 2)
        cols = g.split(rows[1], [x0, x1 - x0, shape[1] - x1], 3)
        alpha = g.slice(top, 3, 4, 1)
        cols[1] = top + cols[1] * (1.0 - alpha)
        rows[1] = g.concat(cols, 3)
        return g.concat(rows, 2)

    def _pad(self, planes: Value, box: tuple[int, int, int, int], outer: tuple[int, int, int, int]) -> Value:
        """Planes that cover ``box``, with transparent margins up to ``outer`` (both x0, y0, x1, y1)."""
        pads = [0, 0, box[1] - outer[1], box[0] - outer[0], 0, 0, outer[3] - box[3], outer[2] - box[2]]
        return self.g.op("Pad", planes, np.array(pads, np.int64))

    def build(self) -> onnx.ModelProto:
        """The whole model."""
        g = self.g
        pose = self._pose()
        pixels = {layer.name: self._draw(layer) for layer in LAYERS}
        boxes = {layer.name: extremes(layer, pixels[layer.name], self.size) for layer in LAYERS}
        grids = self._grids(pose, boxes)
        span = np.array(list(boxes.values()))
        x0, y0, x1 = int(span[:, 0].min()), int(span[:, 1].min()), int(span[:, 2].max())
        # below the lowest of the other layers there is only the body: that part is not composed, just appended
        seam = max(box[3] for name, box in boxes.items() if name != "body")
        skirt: Value | None = None
        canvas: Value | None = None
        for layer in LAYERS:
            tex = texture(g, pixels[layer.name])
            if layer.name == "face":
                tex = self._face(tex, layer, pose)
            elif layer.name == "front":
                tex = self._front(tex, layer, pose)
            box = boxes[layer.name]
            top = g.sample(tex, grids[layer.name])
            if layer.name == "body":
                top, skirt = g.split(top, [seam - box[1], box[3] - seam], 2)
                skirt = self._pad(skirt, (box[0], seam, box[2], self.size), (x0, seam, x1, self.size))
                box = (box[0], box[1], box[2], seam)
            if canvas is None:
                canvas = self._pad(top, box, (x0, y0, x1, seam))
            else:
                canvas = self._over(canvas, top, (x0, y0), box, (seam - y0, x1 - x0))
        assert canvas is not None and skirt is not None
        canvas = g.concat([canvas, skirt], 2)
        self._finish(canvas, (x0, y0, x1, self.size))
        return self._model()

    def _grids(self, pose: dict[str, Value], boxes: dict[str, tuple[int, int, int, int]]) -> dict[str, Value]:
        """For every layer the sampling grid (1, H, W, 2) over its box."""
        g = self.g
        points, rows, scale, bias = [], [], [], []
        for layer in LAYERS:
            x0, y0, x1, y1 = (v / self.s for v in boxes[layer.name])
            n, m = layer.nodes
            xs = x0 + (x1 - x0) * (np.arange(n) - 1) / (n - 3)
            ys = y0 + (y1 - y0) * (np.arange(m) - 1) / (m - 3)
            points.append(np.stack(np.meshgrid(xs, ys)).reshape(2, -1))
            rows.append(layer.motion.rows(n * m))
            bx0, by0, bx1, by1 = layer.box
            scale.append(np.repeat([[2 / (bx1 - bx0)], [2 / (by1 - by0)]], n * m, axis=1))
            bias.append(np.repeat([[-(bx1 + bx0) / (bx1 - bx0)], [-(by1 + by0) / (by1 - by0)]], n * m, axis=1))
        q, motion = np.concatenate(points, 1).astype(np.float32), np.concatenate(rows, 1)
        gape = pose["aaa"] + 0.5 * pose["ooo"] + 0.4 * pose["eee"]
        posture = rig.Posture(
            pose["head_x"], pose["head_y"], pose["neck_z"], pose["body_y"], pose["body_z"], pose["breathing"], clip(gape)
        )
        x, y = rig.inverse(q[:1], q[1:], posture, list(motion[:, None]))
        xy = g.concat([x, y], 0) * np.concatenate(scale, 1) + np.concatenate(bias, 1)
        xy = g.op("Transpose", xy, perm=[1, 0])  # (points, 2)
        grids = {}
        for layer, part in zip(LAYERS, g.split(xy, [n.nodes[0] * n.nodes[1] for n in LAYERS], 0), strict=True):
            x0, y0, x1, y1 = boxes[layer.name]
            n, m = layer.nodes
            # two small products instead of a resize: rows of interleaved x, y keep the layout the sampler wants
            across = np.kron(weights(n, x1 - x0).T, np.eye(2))
            grid = g.op("MatMul", g.op("MatMul", weights(m, y1 - y0), g.reshape(part, m, 2 * n)), across)
            grids[layer.name] = g.reshape(grid, 1, y1 - y0, x1 - x0, 2)
        return grids

    def _finish(self, canvas: Value, box: tuple[int, int, int, int]) -> None:
        """Premultiplied float planes to the straight uint8 picture, the output ``frame``."""
        g = self.g
        color, alpha = g.split(canvas, [3, 1], 1)
        a8 = g.op("Floor", alpha * 255.0 + 0.5)
        # below half a step of alpha the picture is empty: its colour must be zero, not noise
        gain = clip(a8) * 255.0 / maximum(alpha, 1e-4)
        out = g.concat([clip(color * gain + 0.5, 0.0, 255.0), clip(a8, 0.0, 255.0)], 1)
        out = g.op("Transpose", g.op("Cast", out, to=TensorProto.UINT8), perm=[0, 2, 3, 1])
        pads = [box[1], box[0], 0, self.size - box[3], self.size - box[2], 0]
        out = g.reshape(out, box[3] - box[1], box[2] - box[0], 4)
        g.op("Pad", out, np.array(pads, np.int64))
        g.nodes[-1].output[0] = "frame"

    def _model(self) -> onnx.ModelProto:
        g = self.g
        graph = helper.make_graph(
            g.nodes,
            "puppet",
            [helper.make_tensor_value_info("pose", TensorProto.FLOAT, [1, 45])],
            [helper.make_tensor_value_info("frame", TensorProto.UINT8, [self.size, self.size, 4])],
            g.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        helper.set_model_props(model, {"name": NAME, "author": AUTHOR, "licence": LICENCE, "version": VERSION})
        onnx.checker.check_model(model, full_check=True)
        return model
