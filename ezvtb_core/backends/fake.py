"""A session without a runtime: deterministic numpy, for tests and for machines where a real backend cannot run."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ezvtb_core.backends import (
    Array,
    Bound,
    SessionError,
    SessionOptions,
    Signature,
    Tensor,
    TensorSpec,
    check_binding,
    check_inputs,
)
from ezvtb_core.backends.host import HostTensor


class FakeSession:
    """Has the signature it is told to have; the file is not read. Same inputs, same outputs, on every machine.

    Each output is a ramp that moves with a checksum of the inputs: float outputs lie in 0..1, uint8 in 0..255.
    """

    device = "nothing (fake)"

    def __init__(self, path: Path, expected: Signature, options: SessionOptions) -> None:
        del options
        self.signature = expected
        self.runs = 0
        """How often `run` has worked, the warm-up not counted."""
        self._path = path
        self._closed = False

    @staticmethod
    def probe() -> str:
        """Always usable."""
        return f"numpy {np.__version__}"

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Session.run`."""
        if self._closed:
            raise SessionError("session_closed", path=str(self._path))
        check_inputs(self.signature.inputs, inputs)
        seed = 0
        for spec in self.signature.inputs:
            seed = zlib.crc32(np.ascontiguousarray(inputs[spec.name]).tobytes(), seed)
        self.runs += 1
        outputs: dict[str, Array] = {}
        for spec in self.signature.outputs:
            array = spec.zeros()
            ramp = (np.arange(array.size, dtype=np.uint32).reshape(array.shape) + seed % 65521) % 256
            outputs[spec.name] = (ramp / 255 if np.issubdtype(array.dtype, np.floating) else ramp).astype(array.dtype)
        return outputs

    def allocate(self, spec: TensorSpec) -> Tensor:
        """See `Session.allocate`."""
        return HostTensor(spec)

    def bind(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Bound:
        """See `Session.bind`."""
        check_binding(self.signature, inputs, outputs)
        return _FakeBound(self, dict(inputs), dict(outputs))

    def close(self) -> None:
        """See `Session.close`."""
        self._closed = True


class _FakeBound:
    def __init__(self, session: FakeSession, inputs: dict[str, Tensor], outputs: dict[str, Tensor]) -> None:
        self._session = session
        self._inputs = inputs
        self._outputs = outputs

    def run(self) -> None:
        results = self._session.run({name: tensor.read() for name, tensor in self._inputs.items()})
        for name, tensor in self._outputs.items():
            tensor.write(results[name])
