"""`obs`: start OBS with a scene collection that holds the avatar. Standard library only, Python 3.8+."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ezvtb_core.commands import entry, obs_program
from ezvtb_core.commands.console import Console, Parser
from ezvtb_core.link import paths
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.presets import file_name

SOURCE_KIND = "ezvtuber_avatar"
FIT_INSIDE = 2
"""OBS_BOUNDS_SCALE_INNER of libobs."""
TOP_LEFT = 5
STARTED_AFTER = 2.0
"""Seconds after which an OBS that still runs counts as started."""


class ObsError(NoticeError):
    """OBS cannot be started; the sentence says what to do."""


def run(argv: list[str], console: Console) -> int:
    """Write the collection where it is missing and start OBS. Raises ObsError, UsageError, or what installing raises."""
    parser = Parser(prog="obs", description=console.text("command_obs"))
    parser.add_argument("--collection", metavar="NAME", default="EZVTuber", help=console.text("help_collection"))
    name = parser.parse_args(argv).collection.strip()
    program = obs_program.find(console.environ)
    if program is None:
        code = {"win32": "obs_missing_windows", "darwin": "obs_missing_mac"}.get(sys.platform, "obs_missing_linux")
        raise ObsError(code)
    if sys.platform.startswith("linux") and not (console.environ.get("DISPLAY") or console.environ.get("WAYLAND_DISPLAY")):
        raise ObsError("obs_no_display")
    entry.ensure((), console)
    scenes = program.config / "basic" / "scenes"
    existing = find_collection(scenes, name)
    if existing is None:
        try:
            written = write_collection(scenes, name, obs_program.canvas(program.config), console)
        except OSError as error:
            raise ObsError("obs_collection_unwritable", folder=str(scenes), detail=error.strerror or str(error)) from error
        console.tell("obs_collection_made", name=name, path=str(written))
    else:
        console.tell("obs_collection_kept", name=name, path=str(existing))
    _start([*program.command, "--collection", name], Path(program.path))
    console.tell("obs_started", name=name)
    if program.newest_python is not None:
        console.tell("obs_python_hint", newest="{}.{}".format(*program.newest_python))
    return 0


def find_collection(scenes: Path, name: str) -> Path | None:
    """The file of the collection called `name`; a file that cannot be read is taken for one only by its file name."""
    for file in sorted(scenes.glob("*.json")):
        try:
            found = json.loads(file.read_text(encoding="utf-8")).get("name")
        except (OSError, ValueError, AttributeError):
            found = None
        if found == name or file.stem == _stem(name):
            return file
    return None


def write_collection(scenes: Path, name: str, canvas: tuple[int, int], console: Console) -> Path:
    """Write a new collection with the script and one scene that shows the avatar. Raises OSError; never replaces a file."""
    scenes.mkdir(parents=True, exist_ok=True)
    path = scenes / (_stem(name) + ".json")
    content = collection(name, canvas, console.text("obs_scene_name"), console.text("obs_avatar_name"))
    with path.open("x", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=4)
    return path


def collection(name: str, canvas: tuple[int, int], scene: str, avatar: str) -> dict[str, Any]:
    """A scene collection as OBS 28 and newer read it, the avatar fitted into the canvas; what is left out gets OBS's defaults."""
    width, height = canvas
    item = {
        "name": avatar,
        "id": 1,
        "visible": True,
        "locked": False,
        "align": TOP_LEFT,
        "pos": {"x": 0.0, "y": 0.0},
        "scale": {"x": 1.0, "y": 1.0},
        "bounds_type": FIT_INSIDE,
        "bounds_align": 0,
        "bounds": {"x": float(width), "y": float(height)},
    }
    return {
        "name": name,
        "current_scene": scene,
        "current_program_scene": scene,
        "scene_order": [{"name": scene}],
        "sources": [
            {"id": SOURCE_KIND, "versioned_id": SOURCE_KIND, "name": avatar, "settings": {}},
            {"id": "scene", "versioned_id": "scene", "name": scene, "settings": {"id_counter": 1, "items": [item]}},
        ],
        "modules": {"scripts-tool": [{"path": paths.SCRIPT.as_posix(), "settings": {}}]},
    }


def _stem(name: str) -> str:
    return file_name(name).replace(" ", "_") or "EZVTuber"


def _start(command: list[str], program: Path) -> None:
    """Start OBS so that it outlives this terminal. Raises ObsError when it ends at once with an error."""
    arguments: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        # OBS finds its own files only from the folder it lies in.
        arguments = {"creationflags": subprocess.DETACHED_PROCESS, "cwd": str(program.parent)}
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **arguments
        )
    except OSError as error:
        raise ObsError("obs_not_started", detail=str(error)) from error
    ends = time.monotonic() + STARTED_AFTER
    while time.monotonic() < ends:
        code = process.poll()
        if code:
            raise ObsError("obs_not_started", detail=f"exit code {code}")
        time.sleep(0.05)
    # It goes on without us: nothing waits for it, so Python must not complain that nobody did.
    process.returncode = 0
