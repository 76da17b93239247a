"""The composition root: settings become trackers, models, pipelines and engines. The only module that sees all of them."""

from __future__ import annotations

import zlib
from pathlib import Path

import trackers
from ezvtb_core import models
from ezvtb_core.backends import Session, SessionOptions, Signature
from ezvtb_core.backends.pool import SessionPool
from ezvtb_core.engine import Engine, Parts
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import ModelRequest, PosingModel
from ezvtb_core.movement import Movement
from ezvtb_core.pose import Tracker
from ezvtb_core.tracking import Listener
from trackers.idle import IdleMotion
from trackers.presence import Presence

DEFAULT_BACKEND = "ort-cpu"


class Assembly:
    """Builds engines that share sessions. Thread-safe."""

    def __init__(self, backend: str = DEFAULT_BACKEND) -> None:
        """`backend`: a name of `backends.BACKENDS`."""
        self.sessions = SessionPool()
        self._backend = backend

    def model(self, settings: Settings) -> PosingModel:
        """The model that `settings` ask for. Takes its time; raises NoticeError with what is wrong."""
        return build_model(settings, self.sessions, self._backend)

    def engine(self, settings: Settings, name: str = "engine", listener: Listener | None = None) -> Engine:
        """An engine that is building already; attach a sink and start it. `listener` is told every pose of the tracker."""
        seed = _seed(name)

        def make_tracker(wanted: Settings) -> Tracker:
            return trackers.create(wanted, seed)

        return Engine(settings, Parts(self.model, make_tracker, movement(name)), name=name, listener=listener)


def build_model(settings: Settings, sessions: SessionPool | None = None, backend: str = DEFAULT_BACKEND) -> PosingModel:
    """The model that `settings` ask for, for use without an engine; sessions are shared within a pool.

    Takes its time. Raises NoticeError with what is wrong: file, picture or backend.
    """
    pool = SessionPool() if sessions is None else sessions

    def open_session(path: Path, expected: Signature) -> Session:
        return pool.open(backend, path, expected, SessionOptions(threads=settings.cpu_threads))

    return models.build(ModelRequest(models.resolve(settings), settings.character, open_session))


def movement(name: str) -> Movement:
    """The movement of a source. Its idle overlay is drawn from the name: sources differ, and each is always the same."""
    return Movement(IdleMotion(_seed(name)), Presence())


def _seed(name: str) -> int:
    return zlib.crc32(name.encode())
