"""A tensor in the computer's own memory."""

from __future__ import annotations

import numpy as np

from ezvtb_core.backends import Array, TensorSpec, check_array


class HostTensor:
    """See `Tensor`; `read` gives the memory itself."""

    def __init__(self, spec: TensorSpec) -> None:
        self.spec = spec
        self.array: Array = spec.zeros()

    def write(self, array: Array) -> None:
        """See `Tensor.write`."""
        check_array(self.spec, array)
        np.copyto(self.array, array)

    def read(self) -> Array:
        """See `Tensor.read`."""
        return self.array
