"""Command line: ``python -m tools.puppet [--out DIR] [--size N]`` or ``python -m tools.puppet preview --out FILE.png``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort  # noqa: TID251  # the tool checks what it built
from PIL import Image

from . import preview
from .compile import AUTHOR, LICENCE, NAME, VERSION, Compiler


def write(out: Path, size: int) -> None:
    """Draw and compile the character into ``out``: puppet.onnx, still.png and character.json."""
    out.mkdir(parents=True, exist_ok=True)
    model = Compiler(size).build()
    (out / "puppet.onnx").write_bytes(model.SerializeToString(deterministic=True))
    session = ort.InferenceSession(str(out / "puppet.onnx"), providers=["CPUExecutionProvider"])
    frame: Any = session.run(None, {"pose": np.zeros((1, 45), np.float32)})[0]
    Image.fromarray(np.ascontiguousarray(frame[..., [2, 1, 0, 3]]), "RGBA").save(out / "still.png", optimize=True)
    facts = {
        "name": NAME,
        "author": AUTHOR,
        "licence": LICENCE,
        "version": VERSION,
        "width": size,
        "height": size,
        "model": "puppet.onnx",
        "still": "still.png",
    }
    (out / "character.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Parse the command line and run it."""
    parser = argparse.ArgumentParser(prog="python -m tools.puppet", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("build", "preview"), default="build")
    parser.add_argument("--out", type=Path, help="folder (build) or PNG file (preview)")
    parser.add_argument("--size", type=int, default=512, help="width and height of the frames, pixels")
    args = parser.parse_args()
    if args.command == "build":
        write(args.out or preview.CHARACTER, args.size)
    else:
        preview.overview(preview.CHARACTER / "puppet.onnx").save(args.out or Path("sheet.png"))


if __name__ == "__main__":
    main()
