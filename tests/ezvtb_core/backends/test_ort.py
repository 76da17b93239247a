from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from ezvtb_core.backends import BackendUnavailable, SessionError, SessionOptions, Signature, TensorSpec
from ezvtb_core.backends.ort import OrtSession
from tests.ezvtb_core.backends.graphs import SIGNATURE, save, two_by_two

OPTIONS = SessionOptions(threads=1)


def refusal(path, expected=SIGNATURE, **options):
    with pytest.raises((SessionError, BackendUnavailable)) as caught:
        OrtSession(path, expected, OPTIONS, **options)
    said = str(caught.value)
    assert "{" not in said and "\n" not in said and "Traceback" not in said
    return caught.value.notice, said


def test_computes(tmp_path):
    session = OrtSession(two_by_two(tmp_path / "a.onnx"), SIGNATURE, OPTIONS)
    assert "CPU, 1 threads" in session.device and onnxruntime.__version__ in session.device
    outputs = session.run({"x": np.full((1, 45), 2, np.float32), "image": np.full((4, 4), 9, np.uint8)})
    assert (outputs["y"] == 3).all() and (outputs["frame"] == 9).all()


def test_path_with_spaces_and_chinese(tmp_path):
    folder = tmp_path / "我的 角色"
    folder.mkdir()
    OrtSession(two_by_two(folder / "模型 1.onnx"), SIGNATURE, OPTIONS)


def test_missing_file(tmp_path):
    notice, said = refusal(tmp_path / "none.onnx")
    assert notice.code == "session_file_missing" and "none.onnx" in said


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>" * 20, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"]
)
def test_file_that_is_no_model(tmp_path, content):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    notice, said = refusal(path)
    assert notice.code == "session_file_broken" and "bad.onnx" in said and f"{len(content)} bytes" in said


def test_folder_is_no_model(tmp_path):
    assert refusal(tmp_path)[0].code == "session_file_broken"


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_truncated_model(tmp_path, part):
    path = two_by_two(tmp_path / "cut.onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    assert refusal(path)[0].code in ("session_file_broken", "session_other_outputs")


def test_operator_that_does_not_exist(tmp_path):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    path = save(tmp_path / "odd.onnx", [helper.make_node("Nonsense", ["x"], ["y"])], [value], [out])
    assert refusal(path)[0].code == "session_file_broken"


def test_other_inputs_and_outputs_say_expected_and_got(tmp_path):
    path = two_by_two(tmp_path / "a.onnx")
    pose = Signature((TensorSpec("pose", (1, 45), "float32"),), SIGNATURE.outputs)
    notice, said = refusal(path, pose)
    assert notice.code == "session_other_inputs" and "pose float32(1,45)" in said and "image uint8(4,4)" in said
    frame = Signature(SIGNATURE.inputs, (TensorSpec("frame", (512, 512, 4), "uint8"),))
    notice, said = refusal(path, frame)
    assert notice.code == "session_other_outputs" and "frame uint8(512,512,4)" in said


def test_provider_that_is_not_there(tmp_path):
    notice, said = refusal(two_by_two(tmp_path / "a.onnx"), providers=("NoSuchExecutionProvider",))
    assert notice.code == "backend_no_provider" and "CPUExecutionProvider" in said


def test_silent_fallback_is_refused(tmp_path, monkeypatch):
    """The runtime starts without a provider that it lists but cannot use; here it does not know the name at all."""
    real = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(
        onnxruntime, "InferenceSession", lambda path, settings, providers: real(path, settings, ["CPUExecutionProvider"])
    )
    notice, _ = refusal(two_by_two(tmp_path / "a.onnx"), providers=("CUDAExecutionProvider",))
    assert notice.code == "backend_fell_back"
    assert notice.params == {"expected": "CUDAExecutionProvider", "got": "CPUExecutionProvider"}


def test_graph_that_loads_but_cannot_run_is_found_when_it_is_made(tmp_path):
    """Varying shapes that do not go together are only noticed by a run: this is what the warm-up is for."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [7, 3])
    path = save(tmp_path / "a.onnx", [helper.make_node("Reshape", ["x", "shape"], ["y"])], [x], [y], [shape])
    spec = TensorSpec("x", (None, 3), "float32")
    notice, _ = refusal(path, Signature((spec,), (TensorSpec("y", (None, 3), "float32"),)))
    assert notice.code == "session_run_failed"


def test_probe():
    assert onnxruntime.__version__ in OrtSession.probe()


def test_probe_without_the_processor(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["AzureExecutionProvider"])
    with pytest.raises(BackendUnavailable, match="Azure"):
        OrtSession.probe()
