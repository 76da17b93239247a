"""The pickle inside a PyTorch checkpoint, read as data.

`pickle` runs what a file tells it to run. Here the file's instructions move plain values on a stack, a handful of names
stand for themselves, and everything else is refused: nothing that a file names is ever imported or called.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LARGEST = 1 << 22
"""Bytes of a pickle; the largest of the original ones has 60,000."""
DIMENSIONS, LARGEST_COUNT = 8, 1 << 40
"""Of a tensor, and of anything that is counted."""
STORAGE_TYPES = {
    "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16", "DoubleStorage": "<f8", "LongStorage": "<i8",
    "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1", "BoolStorage": "|b1",
}  # fmt: skip
"""PyTorch's name → numpy's, or `bfloat16`, which numpy does not know."""


class BadPickleError(Exception):
    """This is not the pickle of a plain state dict; the text says why."""


class CodeFoundError(BadPickleError):
    """The pickle names something that it wants to have called or made; the text is that name."""


class OtherContentsError(BadPickleError):
    """The pickle is sound but holds something else than a state dict; the text says what."""


@dataclass(frozen=True)
class Storage:
    """Numbers in another file of the archive."""

    key: str
    dtype: str
    """As in `STORAGE_TYPES`."""
    count: int


@dataclass(frozen=True)
class StridedTensor:
    """A view of a storage. Nothing is known yet about whether it stays inside."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """In numbers, not bytes."""


def state_dict(data: bytes) -> dict[str, StridedTensor]:
    """The tensors of a pickled state dict, by key. Raises BadPickleError."""
    if len(data) > LARGEST:
        raise BadPickleError(f"its index has {len(data)} bytes, at most {LARGEST} are possible")
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            machine.step(opcode.name, argument)
        return machine.result()
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        # What a damaged file makes of the parser and of our stack.
        raise BadPickleError(f"{type(error).__name__}: {error}"[:200]) from error


@dataclass(frozen=True)
class _Name:
    """Something that the file names."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class _Mark:
    """Where a tuple or a run of dictionary items starts on the stack."""


_MARK = _Mark()


class _Machine:
    """The stack, the memo, and what the instructions do with them."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, opcode: str, argument: Any) -> None:
        """One instruction. Raises BadPickleError, or what plain Python raises for a stack that is not as it should be."""
        if opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _FRESH:
            self.stack.append(_FRESH[opcode]())
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self, argument)
        elif opcode not in _IGNORED:
            raise CodeFoundError(f"pickle instruction {opcode}")

    def result(self) -> dict[str, StridedTensor]:
        """What is left in the end."""
        (found,) = self.stack
        if not isinstance(found, dict):
            raise OtherContentsError(type(found).__name__)
        for key, value in found.items():
            if not isinstance(value, StridedTensor):
                raise OtherContentsError(f"{key[:80]}: {type(value).__name__}")
        return found

    def remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def recall(self, index: int) -> None:
        self.stack.append(self.memo[index])

    def global_name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(_known(_Name(module, name)))

    def stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_known(_Name(_text(module), _text(name))))

    def tuple_of_run(self, _: Any) -> None:
        self.stack.append(tuple(self._run()))

    def tuple1(self, _: Any) -> None:
        self._tuple(1)

    def tuple2(self, _: Any) -> None:
        self._tuple(2)

    def tuple3(self, _: Any) -> None:
        self._tuple(3)

    def set_item(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._into([key, value])

    def set_items(self, _: Any) -> None:
        self._into(self._run())

    def persistent(self, _: Any) -> None:
        kind, storage, key, _, count = self.stack.pop()
        dtype = STORAGE_TYPES.get(storage.name) if isinstance(storage, _Name) and storage.module == "torch" else None
        if kind != "storage" or dtype is None or not are_counts([count]):
            raise BadPickleError("a storage is not described as PyTorch does")
        self.stack.append(Storage(_text(key), dtype, count))

    def reduce(self, _: Any) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, _Name) or str(name) not in _CALLS or not isinstance(arguments, tuple):
            raise CodeFoundError(str(name)[:100])
        self.stack.append(_CALLS[str(name)](arguments))

    def build(self, _: Any) -> None:
        # PyTorch hangs versions of modules on the dictionary; nobody needs them.
        state = self.stack.pop()
        if not isinstance(state, dict) or not isinstance(self.stack[-1], dict):
            raise CodeFoundError("pickle instruction BUILD")

    def _tuple(self, size: int) -> None:
        if len(self.stack) < size:
            raise IndexError("stack underflow")
        self.stack[-size:] = [tuple(self.stack[-size:])]

    def _run(self) -> list[Any]:
        start = len(self.stack) - 1
        while self.stack[start] is not _MARK:
            start -= 1
            if start < 0:
                raise IndexError("no mark")
        run = self.stack[start + 1 :]
        del self.stack[start:]
        return run

    def _into(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise BadPickleError("items for what is not a dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_text(key)] = value


def _known(name: _Name) -> _Name:
    if str(name) not in _CALLS and not (name.module == "torch" and name.name in STORAGE_TYPES):
        raise CodeFoundError(str(name)[:100])
    return name


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadPickleError(f"a name is a {type(value).__name__}")
    return value


def are_counts(values: Any) -> bool:
    """Whether these are at most a few whole numbers, each small enough to be a size."""
    return len(values) <= DIMENSIONS and all(type(each) is int and 0 <= each < LARGEST_COUNT for each in values)


def _ordered_dict(arguments: tuple[Any, ...]) -> dict[str, Any]:
    if arguments:
        raise BadPickleError("a dictionary is made in an unknown way")
    return {}


def _tensor(arguments: tuple[Any, ...]) -> StridedTensor:
    storage, offset, shape, strides, *_ = arguments
    described = isinstance(storage, Storage) and isinstance(shape, tuple) and isinstance(strides, tuple)
    if not described or not all(map(are_counts, (shape, strides, (offset,)))) or len(shape) != len(strides):
        raise BadPickleError("a tensor is not described as PyTorch does")
    return StridedTensor(storage, offset, shape, strides)


def _parameter(arguments: tuple[Any, ...]) -> StridedTensor:
    if not arguments or not isinstance(arguments[0], StridedTensor):
        raise BadPickleError("a parameter is not described as PyTorch does")
    return arguments[0]


_CALLS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
}
"""Names that a state dict needs → our own functions for them."""
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": (), "MARK": _MARK}
_FRESH: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list}
_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"}
_IGNORED = {"PROTO", "FRAME", "STOP"}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "GLOBAL": _Machine.global_name, "STACK_GLOBAL": _Machine.stack_global,
    "BINPUT": _Machine.remember, "LONG_BINPUT": _Machine.remember, "MEMOIZE": _Machine.memoize,
    "BINGET": _Machine.recall, "LONG_BINGET": _Machine.recall, "TUPLE": _Machine.tuple_of_run,
    "TUPLE1": _Machine.tuple1, "TUPLE2": _Machine.tuple2, "TUPLE3": _Machine.tuple3,
    "SETITEM": _Machine.set_item, "SETITEMS": _Machine.set_items, "BINPERSID": _Machine.persistent,
    "REDUCE": _Machine.reduce, "BUILD": _Machine.build,
}  # fmt: skip
