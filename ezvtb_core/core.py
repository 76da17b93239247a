"""`get_core()`: the published interface of ezvtuber-rt, so that programs written for it draw with this engine unchanged.

Names, defaults and formats are upstream's, of both generations of its callers; what differs is said in docs/get_core.md.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
import numpy.typing as npt

from ezvtb_core import backends, core_options, frame_graphs, interpolate, models, pose, upscale
from ezvtb_core.backends import Session, SessionOptions, Signature
from ezvtb_core.backends.pool import SessionPool
from ezvtb_core.core_options import CoreError
from ezvtb_core.frame_graphs import Found, OpenSession
from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor import SIZE, TEMPLATE_HEAD, Picture, Report
from ezvtb_core.interpolate import Interpolator
from ezvtb_core.link import catalogue, paths
from ezvtb_core.link.catalogue import CatalogueError, ModelFolder
from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import ModelRequest
from ezvtb_core.models.planned import PlannedModel
from ezvtb_core.upscale import Upscaler

Given = npt.NDArray[np.floating]
"""A pose as callers have it: (1, 45) or (45,)."""
logger = logging.getLogger(__name__)
_sessions = SessionPool()
"""Cores of one process share what they load."""


class Counter:
    """How often something was there already, and how often it had to be made."""

    def __init__(self) -> None:
        self.hits = 0
        self.miss = 0


class Stages:
    """What upstream's callers look at of the model: runs of its networks that were saved, and runs that were made."""

    def __init__(self, model: PlannedModel) -> None:
        self.cacher = Counter()
        self._plan = model.plan
        self._frames = 0

    def count(self) -> bool:
        """Take note of a frame. Whether anything had to run for it."""
        self._frames += 1
        before, runs = self.cacher.miss, self._plan.runs
        self.cacher.miss = sum(runs.values())
        self.cacher.hits = self._frames * len(runs) - self.cacher.miss
        return self.cacher.miss > before


class Core:
    """One character, drawn on demand. Used by one thread at a time; a context manager, closed with the last reference to it."""

    def __init__(
        self,
        model: PlannedModel,
        interpolator: Interpolator | None = None,
        upscaler: Upscaler | None = None,
        counted: bool = False,
    ) -> None:
        """Everything is closed with the core. `counted`: `cacher` and `sr_cacher` are there."""
        self.device = model.device
        self.tha = Stages(model)
        self.cacher = Counter() if counted else None
        self.sr_cacher = Counter() if counted and upscaler is not None else None
        self._model = model
        self._interpolator = interpolator
        self._upscaler = upscaler
        self._last: Pixels | None = None
        """The frame from which in-between frames start: the last one that was drawn, at first the picture."""
        width, height = model.size if upscaler is None else upscaler.size
        self._frames: Pixels = np.zeros((1 if interpolator is None else interpolator.scale, height, width, 4), np.uint8)
        stack = contextlib.ExitStack()
        for part in (model, interpolator, upscaler):
            if part is not None:
                stack.callback(part.close)
        self._finish = weakref.finalize(self, stack.close)

    def setImage(self, img: Pixels) -> None:  # noqa: N802 - the published name
        """The picture to animate: uint8 (512, 512, 4), straight BGRA; it is copied. Raises CoreError for another array."""
        self._require_open()
        picture = core_options.read_picture(img)
        self._model.set_picture(picture)
        self._last = picture.copy()

    @overload
    def inference(self, pose: Given) -> list[Pixels]: ...

    @overload
    def inference(self, pose: Sequence[Given]) -> Pixels: ...

    def inference(self, pose: Given | Sequence[Given]) -> list[Pixels] | Pixels:
        """Draw a pose, float32 (1, 45), or a list of them. The frames' memory is used again by the next call.

        One pose gives a list of frames, uint8 (H, W, 4), straight BGRA: with interpolation `interpolation_scale` of them, the
        last being the one that was asked for. A list of poses gives one array (N, H, W, 4): without interpolation a frame for
        each pose; with it, for one pose or as many as the scale, the frames on the way to the last of them.

        Raises CoreError for anything else and before `setImage`, SessionError when the runtime fails.
        """
        self._require_open()
        scale = None if self._interpolator is None else self._interpolator.scale
        several = isinstance(pose, (list, tuple))
        poses = core_options.read_poses([*pose] if several else [pose], scale)
        if self._last is None:
            raise CoreError("core_no_picture")
        frames = self._draw(poses, self._last)
        return frames if several else list(frames)

    def close(self) -> None:
        """Release the model and its memory. May be called again."""
        self._finish()

    def __enter__(self) -> Core:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _draw(self, poses: list[pose.FloatArray], last: Pixels) -> Pixels:
        """The frames of `poses`, in memory that is kept; not the model's own, which a caller's drawing on a frame would spoil."""
        if self._interpolator is None:
            frames = self._room(len(poses))
            for each, frame in zip(poses, frames, strict=True):
                self._finish_frame(self._render(each), frame)
            return frames
        frames = self._room(self._interpolator.scale)
        drawn = self._render(poses[-1])
        for between, frame in zip(self._interpolator.between(last, drawn), frames, strict=False):
            self._finish_frame(between, frame)
        self._finish_frame(drawn, frames[-1])
        np.copyto(last, drawn)
        return frames

    def _render(self, each: pose.FloatArray) -> Pixels:
        drawn = self._model.render(each)
        computed = self.tha.count()
        if self.cacher is not None:
            self.cacher.miss += computed
            self.cacher.hits += not computed
        return drawn

    def _finish_frame(self, frame: Pixels, out: Pixels) -> None:
        np.copyto(out, frame if self._upscaler is None else self._upscaler.enlarge(frame))
        if self.sr_cacher is not None:
            self.sr_cacher.miss += 1

    def _room(self, count: int) -> Pixels:
        if len(self._frames) < count:
            self._frames = np.zeros((count, *self._frames.shape[1:]), np.uint8)
        return self._frames[:count]

    def _require_open(self) -> None:
        if not self._finish.alive:
            raise CoreError("core_closed")


def get_core(
    device_id: int = 0,
    use_tensorrt: bool = True,
    model_seperable: bool = True,
    model_half: bool = True,
    model_cache: bool = True,
    model_vram_cache: bool = True,
    model_cache_size: float = 1.0,
    use_interpolation: bool = True,
    interpolation_scale: int = 2,
    interpolation_half: bool = True,
    use_cacher: bool = True,
    cacher_quality: int = 85,
    cacher_ram_size: float = 2.0,
    cacher_on_database: bool = False,
    cacher_db_path: str = "./cacher.sqlite",
    use_sr: bool = False,
    sr_x4: bool = True,
    sr_half: bool = True,
    sr_noise: int = 1,
    model_version: str = "v3",
    model_name: str | None = "",
    model_use_eyebrow: bool = True,
    sr_a4k: bool = False,
    *,
    models_folder: str | Path = "",
) -> Core:
    """Load a model and what works on its frames; seconds. All options by keyword; see docs/get_core.md.

    Runs on the first usable graphics card runtime, else on the processor. `models_folder`: root of the model files of either
    release; empty: `data/models` below the current folder, then that of this installation. Warns by `logging` about what is used
    in place of what was asked for. Raises CoreError for options, CatalogueError and FrameGraphError for missing files, SniffError
    and SessionError for damaged ones, BackendUnavailable.
    """
    given = dict(locals())
    core_options.check(given, {name: parameter.default for name, parameter in inspect.signature(get_core).parameters.items()})
    if sr_a4k:
        raise CoreError("core_no_anime4k")
    where = _where(str(models_folder))
    folder = _folder(_name(model_version, model_seperable, model_name or ""), model_half, where)
    backend = backends.choose(backends.AUTO)
    options = SessionOptions(Settings().cpu_threads, int(device_id), heavy=True)

    def open_session(path: Path, expected: Signature) -> Session:
        return _sessions.open(backend, path, expected, options)

    with contextlib.ExitStack() as undo:
        model = _build(folder, model_use_eyebrow, open_session)
        undo.callback(model.close)
        interpolator = upscaler = None
        if use_interpolation:
            file = _used(interpolate.locate(int(interpolation_scale), interpolation_half, where))
            interpolator = Interpolator(file, int(interpolation_scale), open_session)
            undo.callback(interpolator.close)
        if use_sr:
            upscaler = Upscaler(_used(upscale.locate(not sr_x4, sr_half, sr_noise, where)), open_session)
        undo.pop_all()
    if use_tensorrt:
        _warn(Notice("core_no_tensorrt", device=model.device))
    return Core(model, interpolator, upscaler, use_cacher and cacher_ram_size > 0)


def _where(chosen: str) -> list[Path]:
    """The folders in which files are looked for."""
    if chosen:
        return [Path(chosen).expanduser().absolute()]
    callers = Path("data", "models").absolute()
    return [*([callers] if callers.is_dir() and callers != paths.MODELS else []), paths.MODELS]


def _name(version: str, seperable: bool, student: str) -> str:
    """Our name for a model of upstream's."""
    if version == "v3":
        return "tha3:seperable" if seperable else "tha3:standard"
    if version == "v4":
        return "tha4"
    return f"{catalogue.STUDENT}:{student}" if student else catalogue.STUDENT


def _folder(name: str, half: bool, where: Sequence[Path]) -> ModelFolder:
    """The files of a model, in the other precision where the one asked for is not there. Raises CatalogueError."""
    wanted, other = frame_graphs.precisions(half)
    try:
        return catalogue.find(name, wanted, where)
    except CatalogueError:
        with contextlib.suppress(CatalogueError):
            found = catalogue.find(name, other, where)
            _warn(Notice("core_other_file", wanted=f"{name} {wanted}", got=str(found.path)))
            return found
        raise


def _build(folder: ModelFolder, eyebrows: bool, open_session: OpenSession) -> PlannedModel:
    """The model with an empty picture, which `setImage` replaces."""
    empty = Picture(np.zeros(core_options.PICTURE, np.uint8), (SIZE, SIZE), TEMPLATE_HEAD, Report())
    model = models.build(ModelRequest(folder.name, open_session, empty, folder, eyebrows))
    assert isinstance(model, PlannedModel)
    return model


def _used(found: Found) -> Path:
    if found.notice is not None:
        _warn(found.notice)
    return found.path


def _warn(notice: Notice) -> None:
    logger.warning(say(notice, "en-US"))
