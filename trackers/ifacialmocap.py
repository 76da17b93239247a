"""The tracker that listens to iFacialMocap, Facemotion3d and MeowFace on a phone, over UDP or TCP.

Ports and texts are those of the vendor's page of the protocol.
"""

from __future__ import annotations

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose
from trackers.context import Context
from trackers.ifacialmocap_packet import parse
from trackers.phone import PhoneTracker
from trackers.tcp import TcpReceiver
from trackers.udp import UdpReceiver

PHONE_PORT, FACEMOTION3D_PORT = 49983, 49993
"""Where the apps listen for the texts below."""
TERMINATOR = b"___iFacialMocap"
"""End of a frame over TCP."""
_KEY = "sahuasouryya9218sauhuiayeta91555dy3719"
_START, _START_TCP, _STOP = (f"iFacialMocap_{word}{_KEY}" for word in ("", "UDPTCP_", "UDPTCPSTOP_"))
_FACEMOTION3D_START, _FACEMOTION3D_STOP = "FACEMOTION3D_OtherStreaming", "StopStreaming_FACEMOTION3D"
_VERSION_2 = "|sendDataVersion=v2"
_OVER_TCP = "|protocol=tcp"


def requests(app: str, tcp: bool) -> tuple[bytes, bytes]:
    """The texts that make an app (a choice of the setting `ifacialmocap_app`) start and stop."""
    if app == "facemotion3d":
        return f"{_FACEMOTION3D_START}{_OVER_TCP if tcp else ''}".encode(), _FACEMOTION3D_STOP.encode()
    start = (_START_TCP if tcp else _START) + (_VERSION_2 if app == "v2" else "")
    return start.encode(), _STOP.encode()


class IFacialMocapTracker(PhoneTracker):
    """A `Tracker`. Uses the settings `phone_address` and `ifacialmocap_…`.

    The phone is asked every second until data come, and again when they stop. Facemotion3d answers on its own port, where the
    vendor's samples listen on iFacialMocap's: both are open then.
    """

    NAME = "ifacialmocap"

    def __init__(self, settings: Settings, context: Context) -> None:
        facemotion3d = settings.ifacialmocap_app == "facemotion3d"
        port = settings.ifacialmocap_port
        super().__init__("Facemotion3d" if facemotion3d else "iFacialMocap", "iFacialMocap", port, settings, context)
        self._start, self._end = requests(settings.ifacialmocap_app, settings.ifacialmocap_tcp)
        self._phone_port = FACEMOTION3D_PORT if facemotion3d else PHONE_PORT
        self._asking = self._listen(port)
        extra = [UdpReceiver(FACEMOTION3D_PORT, self._on_packet, lan=True)] if facemotion3d and port != FACEMOTION3D_PORT else []
        tcp_port = settings.ifacialmocap_tcp_port
        over_tcp = [TcpReceiver(tcp_port, self._on_packet, TERMINATOR)] if settings.ifacialmocap_tcp else []
        self._receivers = [self._asking, *extra, *over_tcp]

    def stop(self) -> None:
        """See `Tracker`. The phone is told, so that it does not go on sending."""
        if self._phone:
            self._asking.send(self._end, self._phone, self._phone_port)
        super().stop()

    def _ask(self) -> None:
        if self._quiet():
            self._unreachable = not self._asking.send(self._start, self._phone, self._phone_port)

    def _read(self, payload: bytes, arrival: float) -> tuple[bool, TrackedPose | None]:
        frame = parse(payload, arrival)
        return (False, None) if frame is None else (True, self._face(frame))

    def _invite(self, address: str, port: int) -> Notice:
        return Notice("ifacialmocap_waiting", name=self._words.name, address=address, port=port)
