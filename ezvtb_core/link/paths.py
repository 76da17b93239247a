"""Where things are in the folder that the user put on disk. Standard library only: imported inside OBS."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "data"
LOCALE = DATA / "locale"
CHARACTER = DATA / "character"
STILL_IMAGE = CHARACTER / "still.png"
PUPPET_GRAPH = CHARACTER / "puppet.onnx"
PRESETS = ROOT / "presets"
USER_PRESETS = DATA / "presets"
MODELS = DATA / "models"
GRAPHS = DATA / "cache" / "graphs"
PROVEN = DATA / "cache" / "proven"
CHARACTERS = DATA / "characters"
LOGS = DATA / "logs"
CALIBRATIONS = DATA / "calibrations"
CLIPS = DATA / "clips"
EXPRESSIONS = DATA / "expressions"
VENV = ROOT / ".venv"
SCRIPT = ROOT / "obs_ezvtuber.py"
