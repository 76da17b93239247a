"""What all avatars of one generation of the script share."""

from __future__ import annotations

from dataclasses import dataclass

from obs_bridge.background import FaceModelDownload
from obs_bridge.characters import CharacterShelf
from obs_bridge.chores import Chores
from obs_bridge.engines import Engines
from obs_bridge.hotkeys import Hotkeys
from obs_bridge.installation import Installation
from obs_bridge.lists import Lists
from obs_bridge.models import ModelShelf
from obs_bridge.registration import Holder
from obs_bridge.shelf import PresetShelf


@dataclass(frozen=True)
class Services:
    """Made by `script.Script`, which also ends them."""

    process: Holder
    chores: Chores
    engines: Engines
    installation: Installation
    face_model: FaceModelDownload
    presets: PresetShelf
    models: ModelShelf
    characters: CharacterShelf
    lists: Lists
    hotkeys: Hotkeys
