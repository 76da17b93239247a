"""OpenCV, imported without what its import leaves in the environment."""

from __future__ import annotations

import importlib
import os
from typing import Any

_LEFT = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "LD_LIBRARY_PATH")
"""On Linux it points every Qt program that this process starts, or is (OBS), to plug-ins and libraries of its own that do not
fit. It has read them itself by then."""


def load() -> Any:
    """The module `cv2`. Raises ImportError or OSError."""
    before = {name: os.environ.get(name) for name in _LEFT}  # noqa: TID251 - to be put back, not to be read
    try:
        return importlib.import_module("cv2")
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)  # noqa: TID251
            else:
                os.environ[name] = value  # noqa: TID251
