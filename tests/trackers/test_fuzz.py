"""bench/fuzz_trackers.py with a few packets: damaged data through every tracker of the network, to the pose."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from ezvtb_core.link import paths


@pytest.fixture
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_trackers", paths.ROOT / "bench" / "fuzz_trackers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["fuzz_trackers"] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


def test_damaged_packets_reach_no_pose(bench: ModuleType, tmp_path: Path) -> None:
    tallies, memory = bench.fuzz(6000, 3, tmp_path)
    for kind, tally in tallies.items():
        assert not tally.wrong, f"{kind}: {tally.wrong[:3]}"
        assert tally.poses > 50, f"{kind}: hardly anything got through"
    # After the first part, in which every tracker has learned whom it sees.
    assert memory[-1] - memory[2] < 0.3
