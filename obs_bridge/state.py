"""What one generation of the script keeps for one source."""

from __future__ import annotations

from typing import List, Mapping, Optional

from ezvtb_core.link.framebuffer import FrameBuffer
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings, Value
from obs_bridge.hotkeys import Switches


class State:
    """`Instance.state` of the real implementation."""

    def __init__(self, name: str, values: Mapping[str, Value]) -> None:
        self.name = name
        """The source's name towards the engine hosts; unique for the process."""
        self.values = dict(values)
        """As stored, defaults included, unchecked."""
        self.settings = Settings()
        self.warnings: List[Notice] = []
        self.host = ""
        self.visible = False
        self.buffer: Optional[FrameBuffer] = None
        self.trouble: Optional[Notice] = None
        """Why there is no engine for this source at all."""
        self.shown = 0
        """Sequence number of the frame in the texture; 0 for none."""
        self.preset_name = ""
        self.expression_name = ""
        self.switches = Switches()
