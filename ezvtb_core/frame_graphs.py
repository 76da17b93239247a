"""Graphs that work on finished frames (in-between frames, enlarging): where their files are, and what they look like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ezvtb_core.backends import Session, Signature, TensorSpec, sniff
from ezvtb_core.link.messages import Notice, NoticeError
from ezvtb_core.models.check import signature
from ezvtb_core.models.plan import Plan, Stage

FRAME = (512, 512, 4)
"""What models draw: uint8, straight BGRA."""
OpenSession = Callable[[Path, Signature], Session]
"""Opens a graph with a backend and options that were chosen before."""


class FrameGraphError(NoticeError):
    """A graph cannot be used; names the files, where they were looked for and what does without."""


@dataclass(frozen=True)
class Found:
    """A file to use."""

    path: Path
    notice: Notice | None = None
    """Says so when it is another one than was asked for."""


def find(what: str, choices: Sequence[Sequence[str]], where: Sequence[Path], without: str) -> Found:
    """The first file that is there.

    `choices`: what was asked for, then what does in its place, each as the names that the release layouts give to it, below the
    folders `where`. `what`: its name for people. `without`: the option that turns it off. Raises FrameGraphError.
    """
    for number, names in enumerate(choices):
        for name in names:
            for path in (folder / name for folder in where):
                if path.is_file():
                    notice = Notice("core_other_file", wanted=choices[0][0], got=str(path)) if number else None
                    return Found(path, notice)
    looked = ", ".join(str(folder) for folder in where)
    raise FrameGraphError("core_file_missing", what=what, files=" | ".join(choices[0]), looked=looked, option=without)


def precisions(half: bool) -> tuple[str, str]:
    """The precision that is asked for, and the one that does in its place."""
    return ("fp16", "fp32") if half else ("fp32", "fp16")


def declared(path: Path) -> Signature:
    """Inputs and outputs as the file declares them: exporters disagree about names. Raises SniffError for what is no graph."""
    return signature(sniff.parse(path))


def picture(name: str, *shape: int) -> TensorSpec:
    """Pixels that go into a graph or come out of it."""
    return TensorSpec(name, shape, "uint8")


def open_stage(
    path: Path, expected: Signature, open_session: OpenSession, sources: tuple[str, ...], results: tuple[str, ...]
) -> Plan:
    """A plan of one stage; its values are called `sources` and `results`, in the order of the graph's inputs and outputs.

    Raises what `open_session` raises.
    """
    inputs = {spec.name: value for spec, value in zip(expected.inputs, sources, strict=True)}
    outputs = {spec.name: value for spec, value in zip(expected.outputs, results, strict=True)}
    return Plan([Stage(path.stem, open_session(path, expected), inputs, outputs)])
