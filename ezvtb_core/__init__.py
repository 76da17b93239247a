"""The avatar engine. Importing this package imports nothing else (OBS loads it in its own process)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ezvtb_core.core import get_core as get_core
    from ezvtb_core.link.settings import Settings as Settings

__version__ = "0.1.0"
_HOMES = {"get_core": "ezvtb_core.core", "Settings": "ezvtb_core.link.settings"}
"""What the package offers → the module that has it, imported when it is asked for."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
