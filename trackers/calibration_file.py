"""What was learned about a person, kept from one session to the next: a small JSON file per tracker."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

logger = logging.getLogger(__name__)

VERSION = 1
SAVE_SECONDS = 60.0
"""Between two writes while the values change."""
_LARGEST = 64 * 1024
"""Bytes; a real file has about 2000."""
_DIGITS = 4

Limits = Mapping[str, tuple[float, float]]


class CalibrationFile:
    """One file. Trouble with the disk is logged once and never raised: a calibration that is not saved is no reason to stop.

    Several sources may share a file: each write replaces the whole of it, the last one stays.
    """

    def __init__(self, folder: Path | None, name: str) -> None:
        """`name`: of the tracker, a plain word. No folder: nothing is kept."""
        self._file = folder / f"{name}.json" if folder is not None else None
        self._name = name
        self._written: dict[str, float] = {}
        self._due = float("-inf")
        self._complained = False

    def load(self, limits: Limits) -> dict[str, float]:
        """The values that were saved, all known by name and within `limits`; empty when there are none.

        A file that is damaged, foreign or of another version is put aside with the ending `.bad`, and replaced in time.
        """
        if self._file is None:
            return {}
        try:
            values = self._read(self._file, limits)
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._complain(error)
            return {}
        except (ValueError, OverflowError, RecursionError) as error:
            logger.warning("%s is not a calibration of ours (%s); it is put aside and learned anew", self._file, error)
            with contextlib.suppress(OSError):
                self._file.replace(self._file.with_suffix(".json.bad"))
            return {}
        self._written = dict(values)
        return values

    def due(self, time: float) -> bool:
        """Whether it is time to save again, at `time` in seconds: once a minute."""
        if time < self._due:
            return False
        self._due = time + SAVE_SECONDS
        return True

    def save(self, values: Mapping[str, float]) -> None:
        """Save at once, if there is something and it has changed: a millisecond or so, never waiting for the disk itself."""
        rounded = {name: round(value, _DIGITS) for name, value in values.items()}
        if self._file is None or not rounded or rounded == self._written:
            return
        content = {"version": VERSION, "tracker": self._name, "values": rounded}
        try:
            self._write(self._file, json.dumps(content, indent=1) + "\n")
        except OSError as error:
            self._complain(error)
        else:
            self._written = rounded

    def _read(self, file: Path, limits: Limits) -> dict[str, float]:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise ValueError("it is far too large")
        content = json.loads(raw.decode("utf-8"))
        if not isinstance(content, dict) or content.get("version") != VERSION or content.get("tracker") != self._name:
            raise ValueError(f"no calibration of version {VERSION} of {self._name}")
        values = content.get("values")
        if not isinstance(values, dict):
            raise ValueError("no values")
        for name, value in values.items():
            if name not in limits or isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{name!r} is not one of the values")
            if not (math.isfinite(value) and limits[name][0] <= value <= limits[name][1]):
                raise ValueError(f"{name} = {value} cannot be")
        return {name: float(value) for name, value in values.items()}

    @staticmethod
    def _write(file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{file.stem}-", suffix=".tmp", dir=file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(temporary).replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            self._complained = True
            logger.warning("the calibration of %s cannot be kept: %s", self._name, error)
