from __future__ import annotations

import numpy as np

from ezvtb_core.backends import TensorSpec
from ezvtb_core.backends.host import HostTensor


def test_reading_gives_the_memory_itself():
    tensor = HostTensor(TensorSpec("x", (2,), "uint8"))
    seen = tensor.read()
    tensor.write(np.array([7, 8], np.uint8))
    assert seen is tensor.read() and seen.tolist() == [7, 8]
