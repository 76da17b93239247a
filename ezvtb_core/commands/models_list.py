"""`models list`: a table of the models that are there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from ezvtb_core.commands import models
from ezvtb_core.commands.console import Console, Parser
from ezvtb_core.link import catalogue
from ezvtb_core.link.catalogue import STUDENT, ModelFolder
from ezvtb_core.link.locale import say
from ezvtb_core.models import ModelSpec
from ezvtb_core.models.picture import MovingPicture
from ezvtb_core.models.puppet import Puppet

BUILT_IN: tuple[ModelSpec, ...] = (Puppet.spec, MovingPicture.spec)
"""Models that need no folder."""


def run(argv: list[str], console: Console) -> int:
    """Print the table, or the same facts for programs; nothing found is no failure. Raises UsageError for a folder not there."""
    parser = Parser(prog="models list", description=console.text("command_models_list"), allow_abbrev=False)
    models.add_flags(parser, console)
    given = parser.parse_args(argv)
    places = models.places(given.models)
    found = catalogue.scan(places)
    here = {model.name for model in found}
    absent = [name for name in catalogue.FAMILIES if name not in here and name != STUDENT]
    looked = [str(place) for place in places]
    if given.json:
        built_in = [{"name": spec.name, "built_in": True, "complete": True, "licence": spec.licence} for spec in BUILT_IN]
        console.result({"models": [*built_in, *map(facts, found)], "absent": absent, "looked": looked})
        return 0
    for line in _table(_rows(found, console)):
        console.line(line)
    for notice in dict.fromkeys(notice for model in found for notice in catalogue.licence_notices(model)):
        console.line(say(notice, console.locale))
    if absent:
        console.line(console.text("models_absent", names=", ".join(absent), looked=", ".join(looked)))
    return 0


def facts(model: ModelFolder) -> dict[str, Any]:
    """A model for programs."""
    return {
        "name": model.name,
        "built_in": False,
        "precision": model.precision,
        "complete": not model.missing,
        "missing": list(model.missing),
        "path": str(model.path),
        "files": {stem: str(file) for stem, file in model.files.items()},
        "picture": None if model.picture is None else str(model.picture),
        "licence": model.licence,
        "licence_file": None if model.licence_file is None else str(model.licence_file),
    }


def _rows(found: Sequence[ModelFolder], console: Console) -> Iterator[list[str]]:
    yield [console.text(f"models_column_{name}") for name in ("model", "precision", "files", "licence", "folder")]
    complete = console.text("models_complete")
    for spec in BUILT_IN:
        yield [spec.name, "", complete, spec.licence, console.text("models_built_in")]
    for model in found:
        state = console.text("models_missing", files=", ".join(model.missing)) if model.missing else complete
        yield [model.name, model.precision, state, model.licence, str(model.path)]


def _table(rows: Iterator[list[str]]) -> Iterator[str]:
    """Lines with columns one below the other; a Chinese character is two columns wide in a terminal."""
    listed = list(rows)
    widths = [max(map(_width, column)) for column in zip(*listed, strict=True)]
    for row in listed:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in cell)
