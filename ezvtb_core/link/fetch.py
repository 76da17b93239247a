"""Fetching one pinned file: resumed where it stopped, recognised by its SHA-256, put in place in one step.

Standard library only, Python 3.8+. What has arrived lies beside its place as `NAME.part` until it is whole and right.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import BinaryIO, Callable, Optional

from ezvtb_core.link.downloads import Download, DownloadError
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.pip import is_disk_full

TIMEOUT = 10.0
"""Seconds without a byte before a connection counts as lost; a cancel waits at most this long for a silent server."""
CHUNK = 1 << 16
ATTEMPTS = 4
"""Connections tried in a row that brought nothing new before giving up."""
PAUSE = 0.5
"""Seconds before another connection is tried."""
SPARE = 16 << 20
"""Free bytes left on the disk besides the file itself."""
_LOST = (http.client.HTTPException, ConnectionError, TimeoutError, socket.timeout)

Progress = Callable[[float, Notice], None]
"""Called with the part done 0..1 and a sentence."""


class DownloadCancelledError(DownloadError):
    """The user stopped it; the next download goes on from there."""


def fetch(
    item: Download,
    target: Path,
    progress: Progress,
    cancelled: Callable[[], bool] = lambda: False,
    source: str = "",
    context: Optional[ssl.SSLContext] = None,
) -> None:
    """Have `item` at `target`; returns at once when the right file is there already.

    `source`: another address or a file of the user's, instead of the published address. `context`: certificates to trust,
    the system's by default. Raises DownloadError, DownloadCancelledError; a wrong file is never put at `target`.
    """
    if target.is_file() and _sha256(target) == item.sha256:
        progress(1.0, Notice("download_there", name=item.name))
        return
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = _Fetch(item, part, progress, cancelled)
        url = source or item.url
        if url.lower().startswith(("http://", "https://")):
            resumed = work.size() > 0
            work.over_network(url, context)
            if resumed and not work.right():
                # What lay there was no beginning of this file: once more from nothing.
                part.unlink()
                work.over_network(url, context)
        else:
            work.from_file(source)
        progress(1.0, Notice("download_checking", name=item.name))
        work.verify()
        os.replace(part, target)
    except OSError as error:
        raise _from_os(error, target.parent, item) from error
    progress(1.0, Notice("download_done", name=item.name))


class _Fetch:
    def __init__(self, item: Download, part: Path, progress: Progress, cancelled: Callable[[], bool]) -> None:
        self.item = item
        self.part = part
        self.progress = progress
        self.cancelled = cancelled
        self.origin = ""

    def size(self) -> int:
        """Bytes that have arrived."""
        with contextlib.suppress(FileNotFoundError):
            return self.part.stat().st_size
        return 0

    def right(self) -> bool:
        """Whether what has arrived is the file."""
        return _sha256(self.part) == self.item.sha256

    def over_network(self, url: str, context: Optional[ssl.SSLContext]) -> None:
        """Fill the part file, over as many connections as it takes while each brings something."""
        try:
            self.origin = urllib.parse.urlsplit(url).hostname or url
        except ValueError as error:
            raise DownloadError("download_source", got=url) from error
        if self.size() > self.item.size:
            self.part.unlink()
        idle = 0
        while self.size() < self.item.size:
            before = self.size()
            try:
                self._connect(url, context)
                detail = "%d / %d" % (self.size(), self.item.size)
            except urllib.error.HTTPError as error:
                error.close()
                raise DownloadError("download_refused", host=self.origin, status=error.code, name=self.item.name) from error
            except ValueError as error:  # not an address
                raise DownloadError("download_source", got=url) from error
            except (*_LOST, urllib.error.URLError) as error:
                reason = getattr(error, "reason", error)
                if isinstance(reason, ssl.SSLCertVerificationError):
                    raise DownloadError("download_certificate", host=self.origin, url=self.item.url) from error
                detail = str(reason)
            idle = 0 if self.size() > before else idle + 1
            if idle == ATTEMPTS:
                raise DownloadError("download_offline", host=self.origin, name=self.item.name, detail=detail, url=self.item.url)
            if self.size() < self.item.size:
                self._rest()

    def from_file(self, source: str) -> None:
        """Fill the part file with a file of the user's; of a folder, with the file of the right name in it."""
        path = Path(os.path.expanduser(source))
        if path.is_dir():
            path = path / self.item.target(path).name
        if not path.is_file():
            raise DownloadError("download_source", got=source)
        self.origin = str(path)
        self._room(self.item.size)
        with path.open("rb") as stream, self.part.open("wb") as out:
            self._copy(stream, out, 0)

    def verify(self) -> None:
        """Raises DownloadError, and removes what came, when it is not the file."""
        if self.right():
            return
        with self.part.open("rb") as stream:
            head = stream.read(512).lstrip().lower()
        size = self.size()
        self.part.unlink()
        if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
            raise DownloadError("download_web_page", origin=self.origin, name=self.item.name)
        raise DownloadError("download_wrong", origin=self.origin, name=self.item.name, size=size, expected=self.item.size)

    def _connect(self, url: str, context: Optional[ssl.SSLContext]) -> None:
        start = self.size()
        headers = {"User-Agent": "EZVTuber", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = "bytes=%d-" % start
        self.progress(start / self.item.size, Notice("download_connecting", name=self.item.name, host=self.origin))
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was looked at
        with urllib.request.urlopen(request, timeout=TIMEOUT, context=context) as answer:  # noqa: S310
            if not (answer.status == 206 and str(answer.headers.get("Content-Range", "")).startswith("bytes %d-" % start)):
                start = 0  # the server does not resume
            self._announced(answer, start)
            self._room(self.item.size - start)
            with self.part.open("r+b" if start else "wb") as out:
                out.seek(start)
                self._copy(answer, out, start)

    def _announced(self, answer: http.client.HTTPResponse, start: int) -> None:
        """Refuse, before anything is written, what says itself that it is not the file."""
        if str(answer.headers.get("Content-Type", "")).lower().startswith("text/html"):
            raise DownloadError("download_web_page", origin=self.origin, name=self.item.name)
        length = answer.headers.get("Content-Length")
        if length is not None and length.isdigit() and start + int(length) != self.item.size:
            got = start + int(length)
            raise DownloadError("download_wrong", origin=self.origin, name=self.item.name, size=got, expected=self.item.size)

    def _copy(self, stream: BinaryIO, out: BinaryIO, done: int) -> None:
        while True:
            if self.cancelled():
                raise DownloadCancelledError("download_cancelled", name=self.item.name)
            block = stream.read(min(CHUNK, self.item.size + 1 - done))
            if not block:
                return
            out.write(block)
            done += len(block)
            if done > self.item.size:
                return  # `verify` refuses it
            counted = {"done": "%.1f" % (done / 1e6), "size": "%.1f" % (self.item.size / 1e6)}
            self.progress(done / self.item.size, Notice("download_progress", name=self.item.name, **counted))

    def _rest(self) -> None:
        end = time.monotonic() + PAUSE
        while time.monotonic() < end:
            if self.cancelled():
                raise DownloadCancelledError("download_cancelled", name=self.item.name)
            time.sleep(0.05)

    def _room(self, needed: int) -> None:
        free = shutil.disk_usage(str(self.part.parent)).free
        if free < needed + SPARE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _from_os(error: OSError, folder: Path, item: Download) -> DownloadError:
    if is_disk_full(error):
        return DownloadError("download_disk_full", folder=str(folder), needed="%.0f" % ((item.size + SPARE) / 1e6))
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return DownloadError("download_denied", folder=str(folder))
    return DownloadError("download_failed", name=item.name, detail=error.strerror or str(error))
