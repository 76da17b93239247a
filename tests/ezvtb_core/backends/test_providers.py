from __future__ import annotations

import pytest

from ezvtb_core.backends import providers


def test_options_are_text_and_name_the_device_where_there_are_several():
    name, options = providers.CUDA.arguments(2)
    assert name == "CUDAExecutionProvider" and options["device_id"] == "2"
    assert options["do_copy_in_default_stream"] == "1"
    assert "device_id" not in providers.COREML.arguments(0)[1]
    assert providers.CPU.arguments(0) == ("CPUExecutionProvider", {})


@pytest.mark.parametrize(
    ("provider", "device", "place"),
    [
        (providers.CPU, 3, ("cpu", 0)),
        (providers.CUDA, 3, ("cuda", 3)),
        (providers.DIRECTML, 0, ("dml", 0)),
        (providers.DIRECTML, 1, ("cpu", 0)),
        (providers.COREML, 0, ("cpu", 0)),
    ],
)
def test_where_tensors_lie(provider, device, place):
    assert provider.place(device) == place


def test_what_directml_demands():
    assert not providers.DIRECTML.memory_patterns and not providers.DIRECTML.concurrent


def test_words_for_people():
    assert providers.CPU.describe(0, 4) == "CPU, 4 threads"
    assert providers.CUDA.describe(1, 4) == "CUDA, device 1"
    assert providers.COREML.describe(0, 4) == "CoreML"
