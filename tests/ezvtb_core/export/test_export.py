"""From a folder of original files to a folder of published ones, all or nothing."""

from __future__ import annotations

import errno
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import onnx
import pytest

from ezvtb_core import export as exporter
from ezvtb_core.export import ExportError, export
from ezvtb_core.export.checkpoint import WeightsError
from ezvtb_core.export.families import FAMILIES
from tests.ezvtb_core.export import checkpoints

STUDENT = FAMILIES["tha4_student"]
Usage = namedtuple("Usage", "total used free")


def originals(folder: Path, ending: str = ".npz", family=STUDENT, **changes: dict) -> Path:
    """Made-up weights of a student."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    for stem in family.checkpoints:
        arrays = {key: random.normal(size=shape).astype(np.float32) for key, shape in family.census(stem).items()}
        checkpoints.write(folder, stem, {**arrays, **changes.get(stem, {})}, ending)
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("ending", checkpoints.WRITERS)
def test_files_of_every_kind_make_the_same_models(tmp_path: Path, ending: str) -> None:
    steps: list[tuple[float, str]] = []
    source = originals(tmp_path / "é 角", ending)
    written = export("tha4_student:角色 é", source, tmp_path / "out", progress=lambda part, file: steps.append((part, file)))
    folder = tmp_path / "out" / "custom_tha4_models" / "角色 é"
    assert written == [folder / "face_morpher.onnx", folder / "body_morpher.onnx"]
    assert sorted(path.name for path in folder.iterdir()) == ["body_morpher.onnx", "face_morpher.onnx"]
    assert [part for part, _ in steps] == [0, 0.25, 0.5, 0.75]
    assert steps[0][1] == f"face_morpher{ending}"
    reference = export("tha4_student:a", originals(tmp_path / "again"), tmp_path / "out")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in reference]
    onnx.checker.check_model(written[0], full_check=True)


@pytest.mark.slow
def test_sub_folders_of_the_original_program_and_all_seven_files(tmp_path: Path) -> None:
    family = FAMILIES["tha3:seperable"]
    originals(tmp_path / "models" / "separable_half", family=family)
    written = export("tha3:seperable", tmp_path / "models", tmp_path / "out", "fp16")
    folder = tmp_path / "out" / "tha3" / "seperable" / "fp16"
    names = ["decomposer", "combiner", "morpher", "rotator", "editor", "merge", "merge_no_eyebrow"]
    assert written == [folder / f"{name}.onnx" for name in names]
    assert set(folder.iterdir()) == set(written)


def test_given_files_under_any_name(tmp_path: Path) -> None:
    source = originals(tmp_path)
    files = {stem: (source / f"{stem}.npz").rename(source / f"my {stem}.npz") for stem in STUDENT.checkpoints}
    written = exporter.write("tha4_student:x", files, tmp_path / "cache" / "0123")
    assert [path.name for path in written] == ["face_morpher.onnx", "body_morpher.onnx"]
    assert written[0].parent == tmp_path / "cache" / "0123"


@pytest.mark.parametrize(
    ("name", "precision", "said"),
    [
        ("tha9", "fp32", "nothing to export called tha9. Known: tha3:seperable, tha3:standard, tha4, tha4_student:NAME"),
        ("tha3", "fp32", "nothing to export called tha3"),
        ("tha3:separable", "fp32", "nothing to export"),
        ("tha4:x", "fp32", "nothing to export called tha4:x"),
        ("tha4_student", "fp32", "needs a name"),
        ("tha4_student:", "fp32", "needs a name"),
        ("tha4_student:../x", "fp32", "needs a name"),
        ("tha4_student:a/b", "fp32", "needs a name"),
        ("tha4_student:..", "fp32", "needs a name"),
        ("tha4_student:x", "fp16", "cannot be exported as fp16. Possible: fp32"),
        ("tha4", "int8", "cannot be exported as int8. Possible: fp32, fp16"),
    ],
)
def test_what_cannot_be_exported(tmp_path: Path, name: str, precision: str, said: str) -> None:
    with pytest.raises(ExportError, match=said):
        export(name, tmp_path, tmp_path / "out", precision)
    assert not (tmp_path / "out").exists()


def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="There is no folder"):
        export("tha4", tmp_path / "none", tmp_path / "out")
    source = originals(tmp_path / "in")
    (source / "body_morpher.npz").unlink()
    with pytest.raises(ExportError, match=r"does not hold body_morpher\. Expected there: face_morpher\.pt, body_morpher\.pt"):
        export("tha4_student:x", source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_of_another_network_write_nothing(tmp_path: Path) -> None:
    source = originals(tmp_path / "in")
    shutil.copy(source / "face_morpher.npz", source / "body_morpher.npz")
    with pytest.raises(WeightsError, match="swapped"):
        export("tha4_student:x", source, tmp_path / "out")
    wrong = originals(tmp_path / "wrong", body_morpher={"last_linear.bias": np.zeros(8, np.float32)})
    with pytest.raises(WeightsError, match=r"last_linear\.bias .* expected float \(7,\), got float32 \(8,\)"):
        export("tha4_student:x", wrong, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "broken")])
def test_what_was_there_stays_when_it_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The second file fails; neither a new folder nor an old one has anything of the first."""
    source, out = originals(tmp_path / "in"), tmp_path / "out"
    export("tha4_student:old", source, out)
    before = everything(out)
    other = originals(tmp_path / "other", face_morpher={"siren.last_linear.bias": np.zeros(4, np.float32)})

    def save(model: onnx.ModelProto, path: Path) -> None:
        if path.stem == "body_morpher":
            raise error
        path.write_bytes(model.SerializeToString())

    monkeypatch.setattr(exporter.onnx, "save", save)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else ExportError
    for student in ("old", "new"):
        with pytest.raises(expected):
            export(f"tha4_student:{student}", other, out)
        assert everything(out) == before
        assert {path.name for path in (out / "custom_tha4_models").iterdir()} == {"old"}


def test_a_full_disk_is_found_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter.shutil, "disk_usage", lambda folder: Usage(10, 10, 1000))
    with pytest.raises(ExportError, match=r"needs 0\.0 GB, but only 0\.0 GB are free"):
        export("tha4_student:x", originals(tmp_path / "in"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    source = originals(tmp_path / "in")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError, match=r"Nothing can be written to .* Choose another folder"):
        export("tha4_student:x", source, tmp_path / "file")
