"""Faces of one tracker → poses: calibration, lids, mapping."""

from __future__ import annotations

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose, neutral
from trackers.context import Context
from trackers.face import FaceFrame


class FaceReader:
    """What every tracker that speaks ARKit's shapes puts behind its protocol. One thread reads; `recentre` from any."""

    def __init__(self, name: str, settings: Settings, context: Context) -> None:
        """`name`: of the tracker, for its calibration file."""

    def update(self, settings: Settings) -> None:
        """Take over settings, all of which apply live."""

    def recentre(self) -> None:
        """Take the next half second as straight ahead."""

    def read(self, frame: FaceFrame) -> TrackedPose | None:
        """The pose; None when no face is present. Never raises."""
        return TrackedPose(frame.time, neutral()) if frame.present else None

    def close(self) -> None:
        """Save what was learned. May be called more than once."""
