"""Which models are on disk: looks for model folders of either published layout. Reads names, never a model file.

Standard library only, Python 3.8+: the panel in OBS shows what is found. See docs/models.md for the layouts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ezvtb_core.link import paths, student_files
from ezvtb_core.link.folder_walk import Folder, walk
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import OPTIONS
from ezvtb_core.link.student_files import DescriptionError, StudentFiles

PRECISIONS = ("fp32", "fp16")
AUTO = "auto"
STUDENT = "tha4_student"


class CatalogueError(NoticeError):
    """A model cannot be used; says what is missing, where it was looked for and what to do."""


@dataclass(frozen=True)
class Family:
    """What is true of all models of a family."""

    stages: Tuple[str, ...]
    """Stems of the files, one for each network, in the order in which they run."""
    merged: Tuple[Tuple[str, ...], ...] = ()
    """Other sets of files that draw the same, taken only where the stages are not all there."""
    licence: str = "CC-BY-NC-4.0"
    """SPDX identifier of the weights that their authors publish."""


def _merged(*before: str) -> Tuple[Tuple[str, ...], ...]:
    return tuple((*before, merge) for merge in ("merge", "merge_no_eyebrow"))


_TWO = ("decomposer", "combiner")
_THA3 = Family((*_TWO, "morpher", "rotator", "editor"), _merged(*_TWO), "CC-BY-4.0")
FAMILIES: Dict[str, Family] = {
    "tha3:seperable": _THA3,
    "tha3:standard": _THA3,
    "tha4": Family((*_TWO, "morpher", "body_morpher", "upscaler"), _merged(*_TWO)),
    STUDENT: Family(("face_morpher", "body_morpher")),
}
"""Model → its family, in the order of lists. `seperable` is how upstream spells it; folders may spell it either way."""
_LICENCES = {"CC-BY-4.0": "model_licence_by", "CC-BY-NC-4.0": "model_licence_by_nc"}
"""SPDX identifier → code of the sentence that explains it."""
_VARIANTS = {"seperable": "tha3:seperable", "separable": "tha3:seperable", "standard": "tha3:standard", "tha4": "tha4"}
"""Name of a folder, lower case → the model below it."""


@dataclass(frozen=True)
class ModelFolder:
    """One model on disk, in one precision."""

    name: str
    """`tha3:seperable`, `tha3:standard`, `tha4`, `tha4_student` (the default one) or `tha4_student:NAME`."""
    precision: str
    """`fp32` or `fp16`."""
    path: Path
    """The folder that holds the files."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Stem → file, for what is there: `.onnx`, or `.pt` in the folder of an original student."""
    missing: Tuple[str, ...] = ()
    """File names that would be needed and are not there; empty when the model can run."""
    picture: Optional[Path] = None
    """The character that belongs to it (students)."""
    licence: str = ""
    """SPDX identifier of the weights."""
    licence_file: Optional[Path] = None
    """A licence text beside the files, which may say otherwise."""
    trouble: Optional[Notice] = None
    """Why the folder's description cannot be used, where it cannot."""


def family(name: str) -> Optional[Family]:
    """Facts about the model `name`, None when it is not one that lives in a folder."""
    kind, _, student = name.partition(":")
    return FAMILIES.get(kind if kind == STUDENT and student else name)


def folders(setting: str) -> List[Path]:
    """Where to look: the folder of the setting `models_folder` when there is one, then `data/models`.

    The user's folder may be the root of a layout, any folder above it, one model's own, or one of student characters.
    """
    chosen = setting.strip()
    return [*([paths.ROOT / os.path.expanduser(chosen)] if chosen else []), paths.MODELS]


def scan(where: Iterable[Path]) -> List[ModelFolder]:
    """Every model found in some folders, those that can run first. Never raises, and takes a bounded time.

    Of several with the same name and precision, one that can run wins, then the one found first.
    """
    found: Dict[Tuple[str, str], ModelFolder] = {}
    for place in where:
        for folder in walk(place):
            model = _recognise(folder)
            if model is not None:
                key = (model.name, model.precision)
                known = found.get(key)
                if known is None or (known.missing and not model.missing):
                    found[key] = model
    return sorted(found.values(), key=_order)


def find(name: str, precision: str, where: Sequence[Path]) -> ModelFolder:
    """The folder of a model that can run. `precision`: `fp32`, `fp16`, or `auto` for whichever is there, fp32 first.

    Students exist in fp32 only and are found in any precision. Raises CatalogueError.
    """
    there = [model for model in scan(where) if model.name == name]
    fitting = [model for model in there if precision == AUTO or name.startswith(STUDENT) or model.precision == precision]
    for model in fitting:
        if not model.missing:
            return model
    looked = ", ".join(str(folder) for folder in where)
    gone = [folder for folder in where if folder != paths.MODELS and not os.path.isdir(str(folder))]
    if gone and not fitting:
        raise CatalogueError("models_folder_missing", folder=str(gone[0]))
    reasons = [why_not(model) for model in sorted(fitting, key=lambda model: len(model.missing))]
    for reason in filter(None, reasons):
        raise CatalogueError(reason.code, **reason.params)
    if there:
        raise CatalogueError("model_other_precision", name=name, precision=precision, got=there[0].precision, looked=looked)
    raise CatalogueError("model_not_found", name=name, looked=looked)


def why_not(model: ModelFolder) -> Optional[Notice]:
    """Why a model cannot run, as far as names of files tell; None when they are all there."""
    if not model.missing:
        return None
    if model.trouble is not None:
        return model.trouble
    missing = ", ".join(model.missing)
    return Notice("model_incomplete", name=model.name, precision=model.precision, folder=str(model.path), missing=missing)


def licence_notices(model: ModelFolder) -> List[Notice]:
    """What a user must know about using a model's weights."""
    said = [Notice(_LICENCES[model.licence], licence=model.licence)]
    if model.licence_file is not None:
        said.append(Notice("model_licence_file", path=str(model.licence_file)))
    return said


def _order(model: ModelFolder) -> Tuple[bool, int, str, int]:
    kind, _, student = model.name.partition(":")
    rank = list(FAMILIES).index(kind if kind == STUDENT else model.name)
    return bool(model.missing), rank, student.casefold(), PRECISIONS.index(model.precision)


def _recognise(folder: Folder) -> Optional[ModelFolder]:
    """The model that a folder holds, None when it holds none.

    The files tell students from others; of the others, the names of the folders above tell family and precision.
    """
    if _is_student(folder):
        return _student(folder)
    above, precision = folder.path.parent.name.lower(), folder.path.name.lower()
    name = _VARIANTS.get(above, "")
    if not name or precision not in PRECISIONS:
        return None
    facts = FAMILIES[name]
    stems = dict.fromkeys([*facts.stages, *(stem for each in facts.merged for stem in each)])
    files = {stem: folder.files[stem + ".onnx"] for stem in stems if stem + ".onnx" in folder.files}
    if not files:
        return None
    # Merged files are worth asking for only where there is one already.
    possible = [facts.stages, *(each for each in facts.merged if each[-1] in files)]
    missing = min(([stem + ".onnx" for stem in each if stem not in files] for each in possible), key=len)
    return ModelFolder(name, precision, folder.path, files, tuple(missing), None, facts.licence, _licence(folder))


def _is_student(folder: Folder) -> bool:
    if student_files.DESCRIPTION in folder.files or "face_morpher.onnx" in folder.files:
        return True
    # Half a student. THA4 has a file of that name as well, in a folder named for its precision.
    return "body_morpher.onnx" in folder.files and folder.path.name.lower() not in PRECISIONS


def _student(folder: Folder) -> Optional[ModelFolder]:
    named = folder.path.parent if folder.path.name.lower() in PRECISIONS else folder.path
    name = STUDENT if named.name.lower() == STUDENT else "%s:%s" % (STUDENT, named.name)
    if not OPTIONS["model"].offers(name):
        return None
    stages = FAMILIES[STUDENT].stages
    listed, trouble = StudentFiles(), None
    possible = [dict(zip(stages, ("face_morpher.onnx", "body_morpher.onnx")))]
    description = folder.files.get(student_files.DESCRIPTION)
    if description is not None:
        try:
            listed = student_files.read(description)
            possible.append(dict(zip(stages, (listed.face, listed.body))))
        except DescriptionError as error:
            trouble = error.notice
    best = min(possible, key=lambda names: sum(file.lower() not in folder.files for file in names.values()))
    files = {stem: folder.files[file.lower()] for stem, file in best.items() if file.lower() in folder.files}
    return ModelFolder(
        name,
        "fp32",
        folder.path,
        files,
        tuple(file for file in best.values() if file.lower() not in folder.files),
        folder.files.get(listed.picture.lower(), folder.files.get("character.png")),
        FAMILIES[STUDENT].licence,
        _licence(folder),
        trouble,
    )


def _licence(folder: Folder) -> Optional[Path]:
    for name in ("license", "licence", "copying"):
        for ending in ("", ".txt", ".md"):
            if name + ending in folder.files:
                return folder.files[name + ending]
    return None
