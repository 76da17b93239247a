"""Original weights to static ONNX files in the layout that upstream publishes (tha3/…, tha4/…, custom_tha4_models/…).

Neither torch nor anything of the original programs is needed: the networks are written down here, checkpoints are read as
data, and files are made with numpy and onnx.
"""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from ezvtb_core.export import checkpoint, weights
from ezvtb_core.export.families import Family, family, names
from ezvtb_core.export.graph import Array
from ezvtb_core.link.messages import NoticeError

NAME = re.compile(r"(?![. ])[^\\/:*?\"<>|\x00-\x1f]{1,100}(?<![. ])")
"""What a student may be called: it becomes the name of a folder, on any system."""
Progress = Callable[[float, str], None]
"""Told which part is done (0..1) and the file that is worked on."""


class ExportError(NoticeError):
    """A model cannot be exported; says what was expected, what came, and what to do."""


def silent(part: float, file: str) -> None:
    """Progress that nobody looks at."""


def export(name: str, weights_folder: Path, out_folder: Path, precision: str = "fp32", progress: Progress = silent) -> list[Path]:
    """Write all files of the model `name` below `out_folder`; gives them in the order of the pipeline.

    `name`: `tha3:seperable`, `tha3:standard`, `tha4` or `tha4_student:NAME`; `weights_folder` holds the original files, as
    .pt, .safetensors or .npz, directly or in the sub-folders of the original program. All checkpoints are read and checked
    before anything is written, and either all files take their places, whole, or none. Raises ExportError and WeightsError.
    """
    chosen = _family(name, precision)
    files = {stem: _find(weights_folder, stem, chosen) for stem in chosen.checkpoints}
    folder = out_folder / chosen.folder.format(precision=precision, name=name.partition(":")[2])
    return write(name, files, folder, precision, progress)


def write(name: str, files: Mapping[str, Path], folder: Path, precision: str = "fp32", progress: Progress = silent) -> list[Path]:
    """The same for given checkpoints, stem → path, right into `folder`."""
    chosen = _family(name, precision)
    steps = len(chosen.checkpoints) + len(chosen.files)
    arrays = {}
    for done, stem in enumerate(chosen.checkpoints):
        progress(done / steps, files[stem].name)
        arrays[stem] = read(chosen, stem, files[stem], precision)
    made = _make_folder(folder)
    written = []
    try:
        _check_space(chosen, arrays, folder, precision)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as temporary:
            for done, file in enumerate(chosen.files, len(arrays)):
                progress(done / steps, f"{file}.onnx")
                model = chosen.model(name, file, precision, arrays)
                onnx.checker.check_model(model, full_check=True)
                onnx.save(model, Path(temporary) / f"{file}.onnx")
            for file in chosen.files:
                written.append((Path(temporary) / f"{file}.onnx").replace(folder / f"{file}.onnx"))
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        if not written:
            _remove_empty(made)
    return written


def read(chosen: Family, stem: str, path: Path, precision: str) -> dict[str, Array]:
    """One checkpoint, checked against its network. Raises WeightsError."""
    arrays = checkpoint.load(path)
    weights.check(path, arrays, chosen.census(stem), chosen.dtype(stem, precision))
    return arrays


def _family(name: str, precision: str) -> Family:
    _, colon, student = name.partition(":")
    try:
        chosen = family(name)
    except KeyError as error:
        raise ExportError("export_unknown", got=name, known=", ".join(names())) from error
    if chosen.named and (not colon or not NAME.fullmatch(student)):
        raise ExportError("export_student_name", got=name)
    if precision not in chosen.precisions:
        raise ExportError("export_precision", model=name, got=precision, known=", ".join(chosen.precisions))
    return chosen


def _find(folder: Path, stem: str, chosen: Family) -> Path:
    if not folder.is_dir():
        raise ExportError("export_no_folder", path=str(folder))
    for place in (folder, *(folder / each for each in chosen.sources)):
        for ending in checkpoint.ENDINGS:
            path = place / (stem + ending)
            if path.is_file():
                return path
    expected = ", ".join(f"{each}.pt" for each in chosen.checkpoints)
    raise ExportError("export_no_file", path=str(folder), missing=stem, expected=expected, endings=" ".join(checkpoint.ENDINGS))


def _make_folder(folder: Path) -> list[Path]:
    """Make the folder; gives what was not there before, deepest first."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _remove_empty(made)
        raise _unwritable(folder, error) from error
    return made


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _check_space(chosen: Family, arrays: Mapping[str, Mapping[str, Array]], folder: Path, precision: str) -> None:
    size = sum(array.size * chosen.dtype(stem, precision).itemsize for stem, found in arrays.items() for array in found.values())
    # Merged files hold at most everything once more.
    needed = size * (1 + len(chosen.merged))
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ExportError("export_disk_full", path=str(folder), needed=f"{needed / 1e9:.1f}", free=f"{free / 1e9:.1f}")


def _unwritable(folder: Path, error: OSError) -> ExportError:
    if error.errno == errno.ENOSPC:
        return ExportError("export_disk_became_full", path=str(folder))
    return ExportError("export_unwritable", path=str(folder), detail=error.strerror or str(error))
