"""A web server on this computer that gives out one file, well or badly."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does with the next requests."""

    content: bytes
    ranges: bool = True
    """Whether it knows how to resume."""
    breaks_after: list[int] = field(default_factory=list)
    """Bytes after which each of the next connections dies; whole answers once the list is empty."""
    status: int = 200
    kind: str = "application/octet-stream"
    announces: bool = True
    """Whether it says how long the answer is."""
    on_block: Callable[[], None] = lambda: None
    """Called after every 16 KiB."""
    asked: list[str] = field(default_factory=list)
    """The Range of each request, empty for none."""


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """The address of a server that behaves so."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            behaviour.asked.append(wanted)
            start = int(wanted[len("bytes=") : -1]) if wanted and behaviour.ranges else 0
            body = behaviour.content[start:]
            self.send_response(206 if start and behaviour.status == 200 else behaviour.status)
            self.send_header("Content-Type", behaviour.kind)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(behaviour.content) - 1}/{len(behaviour.content)}")
            if behaviour.announces:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            end = behaviour.breaks_after.pop(0) if behaviour.breaks_after else len(body)
            for offset in range(0, end, 1 << 14):
                self.wfile.write(body[offset : min(offset + (1 << 14), end)])
                behaviour.on_block()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/file"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
