"""Sessions shared between models: one session per model file and options, released when its last user lets go."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ezvtb_core import backends
from ezvtb_core.backends import Array, Bound, Session, SessionError, SessionOptions, Signature, Tensor, TensorSpec
from ezvtb_core.link.messages import NoticeError

Key = tuple[str, str, int, int, SessionOptions]


@dataclass
class _Shared:
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while the session is loaded, so that two sources that start together do not load one model twice."""
    session: Session | None = None
    users: int = 0


class SessionPool:
    """Opens sessions and hands the same one to everyone who asks for the same file, backend and options.

    Thread-safe; a model that takes minutes to load keeps nobody waiting but those who want the same one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: dict[Key, _Shared] = {}

    def open(self, backend: str, path: Path, expected: Signature, options: SessionOptions) -> Session:
        """A session of one's own to use and to close. Raises SessionError or BackendUnavailable."""
        key = _key(backend, path, options)
        with self._lock:
            shared = self._shared.setdefault(key, _Shared())
            shared.users += 1
        try:
            with shared.lock:
                if shared.session is None:
                    shared.session = backends.load(backend)(path, expected, options)
            backends.check_signature(path, expected, shared.session.signature)
        except NoticeError:
            self.release(key)
            raise
        return _Lease(self, key, shared.session, path)

    def __len__(self) -> int:
        """How many sessions are loaded or being loaded."""
        return len(self._shared)

    def release(self, key: Key) -> None:
        """One user less; the last one closes the session. Called by leases, once each."""
        with self._lock:
            shared = self._shared[key]
            shared.users -= 1
            if shared.users:
                return
            del self._shared[key]
        if shared.session is not None:
            shared.session.close()


class _Lease:
    """One user's view of a shared session."""

    def __init__(self, pool: SessionPool, key: Key, session: Session, path: Path) -> None:
        self.signature = session.signature
        self.device = session.device
        self._pool = pool
        self._key = key
        self._path = path
        self._lock = threading.Lock()
        self._session: Session | None = session

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return self.live().run(inputs)

    def allocate(self, spec: TensorSpec) -> Tensor:
        return self.live().allocate(spec)

    def bind(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Bound:
        return _LeasedBound(self, self.live().bind(inputs, outputs))

    def live(self) -> Session:
        """The shared session. Raises SessionError once this user has let go of it."""
        session = self._session
        if session is None:
            raise SessionError("session_closed", path=str(self._path))
        return session

    def close(self) -> None:
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            self._pool.release(self._key)


class _LeasedBound:
    """Runs while its user has not let go of the session; others may keep it open for longer."""

    def __init__(self, lease: _Lease, bound: Bound) -> None:
        self._lease = lease
        self._bound = bound

    def run(self) -> None:
        self._lease.live()
        self._bound.run()


def _key(backend: str, path: Path, options: SessionOptions) -> Key:
    """What makes sessions the same. Time and size are part of it: a file that was replaced is another model."""
    try:
        facts = path.stat()
    except OSError:
        return (backend, str(path), 0, 0, options)
    return (backend, str(path.resolve()), facts.st_mtime_ns, facts.st_size, options)
