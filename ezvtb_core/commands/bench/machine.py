"""What a measurement depends on: the computer, what else it is doing, versions; and how much memory this process holds."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_PROCESSOR = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Memory:
    """MiB of this process in memory."""

    now: float
    peak: float


def memory() -> Memory | None:
    """What the process holds; None where the system does not say (anything but Linux)."""
    try:
        lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return Memory(*(int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")))
    except (OSError, KeyError):
        return None


def describe() -> dict[str, Any]:
    """Facts about this computer, for beside figures."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": load(),
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "onnxruntime": _runtime(),
    }


def load() -> float | None:
    """Programs that want to run, on average over the last minute; None on Windows. 0 is a quiet machine."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _processor() -> str:
    try:
        names = [line.split(":", 1)[1] for line in _PROCESSOR.read_text().splitlines() if line.startswith("model name")]
    except OSError:
        names = []
    return names[0].strip() if names else platform.processor()


def _runtime() -> str:
    """Of whichever package of ONNX Runtime is installed."""
    for name in ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""
