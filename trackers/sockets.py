"""UDP sockets as the trackers want them: opened, emptied, and their errors put into words."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import socket
import sys
import time
import unicodedata

from ezvtb_core.link.messages import Notice

logger = logging.getLogger(__name__)

Datagram = tuple[bytes, str, int, float]
"""Payload, the sender's numeric address and port, arrival as `time.monotonic()` seconds."""

MAX_DATAGRAM = 65535
RECEIVE_BUFFER = 1 << 20
"""Bytes asked of the system: about 550 OpenSeeFace datagrams, so that a stalled thread loses none."""
DRAIN_LIMIT = 256
"""Datagrams read before they are handed on, so that a flood cannot keep the loop from its other duties."""
LIKELY_OWNERS = {
    11573: "VSeeFace, VTube Studio, OpenSeeFace",
    12345: "MeowFace",
    39539: "VSeeFace, VMC",
    39540: "VMC",
    49983: "iFacialMocap, Facemotion3d, VSeeFace",
}
"""Programs known to listen on a tracker's usual port (default ports of their documentation)."""


def open_sockets(port: int, lan: bool) -> dict[int, socket.socket]:
    """Bind `port` for IPv4 and, where the system has it, IPv6. Keys are the address families.

    Raises OSError when the IPv4 port cannot be had; IPv6 is an extra.
    """
    sockets = {int(socket.AF_INET): _bind(socket.AF_INET, "0.0.0.0" if lan else "127.0.0.1", port)}  # noqa: S104
    try:
        sockets[int(socket.AF_INET6)] = _bind(socket.AF_INET6, "::" if lan else "::1", port)
    except OSError as error:
        logger.debug("no IPv6 on UDP port %d: %s", port, error)
    return sockets


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if sys.platform == "win32":
            # There SO_REUSEADDR would steal a port in use, and without this option others could steal ours.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        with contextlib.suppress(OSError):  # a smaller buffer still works
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        opened.bind((address, port))
    except OSError:
        opened.close()
        raise
    return opened


def drain(source: socket.socket, room: memoryview) -> list[Datagram]:
    """Everything waiting, oldest first, at most DRAIN_LIMIT. Raises OSError when the socket has failed.

    `room`: MAX_DATAGRAM bytes to receive into. 64 KB that are made anew for each small datagram cost more than reading it.
    """
    batch: list[Datagram] = []
    for _ in range(DRAIN_LIMIT):
        try:
            size, sender = source.recvfrom_into(room)
        except BlockingIOError:
            break
        except (ConnectionResetError, ConnectionRefusedError):
            continue  # Windows reports here that an earlier handshake found nobody (WSAECONNRESET)
        batch.append((bytes(room[:size]), sender[0], sender[1], time.monotonic()))
    return batch


def explain(error: OSError, port: int) -> Notice:
    """The sentence for a port that cannot be opened or has failed."""
    # Windows answers EACCES instead of EADDRINUSE when the holder asked for exclusive use, or the port is reserved.
    if error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)):
        owners = LIKELY_OWNERS.get(port)
        return Notice("udp_port_in_use_by", port=port, owners=owners) if owners else Notice("udp_port_in_use", port=port)
    if error.errno in (errno.EACCES, getattr(errno, "WSAEACCES", errno.EACCES)):
        return Notice("udp_port_denied", port=port)
    return Notice("udp_port_failed", port=port, detail=error.strerror or str(error))


def lan_address(peer: str = "192.0.2.1") -> str:
    """This computer's address as `peer` (numeric) would reach it, for people to type there; 127.0.0.1 without a network.

    The default is an address of RFC 5737: the way to the internet, which is usually also the way to the phone.
    """
    with socket.socket(socket.AF_INET6 if ":" in peer else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))  # connecting UDP chooses a route and sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def numeric_address(typed: str) -> str | None:
    """The address of one device that a person typed, in its usual spelling; None for anything else, names included.

    Names are refused because looking one up can take half a minute. Full-width digits and dots are understood.
    """
    try:
        address = ipaddress.ip_address(unicodedata.normalize("NFKC", typed).replace("\N{IDEOGRAPHIC FULL STOP}", ".").strip())
    except ValueError:
        return None
    usable = not (address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255" or "%" in str(address))
    return str(address) if usable else None


def is_loopback(address: str) -> bool:
    """True for numeric addresses of this computer itself."""
    return address == "::1" or address.startswith("127.")


def spell(address: str, port: int) -> str:
    """`address:port`, with brackets for IPv6."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
