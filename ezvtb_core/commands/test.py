"""`test`: run everything that can run here. The environment, with what the tests need, is there already (see the table)."""

from __future__ import annotations

import subprocess
import sys

from ezvtb_core.commands.console import Console
from ezvtb_core.link import paths


def run(argv: list[str], console: Console) -> int:
    """Run pytest with `argv`; returns its exit code. The variable EXPECT names capabilities that must not be skipped."""
    expected = console.environ.get("EXPECT", "")
    command = [sys.executable, "-m", "pytest", f"--rootdir={paths.ROOT}", f"--expect={expected}", *argv]
    return subprocess.call(command, cwd=paths.ROOT)
