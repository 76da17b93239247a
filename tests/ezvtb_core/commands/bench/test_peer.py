"""The comparison with upstream, against a stand-in that loads and runs models the way upstream does."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.assemble import build_model
from ezvtb_core.commands import bench
from ezvtb_core.commands.bench import peer
from ezvtb_core.commands.bench.peer import Peer, PeerError, Place
from ezvtb_core.commands.console import UsageError
from ezvtb_core.core import Core
from ezvtb_core.link import catalogue, paths
from ezvtb_core.link.settings import Settings
from tests.ezvtb_core.models import tiny

pytestmark = pytest.mark.needs("ort-cpu")
INIT = """
print("TensorRT or PyCUDA not available")
EZVTB_DATA = ""
def init_model_path(path):
    global EZVTB_DATA
    EZVTB_DATA = path
"""
CORE = """
import os
import brotli, cv2, pyanime4k
import numpy as np
import onnxruntime as ort
import ezvtb_rt

def session(path):
    print("loading", path)
    dml = {"providers": ["DmlExecutionProvider"], "provider_options": [{"device_id": 0}]}
    return ort.InferenceSession(path, sess_options=ort.SessionOptions(), **dml)

class CoreORT:
    def __init__(self, tha_model_version="v3", tha_model_seperable=True, tha_model_fp16=False, tha_model_name=None,
                 vram_cache_size=1.0, cache_max_giga=2.0, use_eyebrow=False):
        assert tha_model_version == "v4_student" and cache_max_giga == 0 and use_eyebrow
        assert "DmlExecutionProvider" in ort.get_available_providers()
        folder = os.path.join(ezvtb_rt.EZVTB_DATA, "custom_tha4_models", tha_model_name)
        self.face = session(os.path.join(folder, "face_morpher.onnx"))
        self.body = session(os.path.join(folder, "body_morpher.onnx"))
        value = ort.OrtValue.ortvalue_from_shape_and_type
        self.image = value((512, 512, 4), np.uint8, "dml")
        self.morphed = value((1, 4, 128, 128), np.float32, "dml")
        self.pose = value((1, 45), np.float32, "dml")
        self.frame = value((512, 512, 4), np.uint8, "dml")
        self.binding = self.body.io_binding()
        for name, given in (("input_image", self.image), ("face_morphed", self.morphed), ("pose", self.pose)):
            self.binding.bind_ortvalue_input(name, given)
        self.binding.bind_ortvalue_output("cv_result", self.frame)
    def setImage(self, img):
        self.image.update_inplace(img)
    def inference(self, poses):
        self.morphed.update_inplace(self.face.run(None, {"pose": poses[-1][:, :39]})[0])
        self.pose.update_inplace(poses[-1])
        self.body.run_with_iobinding(self.binding)
        return np.expand_dims(self.frame.numpy(), axis=0) + OFFSET
"""


@pytest.fixture
def models(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(paths, "MODELS", tmp_path / "installed")
    tiny.layout(tmp_path / "models", tiny.STUDENT)
    return tmp_path / "models"


def checkout(tmp_path: Path, offset: int = 0, core: str = CORE) -> Path:
    package = tmp_path / "rt" / "ezvtb_rt"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(INIT)
    (package / "core_ort.py").write_text(core.replace("OFFSET", f"np.uint8({offset})"))
    return tmp_path / "rt"


def options(**values: object) -> Namespace:
    return Namespace(**{"backend": "ort-cpu", "eyebrows": "on", "threads": 1, **values})


@pytest.mark.parametrize("offset", [0, 3])
def test_same_frames_in_turn_with_ratio_and_difference(console, tmp_path, models, offset) -> None:
    argv = ["--suite", "core", "--json", "--threads", "1", "--backend", "ort-cpu", "--frames", "15"]
    argv += ["--models", str(models), "--model", tiny.STUDENT, "--peer", str(checkout(tmp_path, offset))]
    assert bench.run([*argv, "--peer-python", sys.executable], console) == 0
    (found,) = console.data["models"]
    assert list(found["peer"]["patterns"]) == ["everything", "still_face", "still_eyebrows"]
    for pattern in found["peer"]["patterns"].values():
        assert pattern["difference_max"] == pattern["difference_mean"] == offset
        assert pattern["ours_ms_p50"] > 0 and pattern["peer_ms_p50"] > 0 and pattern["ratio"] > 0
    assert found["peer"]["versions"]["numpy"] == np.__version__


def test_each_side_draws_every_frame_of_a_pattern_block_by_block(console, models, monkeypatch) -> None:
    """A peer that is a list of what it was asked, and takes twice as long."""
    asked: list[tuple[str, object]] = []

    class Fake:
        versions = None

        def ask(self, do: str, **values):
            asked.append((do, values.get("indices")))
            if do == "frames":
                np.save(values["path"], np.zeros((len(values["indices"]), 512, 512, 4), np.uint8))
            return {"seconds": [2e-3] * len(values.get("indices") or [])}

    monkeypatch.setattr(peer, "_draw", lambda core, poses, indices: asked.append(("ours", indices)) or [1e-3] * len(indices))
    with Core(build_model(Settings(model=tiny.STUDENT, models_folder=str(models)))) as core:
        poses = {"everything": np.zeros((7, 45), np.float32)}
        facts = peer.compare(core, Fake(), np.zeros((512, 512, 4), np.uint8), poses, 15, console)
    blocks = [[index % 7 for index in indices] for indices in (range(-10, 0), range(10), range(10, 15))]
    assert asked[2:-1] == [(side, block) for block in blocks for side in ("ours", "draw")]
    pattern = facts["patterns"]["everything"]
    assert (pattern["ours_ms_p50"], pattern["peer_ms_p50"], pattern["ratio"]) == (1.0, 2.0, 2.0)


def test_a_peer_that_fails_says_why(tmp_path, models) -> None:
    folder = catalogue.find(tiny.STUDENT, "auto", [models])
    place = Place.find(checkout(tmp_path, core="raise RuntimeError('no such card')"), Path(sys.executable))
    with pytest.raises(PeerError, match="RuntimeError: no such card"):
        Peer(place, peer.arguments(folder, options()))


def test_a_peer_that_ends_while_drawing_says_why(tmp_path, models) -> None:
    folder = catalogue.find(tiny.STUDENT, "auto", [models])
    with Peer(Place.find(checkout(tmp_path), None), peer.arguments(folder, options())) as other:
        with pytest.raises(PeerError, match="FileNotFoundError"):
            other.ask("picture", path=str(tmp_path / "nowhere.npy"))
        with pytest.raises(PeerError, match="FileNotFoundError"):
            other.ask("draw", indices=[0])


@pytest.mark.parametrize(
    ("name", "precision", "expected"),
    [
        ("tha3:seperable", "fp16", {"tha_model_version": "v3", "tha_model_seperable": True, "tha_model_fp16": True}),
        ("tha3:standard", "fp32", {"tha_model_version": "v3", "tha_model_seperable": False, "tha_model_fp16": False}),
        ("tha4", "fp16", {"tha_model_version": "v4", "tha_model_fp16": True}),
        (tiny.STUDENT, "fp32", {"tha_model_version": "v4_student", "tha_model_name": "tiny"}),
    ],
)
def test_the_peer_gets_the_same_files(tmp_path, name, precision, expected) -> None:
    tiny.layout(tmp_path, name, precision)
    given = peer.arguments(catalogue.find(name, precision, [tmp_path]), options(eyebrows="off"))
    assert given["data"] == str(tmp_path) and given["threads"] == 1
    assert given["provider"] == ("CPUExecutionProvider", "cpu")
    assert given["core"].items() >= {**expected, "use_eyebrow": False, "cache_max_giga": 0.0}.items()


def test_a_layout_that_the_peer_does_not_know_is_named(tmp_path) -> None:
    tiny.layout(tmp_path, "tha3:seperable").parent.rename(tmp_path / "tha3" / "separable")
    folder = catalogue.find("tha3:seperable", "auto", [tmp_path])
    with pytest.raises(PeerError, match=r"separable.fp32.*tha3.seperable.fp32"):
        peer.arguments(folder, options())


def test_python_that_is_not_there(tmp_path) -> None:
    with pytest.raises(UsageError, match="no Python at"):
        Place.find(checkout(tmp_path), tmp_path / "python")
