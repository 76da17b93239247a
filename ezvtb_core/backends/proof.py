"""Proof by trial that a kernel of our own does what ONNX Runtime does with the same file. What was proved is remembered."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ezvtb_core.backends import Array, Session, TensorSpec
from ezvtb_core.link import paths

logger = logging.getLogger(__name__)
TOLERANCE = 1e-3
"""Largest difference of floats in -1…1. Measured: 2e-6 for the faces of real students."""
LEVELS = 1
"""The same for 8 bits: a value on the edge between two levels may be cut off to either."""
STRAYS = 1e-3
"""Share of the values that may differ by more: where noise is warped, rounding moves a sample to another pixel."""


_proven: set[tuple[str, int, int]] = set()
"""Files that have passed since this process began: path, time, size."""


class KernelRefusedError(Exception):
    """A kernel of our own cannot take this graph's place; says why, for the log."""


def prove(path: Path, kernel: Session, open_reference: Callable[[], Session]) -> None:
    """Run both once on the same made-up inputs. Raises KernelRefusedError when an output of the kernel is different.

    Once for each file: opening and running the whole graph takes a second and, for a while, most of a gigabyte. An empty file in
    `data/cache/proven`, named after all that the outcome depends on, stands for a proof; it may be deleted at any time.
    """
    facts = path.stat()
    key = (str(path.resolve()), facts.st_mtime_ns, facts.st_size)
    if key in _proven:
        return
    remembered = paths.PROVEN / hashlib.sha256(_program() + path.read_bytes()).hexdigest()[:32]
    if not remembered.is_file():
        reference = open_reference()
        try:
            _compare(kernel, reference)
        finally:
            reference.close()
        try:
            remembered.parent.mkdir(parents=True, exist_ok=True)
            remembered.touch()
        except OSError as error:  # it is proved again in the next process
            logger.info("%s cannot be remembered: %s", remembered, error)
    _proven.add(key)


@functools.cache
def _program() -> bytes:
    """What draws: the kernels' own source, and numpy's version."""
    digest = hashlib.sha256(np.__version__.encode())
    here = Path(__file__).parent
    for file in sorted(
        [here / "siren.py", here / "painted.py", *here.parent.glob("kernels/*.py"), *here.parent.glob("rewrite/*.py")]
    ):
        digest.update(file.read_bytes())
    return digest.digest()


def _compare(kernel: Session, reference: Session) -> None:
    random = np.random.default_rng(0)
    inputs = {spec.name: _noise(spec, random) for spec in kernel.signature.inputs}
    expected, found = reference.run(inputs), kernel.run(inputs)
    for name, array in found.items():
        apart = np.abs(array.astype(np.float32) - expected[name])
        strays = float((apart > (LEVELS if array.dtype == np.uint8 else TOLERANCE)).mean())
        if strays > STRAYS:
            raise KernelRefusedError(f"{name}: {strays:.1%} of the values differ, by up to {apart.max():g}")


def _noise(spec: TensorSpec, random: np.random.Generator) -> Array:
    shape = [size or 1 for size in spec.shape]
    if spec.dtype == "uint8":
        return random.integers(0, 256, shape).astype(np.uint8)
    return random.uniform(-1, 1, shape).astype(spec.dtype)
