"""Contact sheets of the compiled character: one labelled tile per pose, for the documentation and for judging the art."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort  # noqa: TID251  # the tool checks what it built
from PIL import Image, ImageDraw

# index of every pose value by short name; L is the subject's left, image right
_NAMES = (
    "troubled_l troubled_r angry_l angry_r lowered_brow_l lowered_brow_r raised_brow_l raised_brow_r happy_l happy_r"
    " serious_l serious_r wink_l wink_r happy_wink_l happy_wink_r surprised_l surprised_r relaxed_l relaxed_r"
    " unimpressed_l unimpressed_r lower_lid_l lower_lid_r small_l small_r aaa iii uuu eee ooo delta lowered_l lowered_r"
    " raised_l raised_r smirk iris_x iris_y head_x head_y neck_z body_y body_z breathing"
)
NAMES = _NAMES.split()
CHARACTER = Path(__file__).parents[2] / "data" / "character"
FIGURE, FACE = (136, 20, 376, 320), (196, 84, 316, 204)  # parts of the frame: x0, y0, x1, y1 in pixels
MOODS: tuple[tuple[str, str], ...] = (  # label, "name value ..."; a name without _l/_r sets both sides
    ("neutral", ""),
    ("happy", "happy 1 happy_wink 1 aaa .6 raised 1"),
    ("wink", "wink_l 1 raised 1 happy .6"),
    ("angry", "angry 1 unimpressed .4 delta .7 lowered .4"),
    ("sad", "troubled 1 relaxed .7 lowered 1 iris_x -.4 head_x -.3"),
    ("surprised", "raised_brow 1 surprised 1 small .6 ooo 1"),
    ("smug", "serious .5 unimpressed .7 smirk 1 iris_y .5 head_y -.3 neck_z .3"),
    ("sleepy", "relaxed 1 lowered_brow .3 head_x -.3 neck_z .4"),
    ("asleep", "wink 1 uuu .3 head_x -.6 neck_z -.4"),
    ("turn right", "head_y 1"),
    ("turn left", "head_y -1"),
    ("look up", "head_x 1"),
    ("look down", "head_x -1"),
    ("tilt right", "neck_z 1"),
    ("tilt left", "neck_z -1"),
    ("up right", "head_x 1 head_y 1"),
    ("down left", "head_x -1 head_y -1"),
    ("down right", "head_x -1 head_y 1"),
    ("up left", "head_x 1 head_y -1"),
    ("body turn", "body_y 1"),
    ("body lean", "body_z 1"),
    ("body and head", "body_y 1 body_z 1 head_y 1 neck_z 1 head_x .5"),
    ("breathing", "breathing 1"),
)
FEATURES: tuple[tuple[str, str], ...] = (
    ("aaa", "aaa 1"),
    ("iii", "iii 1"),
    ("uuu", "uuu 1"),
    ("eee", "eee 1"),
    ("ooo", "ooo 1"),
    ("delta", "delta 1"),
    ("half aaa", "aaa .5"),
    ("aaa + iii", "aaa 1 iii 1"),
    ("corners down", "lowered 1"),
    ("corners up", "raised 1"),
    ("smirk", "smirk 1"),
    ("brow troubled", "troubled 1"),
    ("brow angry", "angry 1"),
    ("brow lowered", "lowered_brow 1"),
    ("brow raised", "raised_brow 1"),
    ("brow happy", "happy 1"),
    ("brow serious", "serious 1"),
    ("eye wink", "wink 1"),
    ("half wink", "wink .5"),
    ("happy wink", "happy_wink 1"),
    ("eye surprised", "surprised 1"),
    ("eye relaxed", "relaxed 1"),
    ("eye unimpressed", "unimpressed 1"),
    ("lower lid", "lower_lid 1"),
    ("iris small", "small 1"),
    ("eyes up right", "iris_x 1 iris_y 1"),
    ("eyes down left", "iris_x -1 iris_y -1"),
)


def pose(spec: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(1, 45) float32 from ``"name value name value"``; a name without ``_l`` or ``_r`` sets both sides."""
    out = np.zeros((1, 45), np.float32)
    words = spec.split()
    for name, value in zip(words[::2], words[1::2], strict=True):
        for k, full in enumerate(NAMES):
            if full in (name, name + "_l", name + "_r"):
                out[0, k] = float(value)
    return out


def sheet(
    model: Path,
    poses: Sequence[tuple[str, str]] = MOODS,
    *,
    box: tuple[int, int, int, int] = FIGURE,
    zoom: float = 1.0,
    columns: int = 6,
    background: str = "#cfd4dc",
) -> Image.Image:
    """One tile per pose: the part ``box`` (x0, y0, x1, y1 in pixels) of the frame, ``zoom`` times as large."""
    session = ort.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    w, h = round((box[2] - box[0]) * zoom), round((box[3] - box[1]) * zoom)
    rows = -(-len(poses) // columns)
    out = Image.new("RGB", (w * columns, (h + 16) * rows), "#ffffff")
    draw = ImageDraw.Draw(out)
    for k, (label, spec) in enumerate(poses):
        frame: Any = session.run(None, {"pose": pose(spec)})[0]
        picture = Image.fromarray(np.ascontiguousarray(frame[..., [2, 1, 0, 3]]), "RGBA")
        tile = Image.new("RGBA", picture.size, background)
        tile.alpha_composite(picture)
        x, y = k % columns * w, k // columns * (h + 16)
        out.paste(tile.convert("RGB").crop(box).resize((w, h), Image.Resampling.LANCZOS), (x, y + 16))
        draw.text((x + 4, y + 2), label, fill="#202430")
    return out


def overview(model: Path) -> Image.Image:
    """Everything the character does: moods and turns as half figures, then every feature as a face."""
    parts = [sheet(model, MOODS), sheet(model, FEATURES, box=FACE, zoom=2.0)]
    out = Image.new("RGB", (max(p.width for p in parts), sum(p.height for p in parts)), "#ffffff")
    top = 0
    for part in parts:
        out.paste(part, (0, top))
        top += part.height
    return out
