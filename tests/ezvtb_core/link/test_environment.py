from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ezvtb_core.link import environment, locale
from ezvtb_core.link.environment import BASE, STAMP, UNFINISHED


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A program folder with requirement files and no environment."""
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    (requirements / "base.txt").write_text("numpy>=1\n")
    (requirements / "video.txt").write_text("av\n")
    return tmp_path


def make(root: Path, *installed: str) -> None:
    """An environment as a complete installation leaves it."""
    python = environment.python(root)
    python.parent.mkdir(parents=True)
    python.touch()
    (root / ".venv" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\nversion = 3.11.7\n")
    environment.write_stamp(installed, root)


def test_missing(root: Path) -> None:
    state = environment.state(root=root)
    assert (state.name, state.ready, state.notice.code) == ("missing", False, "environment_missing")
    assert environment.site_packages(root) is None


def test_ready(root: Path) -> None:
    make(root, BASE)
    state = environment.state(root=root)
    assert state.ready
    assert state.notice.params == {"python": "3.11.7"}


def test_an_environment_without_stamp_is_incomplete(root: Path) -> None:
    make(root)
    (root / ".venv" / STAMP).unlink()
    assert environment.state(root=root).name == "incomplete"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"installed": []}', b'{"installed": {"video": "x"}}', b"\xff\xfe"])
def test_a_damaged_stamp_is_incomplete(root: Path, damage: bytes) -> None:
    make(root, BASE)
    (root / ".venv" / STAMP).write_bytes(damage)
    assert environment.state(root=root).name == "incomplete"


def test_an_interrupted_write_is_incomplete(root: Path) -> None:
    make(root, BASE)
    (root / ".venv" / UNFINISHED).touch()
    assert environment.state(root=root).name == "incomplete"


def test_the_interpreter_it_was_made_with_is_gone(root: Path) -> None:
    make(root, BASE)
    (root / ".venv" / "pyvenv.cfg").write_text(f"home = {root / 'uninstalled'}\nversion = 3.11.7\n")
    assert environment.state(root=root).name == "incomplete"


def test_changed_requirements_are_outdated(root: Path) -> None:
    make(root, BASE)
    (root / "requirements" / "base.txt").write_text("numpy>=2\n")
    assert environment.state(root=root).name == "outdated"


def test_comments_and_line_ends_change_nothing(root: Path) -> None:
    make(root, BASE)
    (root / "requirements" / "base.txt").write_bytes(b"# why\r\n\r\nnumpy>=1  # fast\r\n")
    assert environment.state(root=root).ready


def test_a_missing_extra_is_outdated_only_for_who_needs_it(root: Path) -> None:
    make(root, BASE)
    assert environment.state(root=root).ready
    state = environment.state(["video"], root)
    assert (state.name, state.notice.params) == ("outdated", {"extra": "video"})
    environment.write_stamp([BASE, "video"], root)
    assert environment.state(["video"], root).ready


def test_stamp_is_written_whole(root: Path) -> None:
    make(root, BASE)
    assert set(json.loads((root / ".venv" / STAMP).read_text())["installed"]) == {BASE}
    assert not list((root / ".venv").glob("*.new"))


def test_extras_are_the_requirement_files(root: Path) -> None:
    assert environment.extras(root) == ["video"]


def test_site_packages(root: Path) -> None:
    make(root, BASE)
    assert environment.site_packages(root) is None
    version = "Lib/site-packages" if sys.platform == "win32" else "lib/python3.11/site-packages"
    (root / ".venv" / version).mkdir(parents=True)
    assert environment.site_packages(root) == (str(root / ".venv" / version), "3.11")


def test_is_current() -> None:
    assert not environment.is_current(Path(sys.prefix) / "nowhere")
    if Path(sys.prefix).name == ".venv":
        assert environment.is_current(Path(sys.prefix).parent)


def test_every_state_has_a_sentence(root: Path) -> None:
    for name in ("en-US", "zh-CN"):
        assert {"environment_missing", "environment_incomplete", "environment_outdated", "environment_ready"} <= locale.table(
            name
        ).keys()
