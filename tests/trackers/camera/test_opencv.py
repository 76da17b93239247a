"""trackers/camera/opencv.py: what its import does to the environment of this process is undone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ezvtb_core.link import paths

pytestmark = pytest.mark.needs("webcam")
PROGRAM = """
import os
before = dict(os.environ)
from trackers.camera import opencv
assert opencv.load().__version__
assert dict(os.environ) == before, {name: value for name, value in os.environ.items() if before.get(name) != value}
"""


@pytest.mark.parametrize("given", [{}, {"QT_QPA_PLATFORM_PLUGIN_PATH": "/usr/lib/qt", "QT_QPA_FONTDIR": "/usr/share/fonts"}])
def test_importing_leaves_the_environment_as_it_was(given) -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=paths.ROOT, env={"PATH": "/usr/bin:/bin", **given}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
