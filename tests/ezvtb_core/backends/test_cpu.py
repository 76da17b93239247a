"""The processor's own kernels draw what ONNX Runtime draws, or are not used."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import onnx
import pytest

from ezvtb_core.backends import SessionError, SessionOptions, Signature, ort, proof
from ezvtb_core.backends.cpu import CPU
from ezvtb_core.backends.ort import OrtSession
from ezvtb_core.backends.painted import PaintedSession
from ezvtb_core.backends.siren import SirenSession
from ezvtb_core.link import paths
from ezvtb_core.models.signatures import batched
from tests.ezvtb_core.backends.graphs import SIGNATURE, two_by_two
from tests.ezvtb_core.kernels import students
from tests.ezvtb_core.rewrite import networks

OPTIONS = SessionOptions(threads=2)


def painter(tmp_path, **facts):
    path = tmp_path / "editor.onnx"
    onnx.save(networks.painter(**facts), path)
    return path, networks.PAINTER


@pytest.fixture(autouse=True)
def nothing_proved_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PROVEN", tmp_path / "proven")
    monkeypatch.setattr(proof, "_proven", set())


GRAPHS = {
    "face": lambda folder: (students.save_face(folder / "face_morpher.onnx"), students.FACE_SIGNATURE),
    "body": lambda folder: (students.save_body(folder / "body_morpher.onnx"), students.BODY_SIGNATURE),
    "painter": painter,
    "other": lambda folder: (two_by_two(folder / "a.onnx"), SIGNATURE),
}


@pytest.fixture(params=GRAPHS)
def graph(request, tmp_path):
    return request.param, *GRAPHS[request.param](tmp_path)


def bound(session, inputs):
    """Run by binding; the outputs' memory."""
    given = {spec.name: session.allocate(spec) for spec in session.signature.inputs}
    wanted = {spec.name: session.allocate(spec) for spec in session.signature.outputs}
    run = session.bind(given, wanted)

    def draw(inputs):
        for name, array in inputs.items():
            given[name].write(array)
        run.run()
        return {name: tensor.read().copy() for name, tensor in wanted.items()}

    return draw(inputs), draw


def same(found, expected):
    for name, array in found.items():
        apart = np.abs(array.astype(np.float64) - expected[name])
        limit = 1 if array.dtype == np.uint8 else 1e-3
        assert (apart > limit).mean() < 1e-4, name


def test_each_graph_has_the_kernel_that_is_made_for_it(graph):
    name, path, signature = graph
    kinds = {"face": SirenSession, "body": SirenSession, "painter": PaintedSession, "other": OrtSession}
    session = CPU(path, signature, OPTIONS)
    assert type(session) is kinds[name]
    assert session.device
    session.close()


def test_frames_are_those_of_the_runtime_by_run_and_by_binding(graph):
    _, path, signature = graph
    kernel, runtime = CPU(path, signature, OPTIONS), ort.CPU(path, signature, OPTIONS)
    inputs = students.made_up_inputs(signature, seed=5)
    expected = runtime.run(inputs)
    same(kernel.run(inputs), expected)
    found, draw = bound(kernel, inputs)
    same(found, expected)
    for seed in (6, 5):  # another picture, and back
        others = students.made_up_inputs(signature, seed)
        same(draw(others), runtime.run(others))
    kernel.close()
    runtime.close()


def test_two_users_of_one_session_do_not_mix(graph):
    _, path, signature = graph
    session = CPU(path, signature, OPTIONS)
    first, second = (students.made_up_inputs(signature, seed) for seed in (1, 2))
    (one, draw_one), (two, draw_two) = bound(session, first), bound(session, second)
    for _ in range(3):
        assert all(np.array_equal(array, one[name]) for name, array in draw_one(first).items())
        assert all(np.array_equal(array, two[name]) for name, array in draw_two(second).items())
    session.close()


def swapped(folder):
    return students.save_body(folder / "a.onnx", order=(2, 1, 0)), students.BODY_SIGNATURE


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("outputs in another order", swapped),
        ("drawn darker at the end", lambda folder: painter(folder, ending="darker")),
        ("not painted over", lambda folder: painter(folder, ending="added")),
    ],
)
def test_a_graph_that_only_looks_alike_is_left_to_the_runtime(tmp_path, caplog, kind, made):
    path, signature = made(tmp_path)
    with caplog.at_level(logging.WARNING):
        session = CPU(path, signature, OPTIONS)
    assert type(session) is OrtSession, kind
    assert path.name in caplog.text
    inputs = students.made_up_inputs(signature)
    same(session.run(inputs), ort.CPU(path, signature, OPTIONS).run(inputs))


def test_half_precision_is_left_to_the_runtime_without_a_word(tmp_path, caplog):
    """As the published fp16 files are: half precision through the warp to the end."""
    path, signature = painter(tmp_path, dtype=np.float16)
    halves = Signature(tuple(replace(spec, dtype="float16") for spec in signature.inputs), signature.outputs)
    with caplog.at_level(logging.WARNING):
        session = CPU(path, halves, OPTIONS)
    assert type(session) is OrtSession
    assert not caplog.text
    random = np.random.default_rng(0)
    inputs = {spec.name: random.uniform(-1, 1, spec.shape).astype(np.float16) for spec in halves.inputs}
    expected = ort.CPU(path, halves, OPTIONS).run(inputs)["cv_result"]
    assert np.abs(session.run(inputs)["cv_result"].astype(int) - expected).mean() < 0.1


def test_a_picture_with_a_batch_of_one_is_taken(tmp_path):
    path = students.save_body(tmp_path / "a.onnx", batch=True)
    signature = batched(students.BODY_SIGNATURE)
    kernel = CPU(path, signature, OPTIONS)
    assert type(kernel) is SirenSession
    inputs = students.made_up_inputs(signature)
    same(kernel.run(inputs), ort.CPU(path, signature, OPTIONS).run(inputs))
    kernel.close()


def test_a_closed_session_says_so(graph):
    _, path, signature = graph
    session = CPU(path, signature, OPTIONS)
    inputs = students.made_up_inputs(signature)
    _, draw = bound(session, inputs)
    session.close()
    session.close()
    for run in (session.run, draw):
        with pytest.raises(SessionError) as caught:
            run(inputs)
        assert caught.value.notice.code == "session_closed"


def test_a_damaged_file_is_named(tmp_path):
    path = students.save_face(tmp_path / "face_morpher.onnx")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SessionError, match="face_morpher"):
        CPU(path, students.FACE_SIGNATURE, OPTIONS)
