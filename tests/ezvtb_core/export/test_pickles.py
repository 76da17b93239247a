"""Pickles as data: what a state dict needs is understood, everything else is refused and nothing is run."""

from __future__ import annotations

import contextlib
import os
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.export.pickles import BadPickleError, CodeFoundError, OtherContentsError, Storage, StridedTensor, state_dict
from tests.ezvtb_core.export import checkpoints
from tests.ezvtb_core.export.checkpoints import name, number, tensor, text

PLAIN = checkpoints.state_dict({"a": tensor()})


class Runs:
    """Something whose pickle runs a command."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch ran",)


def test_a_state_dict() -> None:
    assert state_dict(PLAIN) == {"a": StridedTensor(Storage("0", "<f4", 6), 0, (2, 3), (3, 1))}


def test_parameters_are_their_tensors() -> None:
    hooks = name("collections.OrderedDict") + b")R"
    parameter = name("torch._utils._rebuild_parameter") + b"(" + tensor() + b"\x88" + hooks + b"tR"
    assert state_dict(checkpoints.state_dict({"a": parameter})) == state_dict(PLAIN)


def test_what_hangs_on_the_dictionary_is_left_out() -> None:
    metadata = b"}" + text("_metadata") + b"}sb."
    assert state_dict(PLAIN[:-1] + metadata) == state_dict(PLAIN)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_any_protocol_of_plain_dictionaries(protocol: int) -> None:
    assert state_dict(pickle.dumps({}, protocol)) == {}
    with pytest.raises(OtherContentsError, match="epoch: int"):
        state_dict(pickle.dumps({"epoch": 3}, protocol))


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_command_is_not_run(tmp_path, monkeypatch, protocol: int) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CodeFoundError, match="system"):
        state_dict(pickle.dumps({"a": Runs()}, protocol))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "dotted",
    [
        "os.system",
        "builtins.eval",
        "builtins.getattr",
        "__builtin__.exec",
        "subprocess.Popen",
        "torch.load",
        "torch._utils._rebuild_tensor",
        "torch.FloatStorage.from_file",
        "collections.OrderedDict.fromkeys",
        "numpy.core.multiarray._reconstruct",
    ],
)
def test_names_that_weights_do_not_need_are_refused_unseen(dotted: str) -> None:
    with pytest.raises(CodeFoundError, match=dotted.rpartition(".")[2]):
        state_dict(b"\x80\x02" + name(dotted) + b"(" + text("ls") + b"tR.")
    with pytest.raises(CodeFoundError):
        module, _, attribute = dotted.rpartition(".")
        state_dict(b"\x80\x04" + text(module) + text(attribute) + b"\x93.")


@pytest.mark.parametrize(
    "body",
    [
        name("torch.FloatStorage") + b")R.",  # a type that is known, called
        tensor() + b")R.",  # a tensor, called
        b"}" + text("x") + b"R.",  # a dictionary, called
        name("collections.OrderedDict") + b")\x81.",  # NEWOBJ
        b"(" + text("ls") + b"ios\nsystem\n.",  # INST
        b"(" + name("collections.OrderedDict") + b"o.",  # OBJ
        b"\x82\x01.",  # EXT1
        tensor() + b"}b.",  # BUILD of a tensor
        b"}" + text("x") + b"b.",  # BUILD with a string
        b"Px\n.",  # PERSID
        b"\x97.",  # NEXT_BUFFER
    ],
)
def test_other_ways_to_run_something_are_refused(body: bytes) -> None:
    with pytest.raises(CodeFoundError):
        state_dict(b"\x80\x05" + body)


@pytest.mark.parametrize(
    "body",
    [
        b".",
        b"}",  # no end
        b"}}.",  # two results
        b"t.",  # no mark
        b"\x87.",  # too little on the stack
        b"h\x05.",  # nothing remembered there
        b"}(" + text("a") + b"u.",  # a key without a value
        b"}" + number(1) + b"}s.",  # a key that is a number
        text("a") + text("b") + b"}s.",  # items for a string
        b"(" + text("storage") + b"tQ.",
        checkpoints.storage(count=-1) + b".",
        checkpoints.storage(count=1 << 200) + b".",
        checkpoints.storage(kind="collections.OrderedDict") + b".",
        name("collections.OrderedDict") + b"(" + tensor() + b"tR.",
        name("torch._utils._rebuild_tensor_v2") + b")R.",
        name("torch._utils._rebuild_tensor_v2") + b"(}}}}tR.",
        name("torch._utils._rebuild_parameter") + b")R.",
        tensor(shape=(-1, 3)) + b".",
        tensor(shape=(2, 3), strides=(1,)) + b".",
        tensor(shape=(2, 3), strides=(3, -1)) + b".",
        tensor(offset=-1) + b".",
        tensor(shape=(1,) * 9) + b".",
        tensor(shape=(1 << 500, 3)) + b".",
    ],
)
def test_damaged_pickles(body: bytes) -> None:
    with pytest.raises(BadPickleError):
        state_dict(b"\x80\x05" + body)


def test_a_dictionary_that_holds_itself() -> None:
    with pytest.raises(OtherContentsError, match="a: dict"):
        state_dict(b"\x80\x02}q\x00" + text("a") + b"h\x00s.")


def bomb(kind: str) -> bytes:
    """Small files that would take days or all memory, if anybody looked at what they describe."""
    if kind == "deep":
        return b"(" * 1_000_000 + b"t" * 1_000_000
    if kind == "doubled":
        return b"}q\x00" + b"h\x00h\x00\x86q\x00" * 100_000  # 2 ** 100,000 elements
    if kind == "long":
        return b"}" * (5 << 20)
    dimensions = b"(" + number(2) * 100_000 + b"tq\x01"
    shaped = name("torch._utils._rebuild_tensor_v2") + b"(" + checkpoints.storage() + number(0) + b"h\x01h\x01\x89}tR0"
    return dimensions + shaped * 10_000


@pytest.mark.parametrize("kind", ["deep", "doubled", "long", "dimensions"])
def test_bombs_do_not_go_off(kind: str) -> None:
    with pytest.raises(BadPickleError):
        state_dict(b"\x80\x02" + bomb(kind) + b".")


@settings(max_examples=400)
@given(st.data())
def test_changed_bytes_never_do_more_than_be_refused(data) -> None:
    changed = bytearray(checkpoints.state_dict({"a": tensor(), "b": tensor((6,))}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        kind = data.draw(st.sampled_from(["set", "drop", "cut"]))
        if kind == "set":
            changed[place] = data.draw(st.integers(0, 255))
        elif kind == "drop" and len(changed) > 1:
            del changed[place]
        elif kind == "cut":
            del changed[place + 1 :]
    try:
        found = state_dict(bytes(changed))
    except BadPickleError:
        return
    assert all(isinstance(value, StridedTensor) for value in found.values())


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_never_do_more_than_be_refused(data: bytes) -> None:
    with contextlib.suppress(BadPickleError):
        state_dict(data)
