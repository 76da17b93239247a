"""The same frames by upstream's own core, in a process of its own, block by block in turn with ours.

`bench/core_peer.py` runs it: same files, same poses, same number of threads, its frame cache off, so that only computing is
compared.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ezvtb_core import backends
from ezvtb_core.commands.console import Console, UsageError
from ezvtb_core.commands.render import Poses
from ezvtb_core.core import Core
from ezvtb_core.frames import Pixels
from ezvtb_core.link import paths
from ezvtb_core.link.catalogue import ModelFolder
from ezvtb_core.link.messages import NoticeError

RUNNER = paths.ROOT / "bench" / "core_peer.py"
PACKAGE = "ezvtb_rt"
BLOCK = 10
"""Frames that each side draws before it is the other's turn."""
LOOKED_AT = 4
"""Frames of each pattern that are compared pixel by pixel."""
_DEVICES = {"ort-cuda": ("CUDAExecutionProvider", "cuda"), "ort-dml": ("DmlExecutionProvider", "dml")}
_CPU = ("CPUExecutionProvider", "cpu")
"""Backend → the provider and kind of memory that the peer is given in place of DirectML."""


class PeerError(NoticeError):
    """The peer does not run; says why."""


@dataclass(frozen=True)
class Place:
    """Where the peer is, and the Python that runs it."""

    folder: Path
    python: Path

    @classmethod
    def find(cls, folder: Path, python: Path | None) -> Place:
        """A checkout of ezvtuber-rt. Without `python`: ours. Raises UsageError."""
        if not (folder / PACKAGE).is_dir():
            raise UsageError("peer_folder", folder=str(folder), expected=PACKAGE)
        if python is not None and not python.is_file():
            raise UsageError("peer_python", path=str(python))
        return cls(folder.resolve(), python.absolute() if python is not None else Path(sys.executable))


def arguments(folder: ModelFolder, options: argparse.Namespace) -> dict[str, Any]:
    """What the peer's core has to be made with to load the files of `folder`. Raises PeerError where it looks elsewhere."""
    family, _, variant = folder.name.partition(":")
    below = {
        "tha3": Path("tha3", variant, folder.precision),
        "tha4": Path("tha4", folder.precision),
        "tha4_student": Path("custom_tha4_models", variant) if variant else Path("tha4_student"),
    }[family]
    if folder.path.parts[-len(below.parts) :] != below.parts:
        raise PeerError("peer_layout", folder=str(folder.path), expected=str(below))
    return {
        "data": str(folder.path.parents[len(below.parts) - 1]),
        "core": {
            "tha_model_version": {"tha3": "v3", "tha4": "v4", "tha4_student": "v4_student"}[family],
            "tha_model_seperable": variant == "seperable",
            "tha_model_fp16": folder.precision == "fp16",
            "tha_model_name": variant if family == "tha4_student" else None,
            "use_eyebrow": options.eyebrows == "on",
            "cache_max_giga": 0.0,
            "vram_cache_size": 0.0,
        },
        "provider": _DEVICES.get(backends.choose(options.backend), _CPU),
        "threads": options.threads,
    }


class Peer:
    """The other process; a context manager."""

    def __init__(self, place: Place, wanted: Mapping[str, Any]) -> None:
        """Starts it and waits until its model is loaded. Raises PeerError."""
        self._place = place
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [str(place.python), str(RUNNER), str(place.folder), json.dumps(wanted)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            encoding="utf-8",
        )
        try:
            self.versions: dict[str, str] = self._answer()["versions"]
        except BaseException:
            self.close()
            raise

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Have it do something. Raises PeerError when it ends or fails."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **values}) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._failure() from error
        return self._answer()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was never read cannot be written any more
                if stream is not None:
                    stream.close()
        self._process.wait()
        self._said.close()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _failure(self) -> PeerError:
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return PeerError("peer_failed", folder=str(self._place.folder), detail=lines[-1] if lines else self._process.returncode)


def compare(
    core: Core, peer: Peer, picture: Pixels, patterns: Mapping[str, Poses], frames: int, console: Console
) -> dict[str, Any]:
    """Draw the same frames with both in turn. Per pattern: medians, the median of each frame's ratio, and how frames differ."""
    facts: dict[str, Any] = {"versions": peer.versions, "patterns": {}}
    with tempfile.TemporaryDirectory() as folder:
        given, drawn = Path(folder, "given.npy"), Path(folder, "drawn.npy")
        np.save(given, picture)
        peer.ask("picture", path=str(given))
        core.setImage(picture)
        for name, poses in patterns.items():
            np.save(given, poses)
            peer.ask("poses", path=str(given))
            line = console.text("bench_comparing", pattern=console.text(f"bench_{name}"))
            ours: list[float] = []
            theirs: list[float] = []
            for first in range(-BLOCK, frames, BLOCK):
                indices = [index % len(poses) for index in range(first, min(first + BLOCK, frames))]
                mine = _draw(core, poses, indices)
                other = peer.ask("draw", indices=indices)["seconds"]
                if first >= 0:
                    ours += mine
                    theirs += other
                console.progress((first + BLOCK) / (frames + BLOCK), line)
            looked_at = np.linspace(0, len(poses) - 1, LOOKED_AT).astype(int).tolist()
            peer.ask("frames", indices=looked_at, path=str(drawn))
            facts["patterns"][name] = _ratio(ours, theirs) | _difference(core, poses, looked_at, np.load(drawn))
    return facts


def _draw(core: Core, poses: Poses, indices: list[int]) -> list[float]:
    spent = []
    for index in indices:
        began = time.perf_counter()
        core.inference([poses[index : index + 1]])
        spent.append(time.perf_counter() - began)
    return spent


def _ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    return {
        "ours_ms_p50": round(float(np.median(ours)) * 1e3, 3),
        "peer_ms_p50": round(float(np.median(theirs)) * 1e3, 3),
        "ratio": round(float(np.median(np.divide(theirs, ours))), 3),
    }


def _difference(core: Core, poses: Poses, indices: list[int], theirs: Pixels) -> dict[str, float]:
    """Levels between the frames of both, straight BGRA; colours of invisible pixels count too."""
    found = [
        np.abs(core.inference([poses[index : index + 1]])[0].astype(int) - frame)
        for index, frame in zip(indices, theirs, strict=True)
    ]
    return {"difference_max": int(np.max(found)), "difference_mean": round(float(np.mean(found)), 4)}
