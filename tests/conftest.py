"""What this machine can do, and which of it must not be skipped.

A test that needs more than the base packages says so with the `require` fixture (`require("obs")`) or a marker
(`@pytest.mark.obs`, `@pytest.mark.needs("shared")`). What is missing skips the test; named in `--expect` (the `test`
command passes the variable EXPECT on) it fails instead. The end of a run lists loudly what did not run, and why.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from ezvtb_core.link import paths

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
REASONS = pytest.StashKey[dict[str, str]]()


def _program(*names: str) -> str:
    missing = [name for name in names if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


def _module(name: str, extra: str) -> str:
    if importlib.util.find_spec(name):
        return ""
    return f"{name} is not installed (python3 obs_ezvtuber.py install {extra})"


def _display() -> str:
    shown = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return "" if shown else "no display"


def _obs() -> str:
    if not sys.platform.startswith("linux"):
        return "the tests drive OBS under Xvfb, on Linux only"
    return _program("obs", "Xvfb", "openbox", "wmctrl")


def _art() -> str:
    """The drawing library is there only if it loads: it needs EGL and fontconfig of the system."""
    try:
        import skia  # noqa: F401 - the import is the test
    except ImportError as error:
        return str(error)
    return ""


CAPABILITIES: dict[str, Callable[[], str]] = {
    "obs": _obs,
    "ort-cpu": lambda: _module("onnxruntime", ""),
    "shared": lambda: "" if SHARED.is_dir() else "the folder of golden values is not beside this repository",
    "video": lambda: _module("av", "video"),
    "window": lambda: _module("pygame", "window"),
    "webcam": lambda: _module("mediapipe", "webcam"),
    "espeak": lambda: _program("espeak-ng"),
    "xvfb": lambda: _program("Xvfb"),
    "display": _display,
    "art": _art,
    "torch": lambda: "" if importlib.util.find_spec("torch") else "torch is not installed; only a few checks use it",
    "types": lambda: "" if sys.version_info[:2] == (3, 11) else "numpy's annotations differ by version; checked on Python 3.11",
    "posix": lambda: "POSIX only" if sys.platform == "win32" else "",
    "linux": lambda: "" if sys.platform.startswith("linux") else "Linux only",
}
"""Name → why this machine cannot do it, empty when it can."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--expect", default="", help="capabilities that must not be skipped: " + ", ".join(CAPABILITIES))


def pytest_configure(config: pytest.Config) -> None:
    # A busy machine is slow, not wrong.
    hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.load_profile("patient")
    config.addinivalue_line("markers", "needs(*capabilities): skipped where this machine lacks one of them")
    unknown = expected(config) - set(CAPABILITIES)
    if unknown:
        known = ", ".join(CAPABILITIES)
        raise pytest.UsageError(f"EXPECT names {', '.join(sorted(unknown))}; known capabilities: {known}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = [name for marker in item.iter_markers("needs") for name in marker.args]
    if item.get_closest_marker("obs"):
        needed.append("obs")
    for name in needed:
        capability(item.config, name)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The very last lines of a run."""
    terminalreporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = terminalreporter.stats.get("skipped", []) if terminalreporter else []
    if not skipped:
        return
    reasons = Counter(
        str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr) for report in skipped
    )
    terminalreporter.section(f"NOT RUN HERE: {len(skipped)} tests", sep="#", yellow=True, bold=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:4d}  {reason.removeprefix('Skipped: ')}", yellow=True)


def expected(config: pytest.Config) -> set[str]:
    """Capabilities that must be there."""
    return {name.strip() for name in config.getoption("--expect").split(",") if name.strip()}


def capability(config: pytest.Config, name: str, reason: str = "") -> None:
    """Skip the running test when this machine cannot do `name`, or for `reason` when given; fail when it is expected."""
    found = config.stash.setdefault(REASONS, {})
    if name not in found:
        found[name] = CAPABILITIES[name]()
    problem = reason or found[name]
    if problem and name in expected(config):
        pytest.fail(f"{name} is expected on this machine, but: {problem}", pytrace=False)
    if problem:
        pytest.skip(f"{name}: {problem}")


@pytest.fixture(autouse=True)
def _data_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was learned about one test's face must not be known to the next, nor to whoever works in this folder."""
    monkeypatch.setattr(paths, "CALIBRATIONS", tmp_path / "calibrations")
    monkeypatch.setattr(paths, "CLIPS", tmp_path / "clips")


@pytest.fixture(scope="session")
def require(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`require("obs")` skips or fails the test as `capability` says; `require("obs", "why")` when a closer look found trouble."""
    return lambda name, reason="": capability(request.config, name, reason)
