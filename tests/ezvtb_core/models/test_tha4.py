from __future__ import annotations

import pytest

from ezvtb_core.models.signatures import stage_signatures
from ezvtb_core.models.tha4 import WIRING


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_every_input_of_every_stage_is_connected_to_something_of_its_type_and_shape(precision):
    """How it draws is tested in test_teacher.py; the networks themselves with the exporter."""
    signatures = stage_signatures("tha4", precision)
    values = {}
    for stage, wires in WIRING.items():
        signature = signatures[stage]
        assert [spec.name for spec in signature.inputs] == list(wires.inputs)
        for specs, names in ((signature.inputs, wires.inputs), (signature.outputs, wires.outputs)):
            for spec in specs:
                if spec.name in names:
                    assert values.setdefault(names[spec.name], (spec.shape, spec.dtype)) == (spec.shape, spec.dtype)
    assert values["frame"] == ((512, 512, 4), "uint8")
    assert values["rotation_pose"] == ((1, 6), "float16" if precision == "fp16" else "float32")
