"""trackers/osc.py: bundles, nesting, what is left out, and that nothing raises or fills the log."""

import logging
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage

from tests.captures.phone_streams import bundle, message
from tests.trackers.mutation import mutate
from trackers.osc import Decoder, Message


def everything(address: bytes, payload: bytes) -> bool:
    return True


def messages(payload: bytes, wanted: Callable[[bytes, bytes], bool]) -> list[Message]:
    return Decoder(wanted).messages(payload)


def test_message_bundle_and_nested_bundle() -> None:
    one, two = message("/a", "x", 1, 2.5), message("/b")
    assert messages(one.dgram, everything) == [(b"/a", ["x", 1, 2.5])]
    assert messages(bundle([one, two]), everything) == [(b"/a", ["x", 1, 2.5]), (b"/b", [])]
    inner = bundle([two])
    nested = b"#bundle\0" + bytes(8) + len(inner).to_bytes(4, "big") + inner + len(one.dgram).to_bytes(4, "big") + one.dgram
    assert [address for address, _ in messages(nested, everything)] == [b"/b", b"/a"]


def test_a_bad_message_does_not_cost_its_bundle() -> None:
    bad = b"/bad\0\0\0\0,f\0\0\1"
    payload = bundle([message("/a", 1)])
    payload += len(bad).to_bytes(4, "big") + bad
    payload += bundle([message("/c", 3)])[16:]
    assert [address for address, _ in messages(payload, everything)] == [b"/a", b"/c"]


def test_only_what_is_wanted_is_decoded() -> None:
    asked: list[bytes] = []

    def wanted(address: bytes, payload: bytes) -> bool:
        asked.append(address)
        return address == b"/b"

    assert messages(bundle([message("/a", 1), message("/b", 2)]), wanted) == [(b"/b", [2])]
    assert asked == [b"/a", b"/b"]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"/",
        b"/a",
        b"#bundle\0",
        b"#bundle\0" + bytes(8) + b"\xff\xff\xff\xff",
        b"hello",
        b"#bundle\0" + bytes(65000),
        b"/a\0\0\0,f\0\0",
    ],
)
def test_nothing_in_it(payload: bytes) -> None:
    assert messages(payload, everything) == []


def test_bundles_in_bundles_end() -> None:
    payload = message("/deep", 1).dgram
    for _ in range(50):
        payload = b"#bundle\0" + bytes(8) + len(payload).to_bytes(4, "big") + payload
    assert messages(payload, everything) == []


def test_unknown_types_are_left_out_silently(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert messages(b"/a\0\0,Q\0\0", everything) == []
        assert messages(b"/a\0\0,[]\0", everything) == []
    assert not caplog.records


@given(st.text(st.characters(blacklist_characters="\0", codec="utf-8"), max_size=20), st.lists(st.floats(width=32), max_size=18))
def test_arguments_are_those_that_the_library_reads(name: str, numbers: list[float]) -> None:
    payload = message("/VMC/Ext/Bone/Pos", name, *numbers).dgram
    ((address, arguments),) = messages(payload, everything)
    assert address == b"/VMC/Ext/Bone/Pos"
    assert repr(arguments) == repr(OscMessage(payload).params)  # as text, since no NaN is equal to itself


@given(st.binary(max_size=400))
def test_any_bytes(payload: bytes) -> None:
    for prefix in (b"", b"/a\0\0,", b"#bundle\0" + bytes(8)):
        assert isinstance(messages(prefix + payload, everything), list)


@given(st.lists(st.tuples(st.sampled_from(["", "a", "abc", "abcd", "あ"]), st.floats(width=32)), max_size=12), st.integers(0, 3))
def test_what_is_remembered_changes_nothing(values: list[tuple[str, float]], rest: int) -> None:
    decoder = Decoder(everything)
    for name, value in values:
        for kind in (message("/v", name, value), message("/v", name, value, 1.0), message("/v", name), message("/v", name, 7)):
            for payload in (kind.dgram, kind.dgram + bytes(4 * rest)):
                assert repr(decoder.messages(payload)) == repr(messages(payload, everything))


def test_what_is_remembered_is_bounded() -> None:
    decoder = Decoder(everything)
    for number in range(2000):
        decoder.messages(message("/v", f"name {number}", 1.0).dgram)
    assert len(decoder._heads) <= 512


def test_damaged_bundles() -> None:
    random = np.random.default_rng(6)
    good = bundle([message("/VMC/Ext/Blend/Val", "あいう", 0.5), message("/b", 1, "x", 2.0)])
    for _ in range(5000):
        for _, arguments in messages(mutate(good, random), everything):
            assert isinstance(arguments, list)


def frames(count: int, names: list[str]) -> list[bytes]:
    chance = np.random.default_rng(3)
    made = []
    for number in range(count):
        parts = [message("/ok", 1), message("/time", number / 60), message("/root", "root", *chance.random(7).tolist())]
        parts += [message("/value", name, float(chance.random())) for name in names]
        parts += [message("/bone", "head", *chance.random(7).tolist()), message("/apply")]
        made.append(bundle(parts))
    return made


def unwanted(address: bytes, payload: bytes) -> bool:
    return address not in (b"/time", b"/root")


@pytest.mark.parametrize("wanted", [everything, unwanted])
def test_bundles_that_repeat_themselves_say_the_same_as_to_a_fresh_decoder(wanted: Callable[[bytes, bytes], bool]) -> None:
    decoder = Decoder(wanted)
    for payload in frames(20, ["a", "jawOpen", "someLongerName"]):
        assert decoder.messages(payload) == messages(payload, wanted)
    for payload in frames(20, ["b", "jawOpen", "someLongerName"]):  # as long, but something else
        assert decoder.messages(payload) == messages(payload, wanted)


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_damaged_bundle_says_the_same_as_to_a_fresh_decoder(seed: int, changes: int) -> None:
    decoder, whole = Decoder(unwanted), frames(6, ["a", "jawOpen"])
    for payload in whole:
        decoder.messages(payload)
    chance = np.random.default_rng(seed)
    broken = bytearray(whole[-1])
    for _ in range(changes):
        broken[chance.integers(len(broken))] = chance.integers(256)
    fresh = messages(bytes(broken), unwanted)
    np.testing.assert_equal(decoder.messages(bytes(broken)), fresh)


def test_layouts_and_what_is_learned_are_bounded() -> None:
    decoder = Decoder(everything)
    for size in range(200):
        for _ in range(3):
            decoder.messages(bundle([message("/value", "n" * size, 0.5)]))
    assert len(decoder._layouts) <= 16 and len(decoder._learned) <= 16


def test_a_name_that_becomes_interesting_is_not_overlooked() -> None:
    def wanted(address: bytes, payload: bytes) -> bool:
        return b"Head" in payload or address == b"/apply"

    decoder = Decoder(wanted)
    for number in range(5):
        decoder.messages(bundle([message("/bone", "Hips", number / 7, 0.5), message("/apply")]))
    assert decoder.messages(bundle([message("/bone", "Head", 0.25, 0.5), message("/apply")])) == [
        (b"/bone", ["Head", 0.25, 0.5]),
        (b"/apply", []),
    ]
