from __future__ import annotations

import os
import socket

import pytest

from ezvtb_core.link import ports


def test_free_and_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert not ports.is_free(port)
    assert ports.is_free(port)


@pytest.mark.needs("linux")
def test_owner_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        assert f"({os.getpid()})" in ports.owner(holder.getsockname()[1])


@pytest.mark.needs("linux")
def test_nobody() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    assert ports.owner(port) == "?"


NETSTAT = """
  Proto  Local Address          Foreign Address        PID
  UDP    0.0.0.0:123            *:*                    4
  UDP    127.0.0.1:11573        *:*                    9120
"""


def test_windows_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {"netstat": NETSTAT, "tasklist": '"VSeeFace.exe","9120","Console","1","1 K"\r\n'}
    monkeypatch.setattr(ports, "_output", lambda command: tables[command[0]])
    assert ports._windows(11573) == "VSeeFace.exe (9120)"
    assert ports._windows(1157) == "?"


def test_macos_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_output", lambda _: "p312\ncOBS\nf41\n")
    assert ports._mac(11573) == "OBS (312)"
    monkeypatch.setattr(ports, "_output", lambda _: "")
    assert ports._mac(11573) == "?"
