from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from ezvtb_core.commands import model_flags
from ezvtb_core.commands.console import Parser, UsageError
from ezvtb_core.link.settings import Settings


def parse(console, *argv: str, model: str | None = "puppet") -> argparse.Namespace:
    parser = Parser(prog="x", allow_abbrev=False)
    model_flags.add(parser, console, model)
    return parser.parse_args(list(argv))


def test_no_flags_are_the_usual_settings(console) -> None:
    assert model_flags.read(parse(console)) == Settings(model="puppet")


def test_every_flag_reaches_its_setting(console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = "--model tha3:standard --models m --precision fp16 --character c.png --eyebrows off --device 2 --threads 3"
    assert model_flags.read(parse(console, *flags.split())) == Settings(
        model="tha3:standard", models_folder=str(tmp_path / "m"), precision="fp16", character=str(tmp_path / "c.png"),
        eyebrows=False, device=2, cpu_threads=3,
    )  # fmt: skip


def test_a_model_has_to_be_named_where_there_is_no_usual_one(console) -> None:
    with pytest.raises(UsageError, match="--model"):
        parse(console, model=None)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--model tha9", "no model called tha9"),
        ("--model tha3:tiny", "no model called tha3:tiny"),
        ("--model tha4_student:", "no model called tha4_student:"),
        ("--model tha4 --precision int8", "--precision"),
        ("--model tha4 --eyebrows perhaps", "--eyebrows"),
        ("--device many", "--device"),
        ("--device -1", "--device"),
        ("--precision fp16", "--precision fp16 is not available"),
        ("--model tha4_student:a --precision fp16", "--precision fp16 is not available"),
    ],
)
def test_bad_values_name_their_flag(console, flags: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        model_flags.read(parse(console, *flags.split()))


def test_what_cannot_be_built_is_bad_input(console, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tha4"):
        model_flags.build(parse(console, "--model", "tha4", "--models", str(tmp_path)))
    with pytest.raises(UsageError, match="no backend called abacus"):
        model_flags.build(parse(console, "--backend", "abacus"))
