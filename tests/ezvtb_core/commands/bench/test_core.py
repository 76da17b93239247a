from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.commands import bench
from ezvtb_core.commands.bench.patterns import moving
from ezvtb_core.commands.console import UsageError
from ezvtb_core.link import paths
from tests.ezvtb_core.models import tiny

pytestmark = pytest.mark.needs("ort-cpu")
CORE = ["--suite", "core", "--json", "--threads", "1"]


@pytest.fixture(autouse=True)
def empty_installation(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(paths, "MODELS", tmp_path / "installed")


@pytest.fixture
def models(tmp_path) -> Path:
    tiny.layout(tmp_path / "models", "tha3:seperable")
    tiny.layout(tmp_path / "models", "tha4", "fp16")
    tiny.layout(tmp_path / "models", tiny.STUDENT)
    return tmp_path / "models"


def test_every_model_there_is_in_three_patterns(console, models) -> None:
    assert bench.run([*CORE, "--models", str(models), "--frames", "12"], console) == 0
    facts = console.data
    assert [(found["model"], found["precision"]) for found in facts["models"]] == [
        ("puppet", ""),
        ("tha3:seperable", "fp32"),
        ("tha4", "fp16"),
        (tiny.STUDENT, "fp32"),
    ]
    for found in facts["models"]:
        assert list(found["patterns"]) == ["everything", "still_face", "still_eyebrows"]
        for pattern in found["patterns"].values():
            assert pattern["ms_p99"] >= pattern["ms_p50"] > pattern["graphs_ms_p50"] > 0
            assert pattern["overhead_ms_p50"] > 0
        assert ("set_image_ms" in found) == (found["model"] != "puppet")
    assert facts["machine"]["cores"] >= 1 and facts["threads"] == 1 and facts["backend"]


def test_runs_of_stages_show_what_is_reused(console, models) -> None:
    bench.run([*CORE, "--models", str(models), "--model", "tha3:seperable", "--frames", "20"], console)
    (found,) = console.data["models"]
    runs = {name: pattern["stage_runs"] for name, pattern in found["patterns"].items()}
    rest = {"rotator": 20, "editor": 20}
    assert runs == {
        "everything": {"decomposer": 0, "combiner": 20, "morpher": 20, **rest},
        "still_face": {"decomposer": 0, "combiner": 0, "morpher": 0, **rest},
        "still_eyebrows": {"decomposer": 0, "combiner": 0, "morpher": 20, **rest},
    }


@pytest.mark.needs("linux")
def test_memory_is_watched(console, models) -> None:
    bench.run([*CORE, "--model", "puppet", "--frames", "30"], console)
    pattern = console.data["models"][0]["patterns"]["everything"]
    growth = pattern["memory_last_mib"] - pattern["memory_first_mib"]
    assert pattern["memory_growth_mib"] == pytest.approx(growth, abs=0.11)
    assert console.data["memory_peak_mib"] >= pattern["memory_last_mib"] > 10


def test_poses_of_ones_own(console, tmp_path) -> None:
    np.save(tmp_path / "poses.npy", moving(3))
    argv = ["--model", "puppet", "--frames", "7", "--poses", str(tmp_path / "poses.npy"), "--pattern", "still_face"]
    bench.run([*CORE, *argv], console)
    (found,) = console.data["models"]
    assert list(found["patterns"]) == ["still_face"] and found["patterns"]["still_face"]["stage_runs"] == {"puppet": 7}


def test_for_people(console, models) -> None:
    bench.run(["--suite", "core", "--models", str(models), "--model", tiny.STUDENT, "--frames", "3", "--threads", "1"], console)
    for said in (
        "cores, 1 threads",
        f"{tiny.STUDENT} fp32",
        "everything moves",
        "the face is still",
        "new picture",
        "face_morpher 3",
    ):
        assert said in console.out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--model", "tha4", "--models", "{}"], "tha4"),
        (["--pattern", "dance"], r"--pattern: expected everything \| still_face \| still_eyebrows, got dance"),
        (["--model", "tha9"], "no model called tha9. Known: puppet, tha3:seperable"),
        (["--backend", "abacus", "--model", "puppet"], "abacus"),
        (["--peer", "{}"], "is not a checkout of ezvtuber-rt"),
        (["--poses", "{}/poses.npy"], "cannot be read as poses"),
        (["--models", "{}/nowhere", "--model", "tha3:seperable"], "nowhere"),
    ],
)
def test_bad_input(console, tmp_path, argv: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        bench.run([*CORE, *(each.format(tmp_path) for each in argv)], console)
