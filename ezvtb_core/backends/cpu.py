"""The processor at its fastest: a kernel of our own where there is one for a graph, else ONNX Runtime on a rewritten graph."""

from __future__ import annotations

import logging
from pathlib import Path

from ezvtb_core import rewrite
from ezvtb_core.backends import Session, SessionOptions, Signature, ort
from ezvtb_core.backends.ort import OrtSession
from ezvtb_core.backends.painted import PaintedSession, load
from ezvtb_core.backends.proof import KernelRefusedError
from ezvtb_core.backends.siren import SirenSession

logger = logging.getLogger(__name__)


class CpuBackend:
    """See `Backend`."""

    def __call__(self, path: Path, expected: Signature, options: SessionOptions) -> Session:
        """See `Backend.__call__`."""
        for kernel in (SirenSession, PaintedSession):
            if kernel.fits(expected):
                try:
                    return kernel(path, expected, options)
                except KernelRefusedError as error:
                    # Same pictures, only slower; how much shows in the panel.
                    logger.warning("%s: %s cannot be used, ONNX Runtime is: %s", path.name, kernel.__name__, error)
        return OrtSession(path, expected, options, graph=_rewritten(path, expected))

    def probe(self) -> str:
        """Version of the runtime."""
        return ort.CPU.probe()


def _rewritten(path: Path, expected: Signature) -> bytes | None:
    """The faster graph; None for another graph or none at all, so that the file itself is found to be wrong."""
    wanted = {spec.name for spec in expected.outputs}
    try:
        model = load(path)
        if not wanted <= {output.name for output in model.graph.output}:
            return None
        rewrite.optimise(model, wanted)
    except (KernelRefusedError, RuntimeError):  # RuntimeError: shapes that contradict each other
        return None
    serialised: bytes = model.SerializeToString()
    return serialised


CPU = CpuBackend()
