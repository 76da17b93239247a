"""A microphone that needs no hardware."""

from collections.abc import Iterator

import pytest

from tests.sounddevice_stand_in import StandIn
from trackers.sound import devices


@pytest.fixture
def audio(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    made = StandIn()
    made._initialize()
    monkeypatch.setattr(devices, "load", lambda: made)
    yield made
    assert not made.open, "a microphone was left open"
    assert not devices._streams
