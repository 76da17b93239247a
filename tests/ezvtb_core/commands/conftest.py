"""A console that keeps what is said, and a small picture for models that need one."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ezvtb_core.commands.console import Console


class Heard(Console):
    """A console that writes into memory."""

    def __init__(self, environ: Mapping[str, str], locale: str = "en-US") -> None:
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        super().__init__(environ, self.stdout, self.stderr, locale)

    @property
    def out(self) -> str:
        return self.stdout.getvalue()

    @property
    def err(self) -> str:
        return self.stderr.getvalue()

    @property
    def data(self) -> dict[str, Any]:
        """The last line of stdout as JSON."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


@pytest.fixture
def console() -> Heard:
    """Without any environment variable: no display."""
    return Heard({})


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A round shape with soft edges on transparency."""
    rows, columns = np.mgrid[:256, :256]
    radius = np.hypot(rows - 128, columns - 128)
    pixels = np.zeros((256, 256, 4), np.uint8)
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = 200, rows, columns
    pixels[..., 3] = np.clip((110 - radius) * 32, 0, 255)
    path = tmp_path / "角色 é.png"
    Image.fromarray(pixels).save(path)
    return path
