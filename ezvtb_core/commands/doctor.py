"""`doctor`: look at everything the avatar needs and say what to do about what is wrong. Changes nothing.

Standard library only, Python 3.8+: it has to work where nothing else does. What needs packages is looked at when they are there.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from ezvtb_core import __version__
from ezvtb_core.commands import doctor_trackers, obs_program
from ezvtb_core.commands.console import Console, Parser
from ezvtb_core.commands.finding import NOTE, OK, PROBLEM, Finding
from ezvtb_core.link import catalogue, characters, environment, interpreters, paths, presets
from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.link.settings import Settings

MARKS = {OK: "  ok  ", NOTE: " note ", PROBLEM: "!FIX! "}
LOW_SPACE = 500 * 1024 * 1024


def run(argv: list[str], console: Console) -> int:
    """Print the findings; 0 when the avatar can run, 1 when something must be fixed first."""
    parser = Parser(prog="doctor", description=console.text("command_doctor"))
    parser.add_argument("--json", action="store_true", help=console.text("help_json"))
    as_json = parser.parse_args(argv).json
    findings: list[Finding] = []
    for look in LOOKS:
        for finding in look(console):
            findings.append(finding)
            if not as_json:
                console.line(f"[{MARKS[finding.level]}] {say(finding.notice, console.locale)}")
    usable = all(finding.level != PROBLEM for finding in findings)
    if as_json:
        listed = [each.to_json(console.locale) for each in findings]
        console.result({"usable": usable, "version": __version__, "findings": listed})
    else:
        console.line(console.text("doctor_usable" if usable else "doctor_unusable"))
    return 0 if usable else 1


def _python(_: Console) -> Iterator[Finding]:
    facts = {"version": platform.python_version(), "path": sys.executable, "system": platform.platform()}
    notice = Notice("doctor_system", version=__version__, python=facts["version"], system=facts["system"])
    yield Finding("python", OK, notice, facts)


def _environment(_: Console) -> Iterator[Finding]:
    state = environment.state()
    facts = {"state": state.name, "path": str(environment.python()), "extras": sorted(environment.stamped())}
    if state.ready:
        yield Finding(
            "environment", OK, Notice("doctor_environment", folder=str(paths.VENV), state=state.notice.to_json()), facts
        )
        return
    yield Finding("environment", PROBLEM, state.notice, facts)
    try:
        found = interpreters.find_interpreter()
        yield Finding("environment", OK, Notice("doctor_interpreter", python=found.name, path=found.path), {"path": found.path})
    except NoticeError as error:
        yield Finding("environment", PROBLEM, error.notice)


def _obs(console: Console) -> Iterator[Finding]:
    program = obs_program.find(console.environ)
    if program is None:
        code = {"win32": "obs_missing_windows", "darwin": "obs_missing_mac"}.get(sys.platform, "obs_missing_linux")
        yield Finding("obs", NOTE, Notice(code), {"found": False})
        return
    facts = {"found": True, "path": program.path, "version": program.name, "config": str(program.config)}
    if program.version and program.version < obs_program.OLDEST:
        oldest = "{}.{}".format(*obs_program.OLDEST)
        yield Finding("obs", NOTE, Notice("doctor_obs_old", path=program.path, version=program.name, oldest=oldest), facts)
        return
    yield Finding("obs", OK, Notice("doctor_obs", version=program.name, path=program.path), facts)
    if program.newest_python is None:
        return
    newest = "{}.{}".format(*program.newest_python)
    fitting = [found for found in interpreters.working() if (3, 8) <= found.version[:2] <= program.newest_python]
    if fitting:
        # OBS is given the folder that holds the library, not the interpreter itself.
        folder = str(Path(fitting[0].path).parent)
        notice = Notice("doctor_obs_python", newest=newest, python=fitting[0].name, folder=folder)
        yield Finding("obs", OK, notice, {"python": fitting[0].path})
    else:
        yield Finding("obs", NOTE, Notice("doctor_obs_no_python", newest=newest, version=program.name))


def _backends(_: Console) -> Iterator[Finding]:
    if not environment.is_current():
        return
    try:
        from ezvtb_core import backends
    except ImportError as error:
        yield Finding("packages", PROBLEM, Notice("install_check_failed", detail=str(error)))
        return
    possible = [name for name in backends.BACKENDS if backends.SYSTEMS.get(name, sys.platform) == sys.platform]
    probes = [backends.probe(name) for name in possible if name != "fake"]
    usable = any(probe.usable for probe in probes)
    for probe in probes:
        level = OK if probe.usable else NOTE if usable else PROBLEM
        yield Finding("backend", level, probe.reason, {"name": probe.name, "usable": probe.usable})


def _character(_: Console) -> Iterator[Finding]:
    if not environment.is_current():
        return
    try:
        from ezvtb_core import pose
        from ezvtb_core.assemble import build_model
    except ImportError:
        return  # told above
    try:
        model = build_model(Settings(model="puppet"))
        frame = model.render(pose.neutral())
        model.close()
    except NoticeError as error:
        yield Finding("character", PROBLEM, error.notice)
        return
    visible = round(100 * float((frame[..., 3] > 0).mean()))
    size = f"{frame.shape[1]}×{frame.shape[0]}"
    if visible:
        yield Finding("character", OK, Notice("doctor_character", size=size, visible=visible))
    else:
        yield Finding("character", PROBLEM, Notice("doctor_character_empty", path=str(paths.PUPPET_GRAPH)))


def _models(_: Console) -> Iterator[Finding]:
    places = catalogue.folders("")
    found = catalogue.scan(places)
    if not found:
        notice = Notice("doctor_no_models", folder=str(places[0]))
        yield Finding("models", NOTE, notice, {"found": False, "looked": [str(place) for place in places]})
    for model in found:
        facts = {"name": model.name, "precision": model.precision, "path": str(model.path), "missing": list(model.missing)}
        reason = catalogue.why_not(model)
        broken = list(_broken(model)) if environment.is_current() else []
        if reason is not None:
            yield Finding("models", NOTE, reason, facts)
        elif not broken:
            licence = catalogue.licence_notices(model)[0].to_json()
            notice = Notice("doctor_model", name=model.name, precision=model.precision, folder=str(model.path), licence=licence)
            yield Finding("models", OK, notice, {**facts, "licence": model.licence})
        for notice in broken:
            yield Finding("models", PROBLEM, notice, facts)


def _broken(model: catalogue.ModelFolder) -> Iterator[Notice]:
    """What a glance at each file tells; `models check` looks closer."""
    try:
        from ezvtb_core.backends import sniff
    except ImportError:
        return  # told above
    for file in model.files.values():
        notice = sniff.glance(file) if file.suffix.lower() == ".onnx" else None
        if notice is not None:
            yield notice


def _pictures(console: Console) -> Iterator[Finding]:
    """The user's characters. Those chosen in OBS from elsewhere are judged in the panel."""
    if not environment.is_current():
        return
    try:
        from ezvtb_core import image_doctor
    except ImportError:
        return  # told above
    found = characters.scan(paths.CHARACTERS)
    for number, character in enumerate(found):
        path = str(character.path)
        console.progress(number / len(found), console.text("doctor_looking", path=path))
        try:
            report = image_doctor.load(character.path).report
        except NoticeError as error:
            yield Finding("picture", PROBLEM, error.notice, {"path": path})
            continue
        yield Finding(
            "picture", OK, Notice("doctor_picture", path=path, score=report.score), {"path": path, "score": report.score}
        )
        for finding in report.findings:
            if finding.points:
                yield Finding("picture", NOTE, finding.notice, {"path": path, "points": finding.points})


def _presets(_: Console) -> Iterator[Finding]:
    for file in sorted([*paths.PRESETS.glob("*.json"), *paths.USER_PRESETS.glob("*.json")]):
        try:
            presets.load(file.stem)
        except NoticeError as error:
            yield Finding("presets", NOTE, error.notice, {"path": str(file)})


def _ports(_: Console) -> Iterator[Finding]:
    yield from doctor_trackers.listening()


def _trackers(_: Console) -> Iterator[Finding]:
    yield from doctor_trackers.network()
    yield from doctor_trackers.webcam()
    yield from doctor_trackers.sound()
    yield from doctor_trackers.pointer()
    yield from doctor_trackers.vmc()
    yield from doctor_trackers.kept()


def _disk(_: Console) -> Iterator[Finding]:
    free = shutil.disk_usage(str(paths.ROOT)).free
    level = OK if free >= LOW_SPACE else NOTE
    yield Finding("disk", level, Notice("doctor_disk", folder=str(paths.ROOT), free=f"{free / 1e9:.1f}"), {"free": free})
    if not os.access(str(paths.ROOT), os.W_OK):
        yield Finding("disk", PROBLEM, Notice("install_no_permission", folder=str(paths.ROOT)))
    yield Finding("logs", OK, Notice("doctor_logs", folder=str(paths.LOGS)), {"path": str(paths.LOGS)})


LOOKS: tuple[Callable[[Console], Iterator[Finding]], ...] = (
    _python, _environment, _obs, _backends, _character, _pictures, _models, _presets, _ports, _trackers, _disk,
)  # fmt: skip
"""In the order they are shown."""
