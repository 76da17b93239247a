from __future__ import annotations

import importlib.util
import json
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


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Path:
    """The folder of all files of THA3 separable, fp32, made from the seeded weights of the golden values."""
    root, seeded = tmp_path_factory.mktemp("published"), generator()
    shapes = json.loads((GOLDEN / "shapes.json").read_text())
    for module, keys in shapes.items():
        if module.startswith("tha3/separable/"):
            arrays = {key: seeded.make(module, key, shape) for key, shape in keys.items()}
            np.savez(root / f"{module.rpartition('/')[2]}.npz", **arrays)
    return export("tha3:seperable", root, root, "fp32")[0].parent


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


def test_variant_that_does_not_exist():
    with pytest.raises(NoticeError, match="tha3:tiny"):
        build_model(Settings(model="tha3:tiny"))
    with pytest.raises(ModelError, match=r"no model called tha3:tiny\. Known: tha3:seperable, tha3:standard"):
        TalkingHead3.build(ModelRequest("tha3:tiny", lambda path, expected: pytest.fail("opened")))
