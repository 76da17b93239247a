from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ezvtb_core.assemble import build_model
from ezvtb_core.export import export
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import ModelError, ModelRequest
from ezvtb_core.models.tha3 import TalkingHead3
from tests.conftest import SHARED

pytestmark = pytest.mark.needs("ort-cpu")
GOLDEN = SHARED / "golden"
CHARACTER = SHARED / "models" / "custom_tha4_models" / "lambda_00" / "character.png"
STAGED = ("decomposer", "combiner", "morpher", "rotator", "editor")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gen_weights", GOLDEN / "gen_weights.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def export_seeded(name: str, modules: str, root: Path) -> Path:
    """The folder of all fp32 files of a model, made from the seeded weights of the golden values."""
    seeded = generator()
    shapes = json.loads((GOLDEN / "shapes.json").read_text())
    for module, keys in shapes.items():
        if module.startswith(modules):
            arrays = {key: seeded.make(module, key, shape) for key, shape in keys.items()}
            np.savez(root / f"{module.rpartition('/')[2]}.npz", **arrays)
    return export(name, root, root, "fp32")[0].parent


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Path:
    """THA3 separable."""
    return export_seeded("tha3:seperable", "tha3/separable/", tmp_path_factory.mktemp("published"))


def layout(root: Path, published: Path, stems: tuple[str, ...]) -> Settings:
    folder = root / "tha3" / "seperable" / "fp32"
    folder.mkdir(parents=True)
    for stem in stems:
        (folder / f"{stem}.onnx").hardlink_to(published / f"{stem}.onnx")
    return Settings(model="tha3:seperable", precision="fp32", models_folder=str(root), character=str(CHARACTER))


@pytest.mark.needs("shared")
@pytest.mark.parametrize("stems", [STAGED, ("decomposer", "combiner", "merge"), ("decomposer", "combiner", "merge_no_eyebrow")])
def test_frames_are_those_of_the_original_networks(tmp_path, published, stems):
    """Golden values are before truncation, so half a level is added; they come from float64 arithmetic (see the README)."""
    model = build_model(layout(tmp_path, published, stems))
    golden, poses = np.load(GOLDEN / "tha3_separable.npz"), generator().poses()
    for index in range(4):
        difference = np.abs(model.render(poses[index])[4::8, 4::8] + 0.5 - golden[f"p{index}_final_bgra255"])
        assert difference.mean() < 0.3 and difference.max() < 6
    model.close()


@pytest.mark.slow
@pytest.mark.needs("shared")
@pytest.mark.parametrize(
    ("name", "modules", "golden"), [("tha3:standard", "tha3/standard/", "tha3_standard"), ("tha4", "tha4/", "tha4_full")]
)
def test_frames_of_the_large_models_are_those_of_the_original_networks(tmp_path, name, modules, golden):
    export_seeded(name, modules, tmp_path)
    model = build_model(Settings(model=name, precision="fp32", models_folder=str(tmp_path), character=str(CHARACTER)))
    expected, poses = np.load(GOLDEN / f"{golden}.npz"), generator().poses()
    for index in range(4):
        difference = np.abs(model.render(poses[index])[4::8, 4::8] + 0.5 - expected[f"p{index}_final_bgra255"])
        assert difference.mean() < 0.3 and difference.max() < 2
    model.close()
    shutil.rmtree(tmp_path)  # more than a gigabyte, which pytest would keep


def test_variant_that_does_not_exist():
    with pytest.raises(NoticeError, match="tha3:tiny"):
        build_model(Settings(model="tha3:tiny"))
    with pytest.raises(ModelError, match=r"no model called tha3:tiny\. Known: tha3:seperable, tha3:standard"):
        TalkingHead3.build(ModelRequest("tha3:tiny", lambda path, expected: pytest.fail("opened")))
