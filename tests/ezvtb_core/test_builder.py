from __future__ import annotations

import threading

from ezvtb_core.builder import Builder
from ezvtb_core.link.messages import Notice, NoticeError
from tests.ezvtb_core.engine_fakes import until


def test_value_is_taken_once_and_the_thread_ends():
    builder: Builder[int] = Builder("b", lambda value: None)
    builder.request(lambda: 7)
    until(lambda: (found := builder.take()) is not None and found.value == 7)
    assert builder.take() is None
    until(lambda: all(thread.name != "ezvtuber-b" for thread in threading.enumerate()))


def test_newest_request_wins_and_the_others_are_disposed_of_or_never_built():
    gate, disposed, built = threading.Event(), [], []
    builder: Builder[int] = Builder("b", disposed.append)

    def build(number: int) -> int:
        gate.wait(10)
        built.append(number)
        return number

    builder.request(lambda: build(1))
    until(lambda: builder._next is None)
    builder.request(lambda: build(2))
    builder.request(lambda: build(3))
    gate.set()
    until(lambda: (found := builder.take()) is not None and found.value == 3)
    assert built == [1, 3]
    until(lambda: disposed == [1])


def test_failures_are_sentences(caplog):
    def refuse() -> int:
        raise NoticeError("picture_empty")

    builder: Builder[int] = Builder("b", lambda value: None)
    builder.request(refuse)
    until(lambda: (found := builder.take()) is not None and found.problem == Notice("picture_empty"))
    builder.request(lambda: 1 // 0)
    until(lambda: (found := builder.take()) is not None and found.problem.code == "engine_build_failed")
    assert "ZeroDivisionError" in caplog.text


def test_failing_disposal_is_logged(caplog):
    builder: Builder[int] = Builder("b", lambda value: 1 // value)
    builder.retire(0)
    builder.close(10)
    assert "could not be released" in caplog.text


def test_close_disposes_of_what_was_not_taken_and_takes_no_more():
    disposed: list[int] = []
    builder: Builder[int] = Builder("b", disposed.append)
    builder.request(lambda: 5)
    until(lambda: builder._outcome is not None)
    builder.close(10)
    assert disposed == [5]
    builder.request(lambda: 6)
    builder.close(10)
    assert disposed == [5] and builder.take() is None
