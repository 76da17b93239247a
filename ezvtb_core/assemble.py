"""The composition root: settings become trackers, models, pipelines and engines. The only module that sees all of them."""

from __future__ import annotations

import functools
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

import trackers
from ezvtb_core import backends, image_doctor, models
from ezvtb_core.backends import Session, SessionOptions, Signature
from ezvtb_core.backends.pool import SessionPool
from ezvtb_core.engine import Engine, Parts
from ezvtb_core.expressions import Expressions
from ezvtb_core.image_doctor import Finding, Fit, Picture
from ezvtb_core.link import catalogue
from ezvtb_core.link.catalogue import ModelFolder
from ezvtb_core.link.feeds import Feeds
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import Family, ModelRequest, PosingModel
from ezvtb_core.movement import Movement
from ezvtb_core.performer import Cast
from ezvtb_core.pose import Tracker
from ezvtb_core.tracking import Listener
from trackers.context import Context
from trackers.idle import IdleMotion
from trackers.lan_sender import LanSender
from trackers.presence import Presence
from trackers.recorder import Recorder
from trackers.sound.voice import Voice


class Assembly:
    """Builds engines that share sessions. Thread-safe."""

    def __init__(self, backend: str = "") -> None:
        """`backend`: a name of `backends.BACKENDS`; empty for what the settings say."""
        self.sessions = SessionPool()
        self._backend = backend

    def model(self, settings: Settings) -> PosingModel:
        """The model that `settings` ask for. Takes its time; raises NoticeError with what is wrong."""
        return build_model(settings, self.sessions, self._backend)

    def engine(self, settings: Settings, name: str = "engine", listener: Listener | None = None) -> Engine:
        """An engine that is building already; attach a sink and start it. `listener` is told every pose of the tracker."""
        feeds = Feeds()
        return Engine(settings, Parts(self.model, cast(settings, name, feeds), feeds), name=name, listener=listener)


def build_model(settings: Settings, sessions: SessionPool | None = None, backend: str = "") -> PosingModel:
    """The model that `settings` ask for, for use without an engine; sessions are shared within a pool.

    `backend` overrules the settings: a name of `backends.BACKENDS` or a choice of the setting. Takes its time. Raises
    NoticeError with what is wrong: model, file, picture or backend.
    """
    pool = SessionPool() if sessions is None else sessions
    name = models.resolve(settings)
    family = models.family(name)
    folder = None
    if family.needs_folder:
        folder = catalogue.find(name, settings.precision, catalogue.folders(settings.models_folder))
    picture = _picture(settings, folder, family) if family.needs_picture else None
    chosen = functools.cache(lambda: backends.choose(backend or settings.backend))
    options = SessionOptions(settings.cpu_threads, settings.device, heavy=family.needs_folder)

    def open_session(path: Path, expected: Signature) -> Session:
        return pool.open(chosen(), path, expected, options)

    return models.build(ModelRequest(name, open_session, picture, folder, settings.eyebrows, settings.original_edges))


def _picture(settings: Settings, folder: ModelFolder | None, family: Family) -> Picture | None:
    """The user's picture, or the one that belongs to the model; None when there is neither."""
    own = None if folder is None else folder.picture
    if not settings.character:
        # A network that was trained for one character knows this very picture.
        return None if own is None else image_doctor.load(own, Fit("template"))
    fit = Fit(settings.character_fit, settings.head_x / 100, settings.head_y / 100, settings.head_size / 100)
    # Networks were trained with the head in one place; what needs no files moves any picture as it is.
    chosen = image_doctor.load(Path(settings.character), fit, keep_whole=not family.needs_folder)
    if folder is None or own is None or np.array_equal(chosen.pixels, image_doctor.load(own, Fit("template")).pixels):
        return chosen
    stranger = Finding(Notice("picture_of_another", name=folder.name), points=70)
    return replace(chosen, report=replace(chosen.report, findings=(stranger, *chosen.report.findings)))


def cast(settings: Settings, name: str, feeds: Feeds) -> Cast:
    """Everything that the poses of a source come from."""
    context = Context(_seed(name), feeds)

    def make_tracker(wanted: Settings) -> Tracker:
        return trackers.create(wanted, context)

    return Cast(
        make_tracker,
        movement(name),
        Voice(settings, context),
        LanSender(settings),
        lambda wanted: Recorder(context.clips, wanted.tracker),
    )


def movement(name: str) -> Movement:
    """The movement of a source. Its idle overlay is drawn from the name: sources differ, and each is always the same."""
    return Movement(IdleMotion(_seed(name)), Presence(), Expressions())


def _seed(name: str) -> int:
    return zlib.crc32(name.encode())
