"""The tracker that listens to the VTube Studio app on a phone, and to MeowFace, over UDP."""

from __future__ import annotations

import json

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose
from trackers.context import Context
from trackers.phone import PhoneTracker
from trackers.vtube_studio_packet import parse

PHONE_PORT = 21412
"""Where the app listens for requests."""
SECONDS_ASKED = 5
"""How long the app is to send after each request; 0.5 to 10 are allowed."""
OLD_MILLISECONDS = 1000.0
"""A packet whose clock is less than this behind the newest one was overtaken on its way; by more, the app has begun again."""


def request(port: int) -> bytes:
    """What asks the app to send to UDP `port` of this computer."""
    asked = {"messageType": "iOSTrackingDataRequest", "time": SECONDS_ASKED, "sentBy": "EZVTuber for OBS", "ports": [port]}
    return json.dumps(asked).encode()


class VTubeStudioTracker(PhoneTracker):
    """A `Tracker`. Uses the settings `phone_address` and `vtube_studio_port`. The app is asked every second."""

    NAME = "vtube_studio"

    def __init__(self, settings: Settings, context: Context) -> None:
        port = settings.vtube_studio_port
        super().__init__("VTube Studio", "VTube Studio", port, settings, context)
        self._receiver = self._listen(port)
        self._receivers = [self._receiver]
        self._request = request(port)
        self._clock = 0.0

    def _ask(self) -> None:
        self._unreachable = not self._receiver.send(self._request, self._phone, PHONE_PORT)

    def _changed_sender(self) -> None:
        self._clock = 0.0

    def _read(self, payload: bytes, arrival: float) -> tuple[bool, TrackedPose | None]:
        found = parse(payload, arrival)
        if found is None:
            return False, None
        frame, clock = found
        if 0.0 < self._clock - clock < OLD_MILLISECONDS:
            return True, None
        self._clock = clock
        return True, self._face(frame)

    def _invite(self, address: str, port: int) -> Notice:
        return Notice("vtube_studio_waiting", address=address, port=port)
