"""`models check`: are the files of the models whole, of the right kind, and each in its place?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ezvtb_core import backends
from ezvtb_core.commands import models
from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.link import catalogue
from ezvtb_core.link.catalogue import CatalogueError, ModelFolder
from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import Notice
from ezvtb_core.models.check import check

BACKEND = "ort-cpu"
GOOD, BAD = "[  ok  ]", "[!FIX! ]"


def run(argv: list[str], console: Console) -> int:
    """A line for each file; returns 1 when something is broken or missing.

    Raises UsageError for a model or folder that is not there, BackendUnavailable where `--run` finds no runtime.
    """
    parser = Parser(prog="models check", description=console.text("command_models_check"), allow_abbrev=False)
    parser.add_argument("name", nargs="?", metavar="NAME", help=console.text("help_models_name"))
    parser.add_argument("--run", action="store_true", help=console.text("help_models_run"))
    models.add_flags(parser, console)
    given = parser.parse_args(argv)
    places = models.places(given.models)
    found = _chosen(given.name, places)
    backend = backends.load(BACKEND) if given.run else None
    checked: list[dict[str, Any]] = []
    for number, model in enumerate(found):

        def progress(part: float, path: Path, number: int = number) -> None:
            console.progress((number + part) / len(found), console.text("models_checking", path=path))

        results = check(model, progress, backend)
        problems = [catalogue.why_not(model), *(result.problem for result in results)]
        files = [(result.path.name, result.problem) for result in results]
        checked.append({**_model(model), "sound": not any(problems), "files": [_file(*file, console) for file in files]})
        if model.missing:
            checked[-1]["problem"] = _said(problems[0], console)
        if not given.json:
            _print(model, files, problems[0], console)
    sound = all(model["sound"] for model in checked)
    if given.json:
        console.result({"sound": sound, "models": checked, "looked": [str(place) for place in places]})
    elif not found:
        console.line(console.text("models_none", looked=", ".join(map(str, places))))
    else:
        console.line(console.text("models_sound" if sound else "models_broken"))
    return 0 if sound else 1


def _chosen(name: str | None, places: list[Path]) -> list[ModelFolder]:
    """The models of that name, in every precision; all when no name is given."""
    found = catalogue.scan(places)
    if name is None:
        return found
    named = [model for model in found if model.name == name]
    if not named:
        try:
            named = [catalogue.find(name, catalogue.AUTO, places)]
        except CatalogueError as error:
            raise UsageError(error.notice.code, **error.notice.params) from error
    return named


def _print(model: ModelFolder, files: list[tuple[str, Notice | None]], missing: Notice | None, console: Console) -> None:
    console.line(f"{model.name} {model.precision} {model.path}")
    for name, problem in files:
        console.line(f"{GOOD} {name}" if problem is None else f"{BAD} {say(problem, console.locale)}")
    if missing is not None:
        console.line(f"{BAD} {say(missing, console.locale)}")


def _model(model: ModelFolder) -> dict[str, Any]:
    return {"name": model.name, "precision": model.precision, "path": str(model.path), "missing": list(model.missing)}


def _file(name: str, problem: Notice | None, console: Console) -> dict[str, Any]:
    return {"file": name, "sound": problem is None, "problem": _said(problem, console)}


def _said(problem: Notice | None, console: Console) -> dict[str, Any] | None:
    return None if problem is None else {**problem.to_json(), "text": say(problem, console.locale)}
