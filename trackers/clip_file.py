"""Recordings of movement as files: checked when read, whole or not there when written.

A recording is a NumPy `.npz` with `version` (), `time` (N,) float64 seconds, `pose` (N, 45) float32 and `position` (N, 3)
float32. What `demo --record` writes (`time` and `pose` only) and a plain `.npy` of poses, (N, 45) at 20 per second, are read
as well.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
import numpy.typing as npt

from ezvtb_core.link.messages import NoticeError
from ezvtb_core.pose import HIGHEST, LOWEST, SIZE, FloatArray

VERSION = 1
LONGEST_SECONDS = 2 * 3600.0
MOST_POSES = 2 * 3600 * 60
"""Two hours at 60 per second: 86 MB in memory."""
PLAIN_RATE = 20.0
"""Poses per second of a `.npy`, which has no times: the rate of the pose files that zpeng11/ezvtuber-rt publishes."""
POSITION_LIMIT = 2.0
"""Head positions are about ±1; what is further out is no head in front of a camera."""
ENDING = ".npz"

_WIDEST = SIZE * 8
"""Bytes of the widest row that is read: 45 float64."""
_HEADER = 16384
"""Bytes that a NumPy header may take; NumPy itself accepts 10,000 characters."""


class ClipError(NoticeError):
    """A recording that cannot be played or kept; says which, and what to do."""


@dataclass(frozen=True)
class Clip:
    """A recording: N ≥ 1 poses with the moments at which they came."""

    times: npt.NDArray[np.float64]
    """(N,) seconds from 0, not decreasing, at most `LONGEST_SECONDS`."""
    poses: FloatArray
    """(N, 45) float32, inside the ranges."""
    positions: FloatArray
    """(N, 3) float32, see `TrackedPose.position`."""

    @property
    def seconds(self) -> float:
        """Time of the last pose."""
        return float(self.times[-1])


def load(path: Path) -> Clip:
    """Read a recording. Takes its time. Raises ClipError for a file that is missing, damaged, too long or something else."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            arrays = _from_npz(file, path) if magic == b"PK\x03\x04" else _from_npy(file, path)
    except FileNotFoundError as error:
        raise ClipError("clip_missing", path=str(path)) from error
    except OSError as error:
        raise ClipError("clip_unreadable", path=str(path), detail=error.strerror or str(error)) from error
    return _checked(arrays, path)


def save(path: Path, clip: Clip) -> None:
    """Write a recording; a file that is there already is replaced only by a whole one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            np.savez_compressed(file, version=VERSION, time=clip.times, pose=clip.poses, position=clip.positions)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def recordings(folder: Path) -> list[Path]:
    """The recordings in `folder`, the newest first; empty when there is no such folder."""
    found: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError):
        for file in folder.glob(f"[!.]*{ENDING}"):
            with contextlib.suppress(OSError):  # deleted meanwhile
                found.append((file.stat().st_mtime, file))
    return [file for _, file in sorted(found, reverse=True)]


Arrays = Mapping[str, npt.NDArray[np.generic]]


def _from_npz(file: IO[bytes], path: Path) -> Arrays:
    arrays = {}
    try:
        with zipfile.ZipFile(file) as archive:
            members = {info.filename: info for info in archive.infolist()}
            for name in ("version", "time", "pose", "position"):
                info = members.get(f"{name}.npy")
                if info is None:
                    continue
                if info.file_size > MOST_POSES * _WIDEST + _HEADER:
                    raise ClipError("clip_too_long", path=str(path), hours=round(LONGEST_SECONDS / 3600))
                # `read` never gives more than the size that was just checked, whatever is compressed in there.
                arrays[name] = _array(io.BytesIO(archive.read(info)), info.file_size, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ClipError("clip_damaged", path=str(path)) from error
    return arrays


def _from_npy(file: IO[bytes], path: Path) -> Arrays:
    poses = _array(file, os.fstat(file.fileno()).st_size, path)
    return {"time": np.arange(len(poses) if poses.ndim else 0) / PLAIN_RATE, "pose": poses}


def _array(stream: IO[bytes], size: int, path: Path) -> npt.NDArray[np.generic]:
    """One array of `size` bytes with its header. What the header promises is checked before memory is asked for."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        promised = dtype.itemsize * int(np.prod(shape, dtype=np.float64))
        if dtype.kind not in "fiu" or promised > size:
            raise ValueError(f"{dtype} {shape}")
        stream.seek(0)
        array: npt.NDArray[np.generic] = np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, EOFError, TypeError, SyntaxError, TokenError, OverflowError, MemoryError, RecursionError) as error:
        raise ClipError("clip_foreign", path=str(path)) from error
    return array


def _checked(arrays: Arrays, path: Path) -> Clip:
    times, poses = arrays.get("time"), arrays.get("pose")
    if times is None or poses is None:
        raise ClipError("clip_foreign", path=str(path))
    count = len(times) if times.ndim == 1 else 0
    positions = arrays.get("position", np.zeros((count, 3), np.float32))
    if count == 0 or poses.shape != (count, SIZE) or positions.shape != (count, 3):
        raise ClipError("clip_foreign", path=str(path))
    version = arrays.get("version")
    if version is not None and (version.shape != () or not 1 <= float(version) <= VERSION):
        raise ClipError("clip_newer", path=str(path))
    if not (np.isfinite(times).all() and np.isfinite(poses).all() and np.isfinite(positions).all()):
        raise ClipError("clip_damaged", path=str(path))
    with np.errstate(over="ignore"):
        moments = times.astype(np.float64) - float(times[0])
        steps = np.diff(moments)
    if (steps < 0).any():
        raise ClipError("clip_damaged", path=str(path))
    if moments[-1] > LONGEST_SECONDS or count > MOST_POSES:
        raise ClipError("clip_too_long", path=str(path), hours=round(LONGEST_SECONDS / 3600))
    limited = np.clip(poses, LOWEST, HIGHEST).astype(np.float32)
    return Clip(moments, limited, np.clip(positions, -POSITION_LIMIT, POSITION_LIMIT).astype(np.float32))
