from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from ezvtb_core.link import pip
from ezvtb_core.link.messages import Notice

OUTPUT = """\
Collecting numpy>=1.24 (from -r requirements/base.txt (line 1))
  Downloading numpy-2.5.5-cp312-cp312-manylinux_2_28_x86_64.whl (15.7 MB)
Progress 262144 of 15700000
Progress 15700000 of 15700000
Collecting onnxruntime>=1.17 (from -r requirements/base.txt (line 2))
  Downloading onnxruntime-1.31.1-cp312-cp312-manylinux_2_28_x86_64.whl (23.8 MB)
Progress 11900000 of 23800000
Collecting flatbuffers (from onnxruntime)
  Using cached flatbuffers-25.12.19-py2.py3-none-any.whl (26 kB)
Installing collected packages: flatbuffers, numpy, onnxruntime
Successfully installed flatbuffers-25.12.19
"""


def test_reading_goes_forward_and_names_packages() -> None:
    reading = pip.Reading()
    seen: list[tuple[float, Notice]] = []
    for line in OUTPUT.splitlines():
        notice = reading.feed(line)
        if notice:
            seen.append((reading.part, notice))
    parts = [part for part, _ in seen]
    assert parts == sorted(parts)
    assert 0 < parts[3] < parts[-1] <= 1
    assert Notice("install_downloading", package="onnxruntime", size="24") in [notice for _, notice in seen]
    assert seen[-1][1] == Notice("install_unpacking")


def test_reading_more_than_expected_never_reaches_the_end_early() -> None:
    reading = pip.Reading()
    for _ in range(50):
        reading.feed("Downloading x (90.0 MB)")
        reading.feed("Progress 90000000 of 90000000")
    assert 0.7 < reading.part < 0.85


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "install_disk_full_pip"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'", "install_no_permission"),
        ("WARNING: Retrying ... NewConnectionError('<...>: Failed to establish a new connection')", "install_offline"),
        ("WARNING: ... ProxyError('Cannot connect to proxy.')", "install_offline"),
        ("ERROR: ... ReadTimeoutError(\"HTTPSConnectionPool(host='x', port=443): Read timed out.\")", "install_offline"),
        ("WARNING: Retrying: SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "install_certificate"),
        ("ERROR: No matching distribution found for onnxruntime>=1.17", "install_no_packages"),
        ("ERROR: something else", "install_failed"),
        ("", "install_failed"),
    ],
)
def test_explain(line: str, code: str) -> None:
    failure = pip.explain([line, "ERROR: the end"], False, Path("/there"))
    assert failure.notice.code == code
    assert not failure.resumable


def test_a_connection_lost_half_way_is_worth_another_go() -> None:
    assert pip.explain(["ProtocolError('Connection broken: IncompleteRead')"], True, Path("/there")).resumable


def test_command_takes_index_and_proxy_from_pips_own_configuration(tmp_path: Path) -> None:
    command = pip.install_command([sys.executable, "-I", "-m", "pip"], [tmp_path / "base.txt"])
    assert command[-2:] == ["-r", str(tmp_path / "base.txt")]
    assert not {"--index-url", "--extra-index-url", "--proxy", "--cert", "--isolated"} & set(command)


def test_version_of_what_is_no_pip() -> None:
    assert pip.version([sys.executable, "-c", "print('hello')"]) == (0, 0)
    assert pip.version(["/nonexistent/python"]) == (0, 0)
    assert pip.version([sys.executable, "-c", "print('pip 23.2.1 from /x (python 3.12)')"]) == (23, 2)


def test_run_reports_and_succeeds() -> None:
    seen: list[str] = []
    failure = pip.run(
        [sys.executable, "-c", f"print({OUTPUT!r})"], lambda _, notice: seen.append(notice.code), lambda: False, Path("/")
    )
    assert failure is None
    assert "install_downloading" in seen


def test_run_explains_a_failure() -> None:
    command = [sys.executable, "-c", "import sys; print('ERROR: No matching distribution found for x'); sys.exit(1)"]
    failure = pip.run(command, lambda *_: None, lambda: False, Path("/"))
    assert failure is not None
    assert failure.notice.code == "install_no_packages"


@pytest.mark.needs("posix")
def test_cancel_ends_pip_and_what_it_started(tmp_path: Path) -> None:
    # The grandchild writes its heartbeat until it is ended.
    beat = tmp_path / "beat"
    grandchild = f"import time\nwhile True: open({str(beat)!r}, 'w').write(str(time.time())); time.sleep(0.05)"
    command = [
        sys.executable,
        "-c",
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {grandchild!r}]); time.sleep(60)",
    ]
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    failure = pip.run(command, lambda *_: None, stop.is_set, tmp_path)
    assert failure is not None
    assert failure.cancelled
    last = beat.read_text()
    time.sleep(0.3)
    assert beat.read_text() == last
