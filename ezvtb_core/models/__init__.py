"""Posing models: what turns a pose into a picture of the character, one file per family behind one protocol.

To add a family: write one file with a class that fulfils `PosingModel` and has a `build`, name it in `FAMILIES`, add the
choice to `link/settings.py`; the contract test in `tests/ezvtb_core/models/test_contract.py` then runs against it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ezvtb_core.backends import Session, Signature
from ezvtb_core.frames import Pixels
from ezvtb_core.image_doctor import Picture, Report
from ezvtb_core.link.catalogue import ModelFolder
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import SIZE, FloatArray

AUTO = "auto"

FAMILIES: dict[str, str] = {
    "puppet": "ezvtb_core.models.puppet:Puppet",
    "picture": "ezvtb_core.models.picture:MovingPicture",
    "tha3": "ezvtb_core.models.tha3:TalkingHead3",
    "tha4": "ezvtb_core.models.tha4:TalkingHead4",
    "tha4_student": "ezvtb_core.models.tha4_student:Student",
}
"""Family → `module:class`. A model's name is its family or `family:variant`."""


class ModelError(NoticeError):
    """A model cannot be used; says what is missing and where to get it."""


@dataclass(frozen=True)
class ModelSpec:
    """What is true of a model. Callers ask here and never compare names."""

    name: str
    """`family` or `family:variant`."""
    licence: str
    """SPDX identifier of the weights; `MIT` where there are none."""
    reads: tuple[slice, ...] = (slice(0, SIZE),)
    """Which values of a pose it looks at; frames are taken for the same when these are."""


@dataclass(frozen=True)
class ModelRequest:
    """What a family gets to build a model from."""

    name: str
    """`family` or `family:variant`."""
    open_session: Callable[[Path, Signature], Session]
    """Opens a graph with the backend and options that the settings ask for; the model closes it."""
    picture: Picture | None = None
    """The character, where the family needs one."""
    folder: ModelFolder | None = None
    """Where the files are, where the family needs any: complete as far as names tell."""
    eyebrows: bool = True
    """False: the eyebrows stay still, where that saves anything."""
    original_edges: bool = False
    """True: soft edges are handled as in training, where the family was trained in another way than it is commonly run."""


class PosingModel(Protocol):
    """One character ready to be drawn. Used by one thread at a time."""

    @property
    def spec(self) -> ModelSpec:
        """Facts about it."""

    @property
    def device(self) -> str:
        """Where it is computed, for people."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its frames, constant."""

    @property
    def report(self) -> Report | None:
        """What there is to say about the picture that it animates; None where it animates none."""

    def render(self, pose: FloatArray) -> Pixels:
        """Draw `pose`, float32 (45,), inside the ranges: uint8 (height, width, 4), straight BGRA, C-contiguous.

        The frame stays valid until the next call. Raises SessionError when the runtime fails.
        """

    def close(self) -> None:
        """Release sessions and memory. May be called again."""


class Family(Protocol):
    """How models of a family are made."""

    needs_picture: bool
    """Whether it animates a picture of the user's."""
    needs_folder: bool
    """Whether it is made of files that the user has downloaded."""

    def build(self, request: ModelRequest) -> PosingModel:
        """Load everything and draw nothing yet; may take seconds.

        Raises ModelError, PictureError, SessionError or BackendUnavailable.
        """


def resolve(settings: Settings) -> str:
    """The name of the model to use: `auto` is the bundled character until the user has chosen a picture."""
    if settings.model != AUTO:
        return settings.model
    return "picture" if settings.character else "puppet"


def family(name: str) -> Family:
    """The family of the model `name`. Raises ModelError for one that does not exist."""
    target = FAMILIES.get(name.partition(":")[0])
    if target is None:
        raise ModelError("model_unknown", got=name, known=", ".join(FAMILIES))
    module, _, attribute = target.partition(":")
    found: Family = getattr(importlib.import_module(module), attribute)
    return found


def build(request: ModelRequest) -> PosingModel:
    """Build the model that `request` names. Raises what `Family.build` raises."""
    return family(request.name).build(request)
