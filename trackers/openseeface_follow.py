"""Which of the faces that OpenSeeFace sees is followed, and its calibration."""

from __future__ import annotations

from collections.abc import Sequence

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose
from trackers.context import Context
from trackers.openseeface_map import FaceMapper
from trackers.openseeface_packet import Face, parse

SWITCH_SECONDS = 1.0
"""The face that is followed may be missing this long before another one is taken."""
WORST_FIT = 100.0
"""Fit error in pixels. The program marks a new face as fitted from its first frame, with errors of 2200, 750, 110 and angles
that mean nothing; from the fourth frame on 4 to 20 is usual, and up to 75 was allowed for pictures 1920 wide."""
_MOST_FACES = 64
"""Calibrations kept, one per face id."""


def choose(faces: Sequence[Face], wanted: int, followed: int | None) -> Face | None:
    """The face to follow: id `wanted`, else the one `followed` so far, else the one with the lowest fit error.

    Only fitted faces with a believable fit error count; None when there is none.
    """
    usable = {face.id: face for face in faces if face.fitted and 0.0 <= face.error < WORST_FIT}
    for known in (wanted, followed):
        if known is not None and known in usable:
            return usable[known]
    return min(usable.values(), key=lambda face: face.error, default=None)


class FaceFollower:
    """Datagrams → poses of one person, for a single thread; a calibration is kept for each face id."""

    def __init__(self, wanted: int, settings: Settings | None = None, context: Context | None = None) -> None:
        """`wanted`: face id. Without settings the usual ones hold, without a context no calibration is kept."""
        self.wanted = wanted
        self._settings = settings or Settings()
        self._folder = context.calibrations if context is not None else None
        self._mappers: dict[int, FaceMapper] = {}
        self._followed: int | None = None
        self._seen = float("-inf")

    def read(self, payload: bytes, now: float) -> tuple[bool, TrackedPose | None]:
        """(was it OpenSeeFace's, the pose if a usable face was in it). `now` in seconds, not decreasing. Never raises."""
        faces = parse(payload)
        face = choose(faces, self.wanted, self._followed)
        if face is None:
            return bool(faces), None
        if face.id not in (self.wanted, self._followed) and now - self._seen < SWITCH_SECONDS:
            return True, None  # a blink of the detector must not make the avatar jump to the neighbour
        self._followed, self._seen = face.id, now
        if face.id not in self._mappers:
            while len(self._mappers) >= _MOST_FACES:
                self._mappers.pop(next(iter(self._mappers))).close()
            self._mappers[face.id] = FaceMapper(self._settings, self._folder, face.id)
        return True, self._mappers[face.id].map(face, now)

    def update(self, settings: Settings) -> None:
        """Take over the settings that apply live."""
        self.wanted, self._settings = settings.openseeface_face, settings
        for mapper in list(self._mappers.values()):
            mapper.update(settings)

    def close(self) -> None:
        """Save what was learned. May be called more than once."""
        for mapper in list(self._mappers.values()):
            mapper.close()

    def recentre(self) -> None:
        """Calibrate again whoever is seen from now on."""
        for mapper in self._mappers.values():
            mapper.recentre()
