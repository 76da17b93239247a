from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.commands import bench
from ezvtb_core.commands.bench.pipeline import idle_poses
from ezvtb_core.commands.console import UsageError

pytestmark = pytest.mark.needs("ort-cpu")


@pytest.mark.parametrize("more", [[], ["--poses"]])
def test_pipeline_suite(console, tmp_path: Path, more: list[str]) -> None:
    if more:
        np.save(tmp_path / "p.npy", idle_poses(7))
        more = ["--poses", str(tmp_path / "p.npy")]
    assert bench.run(["--frames", "12", "--json", *more], console) == 0
    facts = console.data
    assert facts["frames"] == 12 and facts["model"] == "puppet"
    assert facts["ratio"] >= 1
    assert facts["pipeline_ms_p50"] >= facts["model_ms_p50"] > 0
    assert facts["overhead_ms_p50"] > 0


def test_for_people(console) -> None:
    assert bench.run(["--frames", "3"], console) == 0
    assert "pipeline over model" in console.out


def test_idle_poses_never_repeat() -> None:
    poses = idle_poses(20)
    assert (np.abs(np.diff(poses, axis=0)).max(axis=1) > 0).all()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--suite", "magic"], r"--suite: expected pipeline \| core"),
        (["--frames", "0"], "--frames"),
        (["--model", "tha9"], "tha9"),
    ],
)
def test_bad_input(console, argv: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        bench.run(argv, console)
