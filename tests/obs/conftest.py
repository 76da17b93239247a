"""Fixtures: one display for all tests, an OBS for each, and the end of every OBS checked."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ezvtb_core.link import paths
from tests.obs import harness
from tests.obs.harness import ROOT, Collection, Obs, wait_for

PROBE = Path(__file__).with_name("probe.py")
NOT_COPIED = (
    ".git",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "logs",
    "presets_user",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("obs"):
            item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=[harness.WebsocketCrashError.__name__]))


@pytest.fixture(autouse=True)
def _real_obs(request: pytest.FixtureRequest) -> None:
    require = request.getfixturevalue("require")
    require("obs")


@pytest.fixture(scope="session", autouse=True)
def _nothing_learned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """These tests run the product where it lies: what whoever works here has taught it is put aside meanwhile."""
    aside = tmp_path_factory.mktemp("aside")
    folders = (paths.CALIBRATIONS, paths.CLIPS)
    for folder in folders:
        if folder.exists():
            shutil.move(folder, aside / folder.name)
    yield
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        if (aside / folder.name).exists():
            shutil.move(aside / folder.name, folder)


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    with harness.display() as name:
        yield name


class Studio(Obs):
    """An OBS with our script and the probe in its first collection."""

    def __init__(self, folder: Path, screen: str, script: Path = ROOT / "obs_ezvtuber.py", **options: Any) -> None:
        super().__init__(folder, screen, **options)
        self.script = script
        self._socket = str(folder / "probe.sock")
        self._probe: socket.socket | None = None
        self._stream: Any = None

    def open(self, *sources: dict[str, Any], others: tuple[Collection, ...] = (), connect: bool = True) -> Studio:
        """Start with these sources in the first collection, which is called Test."""
        first = Collection("Test", [self.script, PROBE], list(sources))
        self.start(first, *others, environment={"EZVTUBER_TEST_PROBE": self._socket}, connect=connect)
        return self

    def inside(self, code: str) -> Any:
        """Run Python inside OBS; what it leaves in `result` comes back."""
        if self._probe is None:
            self._probe = socket.socket(socket.AF_UNIX)
            wait_for(lambda: Path(self._socket).exists() or None, 20, "probe")
            self._probe.settimeout(60)
            self._probe.connect(self._socket)
            self._stream = self._probe.makefile("rw")
        self._stream.write(json.dumps(code) + "\n")
        self._stream.flush()
        answer = json.loads(self._stream.readline())
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def hang_up(self) -> None:
        if self._probe is not None:
            self._stream.close()
            self._probe.close()
            self._probe = None

    def moving(self, name: str = "Avatar", timeout: float = 20.0) -> None:
        """Wait until two screenshots in a row differ."""

        def differ() -> bool:
            return bool((self.picture(name) != self.picture(name)).any())

        wait_for(differ, timeout, f"{name} moving")

    def texts(self, number: int = 0) -> str:
        """All info texts of a source's panel."""
        return "\n".join(text for _, text, _ in self.inside(f"result = panel_texts({number})"))


@pytest.fixture
def studio(tmp_path: Path, screen: str) -> Iterator[Callable[..., Studio]]:
    """Makes OBS runs; each must end with code 0, in time, without a leak and without a word on stderr of ours."""
    made: list[Studio] = []

    def make(**options: Any) -> Studio:
        folder = tmp_path / f"obs{len(made)}"
        folder.mkdir()
        made.append(Studio(folder, screen, **options))
        return made[-1]

    yield make
    for run in made:
        run.hang_up()
        if run.process is not None and run.process.poll() is None:
            check_end(run)


def check_end(run: Studio) -> None:
    """Close OBS and check how it ended."""
    run.hang_up()
    assert run.stop() == 0, run.log[-3000:]
    assert run.leaks() == 0
    assert "Traceback" not in run.log, run.log[-5000:]
    assert run.workers_left() == []


@pytest.fixture
def bare_copy(tmp_path: Path) -> Path:
    """A copy of the product without its environment, in a folder with a space and letters beyond ASCII; gives the script."""
    target = tmp_path / "my avatar 形象 é"
    shutil.copytree(
        ROOT, target, ignore=lambda folder, names: [name for name in names if name in NOT_COPIED or name in ("tests", "tools")]
    )
    return target / "obs_ezvtuber.py"
