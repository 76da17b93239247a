"""One installer at a time. Standard library only, Python 3.8+.

The lock is the operating system's on an open file: it ends with the processes that hold it, however they end, so a
stale lock cannot exist. pip inherits it (not on Windows): while a pip works whose installer was killed, nobody may
begin anew. The process id inside is for the sentence only.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Iterator

from ezvtb_core.link import paths
from ezvtb_core.link.messages import NoticeError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = "ezvtuber-install.lock"
_BYTE = 1 << 20
"""Which byte Windows locks: one far behind the process id, which others may read then."""


class InstallBusyError(NoticeError):
    """Another installer is at work on this environment."""


@contextlib.contextmanager
def locked(root: Path) -> Iterator[int]:
    """Hold the lock of the environment below `root`, whose folder is made. Gives the file descriptor that holds it.

    Raises InstallBusyError or OSError.
    """
    folder = root / paths.VENV.name
    folder.mkdir(exist_ok=True)
    handle = os.open(str(folder / LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _take(handle):
            raise InstallBusyError("install_busy", process=os.pread(handle, 20, 0).decode() if hasattr(os, "pread") else "?")
        os.ftruncate(handle, 0)
        os.write(handle, b"%d" % os.getpid())
        yield handle
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(handle, _BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A network folder may know no locks at all: go on without rather than not at all.
        return not isinstance(error, (BlockingIOError, PermissionError))
    return True
