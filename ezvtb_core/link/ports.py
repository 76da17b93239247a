"""Whether a UDP port is free, and who has it otherwise. Standard library only, Python 3.8+."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import List

from ezvtb_core.link.interpreters import hidden


def is_free(port: int) -> bool:
    """True when a tracker could listen on UDP `port` of this computer now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        if sys.platform == "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def owner(port: int) -> str:
    """Name and process id of the program that has UDP `port`, as far as this user may know; `?` otherwise."""
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError, IndexError):
        if sys.platform == "win32":
            return _windows(port)
        if sys.platform == "darwin":
            return _mac(port)
        return _linux(port)
    return "?"


def _linux(port: int) -> str:
    sockets = set()
    for table in ("udp", "udp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(entry) in sockets for entry in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} ({process.name})"
    return "?"


def _mac(port: int) -> str:
    said = _output(["lsof", "-nP", f"-iUDP:{port}", "-Fpc"])
    fields = {line[:1]: line[1:] for line in said.splitlines()}
    return f"{fields['c']} ({fields['p']})" if "c" in fields and "p" in fields else "?"


def _windows(port: int) -> str:
    found = re.search(rf"^\s*UDP\s+\S*:{port}\s+\S+\s+(\d+)", _output(["netstat", "-ano", "-p", "UDP"]), re.MULTILINE)
    if not found:
        return "?"
    process = str(found.group(1))
    row = _output(["tasklist", "/FI", f"PID eq {process}", "/FO", "CSV", "/NH"]).strip()
    return f"{row.split(',')[0].strip(chr(34))} ({process})"


def _output(command: List[str]) -> str:
    path = shutil.which(command[0])
    if path is None:
        return ""
    done = subprocess.run([path, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, **hidden())
    return str(done.stdout, "utf-8", "replace")
