"""What a tracker is given beside the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ezvtb_core.link import paths
from ezvtb_core.link.feeds import Feeds


@dataclass(frozen=True)
class Context:
    """Of one source; lives longer than a tracker."""

    seed: int = 0
    """A number of the source's own, so that two sources whose movement is made up do not blink in step."""
    feeds: Feeds = field(default_factory=Feeds)
    """Sound and camera pictures that OBS hands over."""
    calibrations: Path = field(default_factory=lambda: paths.CALIBRATIONS)
    """Folder in which calibrations are kept, a file per tracker."""
    clips: Path = field(default_factory=lambda: paths.CLIPS)
    """Folder of recorded movement."""
