"""A running OpenSeeFace tracker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ezvtb_core.link.settings import Settings
from tests.peers import free_port, wait_until
from trackers.context import Context
from trackers.openseeface import OpenSeeFaceTracker


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[OpenSeeFaceTracker]:
    settings = Settings(tracker="openseeface", openseeface_port=free_port())
    made = OpenSeeFaceTracker(settings, Context(calibrations=tmp_path))
    made.start()
    assert wait_until(lambda: made.status().state == "waiting")
    yield made
    made.stop()
