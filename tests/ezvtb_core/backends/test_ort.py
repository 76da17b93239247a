from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from ezvtb_core.backends import BackendUnavailable, SessionError, SessionOptions, Signature, TensorSpec, ort, providers
from ezvtb_core.backends.host import HostTensor
from ezvtb_core.backends.ort import OrtSession
from tests.ezvtb_core.backends import fake_runtime
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
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"<html>404</html>" * 20, "file_text"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "file_lfs"),
    ],
)
def test_file_that_is_no_model_is_told_by_what_it_is(tmp_path, content, code):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    notice, said = refusal(path)
    assert notice.code == code and "bad.onnx" in said


def test_folder_is_no_model(tmp_path):
    assert refusal(tmp_path)[0].code == "file_folder"


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_truncated_model(tmp_path, part):
    path = two_by_two(tmp_path / "cut.onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    notice, said = refusal(path)
    assert notice.code == "file_cut_off" and "cut.onnx" in said


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


@pytest.mark.parametrize("provider", [providers.CUDA, providers.DIRECTML, providers.COREML])
def test_provider_that_is_not_there_names_the_package_that_has_it(tmp_path, provider):
    notice, said = refusal(two_by_two(tmp_path / "a.onnx"), provider=provider)
    assert notice.code == "backend_other_package"
    assert provider.name in said and provider.package in said and "CPUExecutionProvider" in said


def test_silent_fallback_is_refused(tmp_path, monkeypatch):
    """The runtime starts without a provider that it lists but cannot use."""
    fake_runtime.pretend(monkeypatch, "CUDAExecutionProvider")
    monkeypatch.setattr(fake_runtime.InferenceSession, "get_providers", lambda self: ["CPUExecutionProvider"])
    notice, _ = refusal(two_by_two(tmp_path / "a.onnx"), provider=providers.CUDA)
    assert notice.code == "backend_fell_back"
    assert notice.params == {"expected": "CUDAExecutionProvider", "got": "CPUExecutionProvider"}
    with pytest.raises(BackendUnavailable, match="fell back"):
        ort.CUDA.probe()


def test_provider_that_cannot_start_is_not_blamed_on_the_file(tmp_path, monkeypatch):
    class Broken:
        def __init__(self, *args, **options):
            raise RuntimeError("DXGI_ERROR_DEVICE_HUNG\nat line 1")

    runtime = fake_runtime.pretend(monkeypatch, "DmlExecutionProvider")
    monkeypatch.setattr(runtime, "InferenceSession", Broken, raising=False)
    notice, said = refusal(two_by_two(tmp_path / "a.onnx"), provider=providers.DIRECTML)
    assert notice.code == "backend_refused"
    assert "a.onnx" in said and "DirectML" in said and "DXGI_ERROR_DEVICE_HUNG" in said
    with pytest.raises(BackendUnavailable, match="DirectML does not work on this computer: DXGI"):
        ort.DIRECTML.probe()


@pytest.mark.parametrize(
    ("backend", "device", "memory", "said"),
    [
        (ort.CUDA, 1, ("cuda", 1), "CUDA, device 1"),
        (ort.DIRECTML, 0, ("dml", 0), "DirectML, device 0"),
        (ort.DIRECTML, 1, ("cpu", 0), "DirectML, device 1"),
        (ort.COREML, 0, ("cpu", 0), "CoreML (ONNX"),
    ],
)
def test_tensors_lie_where_the_provider_computes_as_far_as_the_runtime_can_allocate_there(
    tmp_path, monkeypatch, backend, device, memory, said
):
    fake_runtime.pretend(monkeypatch, backend.provider.name)
    session = backend(two_by_two(tmp_path / "a.onnx"), SIGNATURE, SessionOptions(device=device))
    tensor = session.allocate(SIGNATURE.inputs[0])
    assert (tensor.value.kind, tensor.value.index) == memory
    assert said in session.device
    assert session._session.options.get("device_id") == (str(device) if backend.provider.has_devices else None)


def test_cuda_libraries_from_python_packages_are_loaded_first_and_nothing_is_printed(tmp_path, monkeypatch, capsys, caplog):
    caplog.set_level("INFO")
    runtime = fake_runtime.pretend(monkeypatch, "CUDAExecutionProvider")
    ort.CUDA(two_by_two(tmp_path / "a.onnx"), SIGNATURE, OPTIONS)
    assert runtime.preloaded == 1
    assert capsys.readouterr().out == "" and "libcudnn.so.9" in caplog.text


def test_no_memory_on_the_device_is_a_sentence(tmp_path, monkeypatch):
    fake_runtime.pretend(monkeypatch, "CUDAExecutionProvider")
    session = ort.CUDA(two_by_two(tmp_path / "a.onnx"), SIGNATURE, OPTIONS)

    def refuse(*args):
        raise RuntimeError("CUDA failure 2: out of memory")

    monkeypatch.setattr(fake_runtime.OrtValue, "ortvalue_from_numpy", refuse)
    with pytest.raises(SessionError, match=r"not enough memory .* CUDA, device 0 .*out of memory"):
        session.allocate(SIGNATURE.inputs[0])


def test_device_that_is_lost_is_a_sentence(tmp_path, monkeypatch):
    fake_runtime.pretend(monkeypatch, "CUDAExecutionProvider")
    session = ort.CUDA(two_by_two(tmp_path / "a.onnx"), SIGNATURE, OPTIONS)
    tensor = session.allocate(SIGNATURE.inputs[0])

    def refuse(*args):
        raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")

    for name in ("update_inplace", "numpy"):
        monkeypatch.setattr(fake_runtime.OrtValue, name, refuse)
    for act in (tensor.read, lambda: tensor.write(np.zeros((1, 45), np.float32))):
        with pytest.raises(SessionError, match=r"a\.onnx failed while running: CUDA failure 700"):
            act()


def test_tensors_of_the_processor_are_used_in_place(tmp_path):
    session = OrtSession(two_by_two(tmp_path / "a.onnx"), SIGNATURE, OPTIONS)
    inputs = {spec.name: session.allocate(spec) for spec in SIGNATURE.inputs}
    outputs = {spec.name: session.allocate(spec) for spec in SIGNATURE.outputs}
    kept = outputs["y"].read()
    bound = session.bind(inputs, outputs)
    for value in (1, 2):
        inputs["x"].write(np.full((1, 45), value, np.float32))
        bound.run()
        assert outputs["y"].read() is kept and (kept == value + 1).all()
    for tensor in (*inputs.values(), *outputs.values()):
        assert tensor.value.data_ptr() == tensor.read().ctypes.data
    assert [value.data_ptr() for value in bound._binding.get_outputs()] == [
        tensor.value.data_ptr() for tensor in outputs.values()
    ]


def test_a_tensor_of_another_backend_is_a_mistake(tmp_path):
    session = OrtSession(two_by_two(tmp_path / "a.onnx"), SIGNATURE, OPTIONS)
    inputs = {spec.name: HostTensor(spec) for spec in SIGNATURE.inputs}
    with pytest.raises(TypeError, match="expected a tensor of ONNX Runtime, got HostTensor"):
        session.bind(inputs, {"y": session.allocate(SIGNATURE.outputs[0])})


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
    assert onnxruntime.__version__ in ort.CPU.probe()


@pytest.mark.parametrize("backend", [ort.CUDA, ort.DIRECTML, ort.COREML])
def test_probe_of_a_graphics_card_runs_a_graph(monkeypatch, backend):
    runs = []
    fake_runtime.pretend(monkeypatch, backend.provider.name)
    run = fake_runtime.InferenceSession.run
    monkeypatch.setattr(fake_runtime.InferenceSession, "run", lambda *args: runs.append(run(*args)))
    assert onnxruntime.__version__ in backend.probe()
    assert len(runs) == 1


def test_probe_without_the_processor(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["AzureExecutionProvider"])
    with pytest.raises(BackendUnavailable, match="Azure"):
        ort.CPU.probe()
