"""Cameras that are not there, and what tests with real ones need."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.link import paths

needs_opencv = pytest.mark.needs("webcam")
needs_model = pytest.mark.needs("webcam", "shared")
MODELS = Path(__file__).resolve().parents[4] / "shared" / "models"


def portrait(turned: float = 0.0, right: float = 0.0, scale: float = 1.0, size: tuple[int, int] = (640, 480)) -> Any:
    """The bundled character as a camera would see it: uint8 (H, W, 3) BGR. MediaPipe takes its drawn face for one.

    `turned`: degrees, + tilts the head to the picture's right; `right`: pixels to the picture's right; `scale`: nearer.
    """
    picture = Image.open(paths.STILL_IMAGE).convert("RGBA")
    ground = Image.new("RGBA", picture.size, (200, 200, 200, 255))
    ground.alpha_composite(picture)
    head = ground.crop((128, 0, 384, 256))  # where the models expect the head: 128×128 around (256, 128)
    side = round(0.9 * size[1] * scale)
    # PIL turns counter-clockwise.
    head = head.resize((side, side)).rotate(-turned, resample=Image.Resampling.BICUBIC, fillcolor=(200, 200, 200, 255))
    canvas = Image.new("RGB", size, (200, 200, 200))
    canvas.paste(head.convert("RGB"), (round((size[0] - side) / 2 + right), (size[1] - side) // 2))
    return np.ascontiguousarray(np.asarray(canvas)[..., ::-1])


class FakeCapture:
    """Stands in for `cv2.VideoCapture`: a camera that gives `picture` until told otherwise.

    `tests/trackers/camera/test_capture.py` checks that it has what the real one has.
    """

    def __init__(self, picture: Any = None, opens: bool = True, gives: bool = True, interval: float = 0.005) -> None:
        self.picture = np.full((48, 64, 3), 90, np.uint8) if picture is None else picture
        self.opens, self.gives, self.interval = opens, gives, interval
        self.released = threading.Event()
        self.settings: dict[int, float] = {}
        self.retrieved = 0
        self.before_grab: Callable[[], None] = lambda: None

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's names
        return self.opens and not self.released.is_set()

    def set(self, propId: int, value: float) -> bool:  # noqa: N803
        self.settings[propId] = value
        return False  # as a camera that cannot

    def grab(self) -> bool:
        self.before_grab()
        self.released.wait(self.interval)
        return self.gives

    def retrieve(self) -> tuple[bool, Any]:
        self.retrieved += 1
        return True, self.picture

    def release(self) -> None:
        self.released.set()
