"""A source that is followed by name: what is taken is let go, and no reference is kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from obs_bridge.named_source import NamedSource
from tests.obs_bridge.fake_obs import FakeObs, Source


class Follower(NamedSource):
    """Counts on the source itself."""

    def take(self, source: int) -> None:
        self._library.obs_source_inc_showing(source)

    def let_go(self, source: int) -> None:
        self._library.obs_source_dec_showing(source)

    def reaches(self) -> bool:
        """Whether there is a living source behind it."""
        source = self.strong()
        if source:
            self._library.obs_source_release(source)
        return bool(source)


@pytest.fixture
def obs() -> Any:
    return FakeObs()


def test_it_is_found_when_it_comes_and_given_up_when_it_goes(obs):
    follower = Follower(obs, "Camera")
    follower.look()
    assert not follower.found
    source = obs.add("Camera")
    follower.look()
    follower.look()
    assert (follower.found, source.showing) == (True, 1)
    obs.remove(source)
    assert obs.sources == {}, "OBS can free it at any time"
    follower.look()
    assert not follower.found
    assert obs.clean()


def test_a_new_name_is_taken_over(obs):
    follower, source = Follower(obs, "Camera"), obs.add("Camera")
    follower.look()
    source.name = "摄像头"
    follower.look()
    assert (follower.name, follower.found, source.showing) == ("摄像头", True, 1)
    follower.drop()
    follower.drop()
    assert obs.clean()


def test_another_source_that_got_the_name_takes_its_place(obs):
    follower, first = Follower(obs, "Camera"), obs.add("Camera")
    follower.look()
    first.name = "Old"
    second = obs.add("Camera")
    follower.look()
    assert (follower.name, first.showing, second.showing) == ("Camera", 0, 1)
    follower.drop()
    assert obs.clean()


def test_one_that_is_removed_but_still_held_by_others_is_given_up(obs):
    follower, source = Follower(obs, "Camera"), obs.add("Camera")
    follower.look()
    source.strong += 1  # the undo history, another plugin
    obs.remove(source)
    follower.look()
    assert (follower.found, source.showing) == (False, 0)


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens to sources between looks, the books are balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.obs: Any = FakeObs()
        self.follower = Follower(self.obs, "A")

    @rule(name=st.sampled_from("ABC"))
    def add(self, name: str) -> None:
        if name not in [source.name for source in self.obs.sources.values()]:
            self.obs.add(name)

    @rule(data=st.data(), name=st.sampled_from("ABC"))
    def change(self, data: st.DataObject, name: str) -> None:
        if self.obs.sources:
            source: Source = data.draw(st.sampled_from(list(self.obs.sources.values())))
            taken = [other.name for other in self.obs.sources.values()]
            if name in taken:
                self.obs.remove(source)
            else:
                source.name = name

    @rule()
    def look(self) -> None:
        self.follower.look()
        assert self.follower.found == self.follower.reaches()

    @rule()
    def drop(self) -> None:
        self.follower.drop()

    @invariant()
    def nothing_is_held(self) -> None:
        assert all(source.strong == 1 for source in self.obs.sources.values())
        assert sum(source.showing for source in self.obs.sources.values()) <= 1
        assert len(self.obs.weak) <= 1

    def teardown(self) -> None:
        self.follower.drop()
        assert self.obs.clean()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
