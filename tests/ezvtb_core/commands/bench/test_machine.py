from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.commands.bench import machine


@pytest.mark.needs("linux")
def test_memory_that_is_held_is_seen() -> None:
    before = machine.memory()
    held = np.ones(64 << 20, np.uint8)
    during = machine.memory()
    assert before is not None and during is not None
    assert 60 < during.now - before.now < 100
    assert during.peak >= during.now - 1
    del held


def test_a_system_that_does_not_say(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "_STATUS", tmp_path / "status")
    assert machine.memory() is None
    (tmp_path / "status").write_text("Name:\tpython\n")
    assert machine.memory() is None


def test_facts_about_this_machine(monkeypatch, tmp_path: Path) -> None:
    facts = machine.describe()
    assert facts["cores"] >= 1 and facts["numpy"] == np.__version__
    monkeypatch.setattr(machine, "_PROCESSOR", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU @ 3GHz\n\nmodel name\t: Some CPU @ 3GHz\n")
    assert machine.describe()["processor"] == "Some CPU @ 3GHz"


@pytest.mark.needs("ort-cpu")
def test_version_of_the_runtime() -> None:
    import onnxruntime

    assert machine.describe()["onnxruntime"] == onnxruntime.__version__
