from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.backends import SessionError
from ezvtb_core.models.plan import COMPARED, Plan, Stage
from tests.ezvtb_core.models.plans import SIDE, Chain, FlakySession, spec


def ran(chain: Chain, value: str = "frame") -> list[str]:
    """The stages that run when `value` is asked for."""
    before = chain.plan.runs
    chain.plan.get(value)
    return [name for name, count in chain.plan.runs.items() for _ in range(count - before[name])]


def test_a_closed_plan_needs_no_garbage_collector():
    """Its tensors are tens of megabytes, and a streamer may change the character every minute."""
    gc.disable()
    try:
        chain = Chain()
        chain.plan.get("frame")
        steps = [weakref.ref(step) for step in chain.plan._steps.values()]
        chain.plan.close()
        assert steps and not any(step() for step in steps)
    finally:
        gc.enable()


def test_all_stages_run_once_then_none():
    chain = Chain()
    assert ran(chain) == ["prepare", "brow", "morph", "move"]
    assert ran(chain) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("image", ["prepare", "brow", "morph", "move"]),
        ("brows", ["brow", "morph", "move"]),
        ("face", ["morph", "move"]),
        ("turn", ["move"]),
    ],
)
def test_what_depends_on_a_change_runs_and_nothing_else(source, expected):
    chain = Chain()
    chain.plan.get("frame")
    chain.set(source, 2.0)
    assert ran(chain) == expected
    assert np.array_equal(chain.plan.get("frame"), chain.anew("frame"))


def test_a_value_asked_for_runs_what_it_needs_and_no_more():
    chain = Chain()
    assert ran(chain, "round") == ["prepare"]
    assert ran(chain, "browed") == ["brow"]
    assert ran(chain, "turn") == []
    assert ran(chain) == ["morph", "move"]


def test_the_same_bytes_are_no_change_but_a_picture_is_new_whenever_it_is_set():
    chain = Chain()
    chain.set("turn", 1.0)
    chain.plan.get("frame")
    chain.set("turn", 1.0)
    assert ran(chain) == []
    big = FlakySession((spec("image", COMPARED // 4 + 1),), (spec("out"),))
    plan = Plan([Stage("only", big, {"image": "image"}, {"out": "out"})])
    for _ in range(2):
        plan.set("image", np.zeros(COMPARED // 4 + 1, np.float32))
        plan.get("out")
    assert plan.runs == {"only": 2}


def test_two_changes_before_a_frame_cost_one_run():
    chain = Chain()
    chain.plan.get("frame")
    for value in (1.0, 2.0):
        chain.set("turn", value)
    assert ran(chain) == ["move"]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(Chain.SOURCES), st.sampled_from([0.0, 0.5, 1.0, 2.0])),
        st.tuples(st.just("get"), st.sampled_from(Chain.VALUES), st.just(0.0)),
        st.tuples(st.just("break"), st.sampled_from(Chain.STAGES), st.just(0.0)),
        st.tuples(st.just("mend"), st.just(""), st.just(0.0)),
    ),
    max_size=40,
)


@given(OPERATIONS)
def test_any_order_of_changes_and_failures_gives_what_computing_everything_anew_gives(operations):
    chain = Chain()
    for verb, name, value in operations:
        if verb == "set":
            chain.set(name, value)
        elif verb == "break":
            chain.sessions[name].broken = True
        elif verb == "mend":
            for session in chain.sessions.values():
                session.broken = False
        else:
            try:
                found = chain.plan.get(name)
            except SessionError:
                continue
            assert np.array_equal(found, chain.anew(name))
    for session in chain.sessions.values():
        session.broken = False
    assert np.array_equal(chain.plan.get("frame"), chain.anew("frame"))


def test_a_failure_is_told_and_only_what_it_spoiled_is_computed_again():
    chain = Chain()
    chain.plan.get("frame")
    chain.set("face", 1.0)
    chain.sessions["morph"].broken = True
    for _ in range(2):
        with pytest.raises(SessionError, match="told to"):
            chain.plan.get("frame")
    chain.sessions["morph"].broken = False
    assert ran(chain) == ["morph", "move"]
    assert np.array_equal(chain.plan.get("frame"), chain.anew("frame"))


def test_what_was_good_before_a_failure_is_not_good_after_it():
    """The outputs of a stage that failed are rubbish even when its inputs are set back to what they were."""
    chain = Chain()
    good = chain.plan.get("frame").copy()
    chain.set("turn", 1.0)
    chain.sessions["move"].broken = True
    with pytest.raises(SessionError):
        chain.plan.get("frame")
    chain.sessions["move"].broken = False
    chain.set("turn", 0.0)
    assert ran(chain) == ["move"]
    assert np.array_equal(chain.plan.get("frame"), good)


def test_sources_are_converted_to_what_the_graph_takes_and_other_sizes_are_refused():
    chain = Chain()
    chain.plan.set("turn", np.arange(SIDE, dtype=np.float64))
    assert chain.plan.get("turn").tolist() == [[0.0, 1.0, 2.0, 3.0]]
    assert chain.plan.spec("turn") == spec("turn")
    with pytest.raises(SessionError, match=r"expected turn float32\(1,4\), got turn float32\(5\)"):
        chain.plan.set("turn", np.zeros(5, np.float32))
    assert np.array_equal(chain.plan.get("turn"), [[0.0, 1.0, 2.0, 3.0]])


def test_graphs_that_do_not_agree_about_a_value_are_a_mistake_and_their_sessions_are_closed():
    first = FlakySession((spec("x"),), (spec("y"),))
    second = FlakySession((spec("x", 1, SIDE + 1),), (spec("y"),))
    with pytest.raises(ValueError, match=r"b reads between float32\(1,5\), but it is between float32\(1,4\)"):
        Plan([Stage("a", first, {"x": "x"}, {"y": "between"}), Stage("b", second, {"x": "between"}, {"y": "end"})])
    with pytest.raises(ValueError, match="b makes end, which is there already"):
        Plan([Stage("a", first, {"x": "x"}, {"y": "end"}), Stage("b", first, {"x": "x"}, {"y": "end"})])
    assert first.closed == 3 and second.closed == 1


def test_close_closes_every_session_and_may_be_repeated():
    chain = Chain()
    chain.plan.get("frame")
    chain.plan.close()
    chain.plan.close()
    assert all(session.closed for session in chain.sessions.values())


def test_device_is_that_of_the_sessions():
    assert Chain().plan.device == FlakySession.device
