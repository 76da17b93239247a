"""Students as their authors' programs write them (`.pt` files): made into graphs once, kept in `data/cache/graphs`."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from ezvtb_core import __version__, export
from ezvtb_core.link.catalogue import ModelFolder
from ezvtb_core.models import ModelError

logger = logging.getLogger(__name__)
NAME = "tha4_student:original"
"""What the exporter is told; what a student is called makes no difference to its graphs."""
_BUILDING = threading.Lock()
"""Two sources that start together must not make the same files at the same time."""


def graphs(folder: ModelFolder, cache: Path) -> Mapping[str, Path]:
    """Stem → graph of a student's folder: its own files where they are graphs, else what is made of them below `cache`.

    What was made is found again by the contents of the original files. Takes seconds the first time. Raises ModelError,
    ExportError and WeightsError.
    """
    if all(path.suffix == ".onnx" for path in folder.files.values()):
        return folder.files
    place = cache / _key(folder.files)
    made = {stem: place / f"{stem}.onnx" for stem in folder.files}
    with _BUILDING:
        if not all(path.is_file() for path in made.values()):
            logger.info("making graphs of %s in %s", folder.path, place)
            export.write(NAME, folder.files, place)
    return made


def _key(files: Mapping[str, Path]) -> str:
    """What the graphs depend on: the originals and the version of the exporter."""
    digest = hashlib.sha256(__version__.encode())
    for stem, path in sorted(files.items()):
        try:
            digest.update(f"\0{stem}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
        except OSError as error:
            raise ModelError("file_unreadable", path=str(path), detail=error.strerror or str(error)) from error
    return digest.hexdigest()[:32]
