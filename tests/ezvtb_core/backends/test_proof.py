from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ezvtb_core.backends import Session, SessionOptions, Signature, TensorSpec, proof
from ezvtb_core.backends.fake import FakeSession
from ezvtb_core.backends.proof import KernelRefusedError, prove
from ezvtb_core.link import paths

SIGNATURE = Signature((TensorSpec("x", (1, 4), "float32"),), (TensorSpec("y", (10, 10), "float32"),))


class Off(FakeSession):
    """A fake of which a part of the values is off."""

    def __init__(self, path, by: float, count: int) -> None:
        super().__init__(path, SIGNATURE, SessionOptions())
        self.by, self.count = by, count

    def run(self, inputs):
        outputs = super().run(inputs)
        outputs["y"].reshape(-1)[: self.count] += np.float32(self.by)
        return outputs


@pytest.fixture(autouse=True)
def remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PROVEN", tmp_path / "proven")
    monkeypatch.setattr(proof, "_proven", set())
    return tmp_path / "proven"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(b"first")
    return path


def reference(path) -> tuple[Callable[[], Session], list[FakeSession]]:
    """Opens references, and keeps them."""
    opened: list[FakeSession] = []

    def open_reference() -> Session:
        opened.append(FakeSession(path, SIGNATURE, SessionOptions()))
        return opened[-1]

    return open_reference, opened


def forget(monkeypatch) -> None:
    """As in a new process."""
    monkeypatch.setattr(proof, "_proven", set())


def test_a_file_is_proved_once(file, monkeypatch):
    open_reference, opened = reference(file)
    kernel = FakeSession(file, SIGNATURE, SessionOptions())
    for _ in range(2):
        prove(file, kernel, open_reference)
        forget(monkeypatch)
        prove(file, kernel, open_reference)
    assert len(opened) == 1


def test_another_content_or_program_is_proved_anew(file, monkeypatch):
    open_reference, opened = reference(file)
    kernel = FakeSession(file, SIGNATURE, SessionOptions())
    prove(file, kernel, open_reference)
    file.write_bytes(b"second, longer")
    prove(file, kernel, open_reference)
    assert len(opened) == 2
    forget(monkeypatch)
    monkeypatch.setattr(proof, "_program", lambda: b"another kernel")
    prove(file, kernel, open_reference)
    assert len(opened) == 3


def test_what_differs_is_refused_and_not_remembered(file, remembered):
    open_reference, opened = reference(file)
    for _ in range(2):
        with pytest.raises(KernelRefusedError, match=r"y: 2\.0% of the values differ"):
            prove(file, Off(file, 0.01, 2), open_reference)
    assert len(opened) == 2
    assert not remembered.exists()


def test_rounding_is_no_difference(file):
    open_reference, _ = reference(file)
    prove(file, Off(file, 1e-4, 100), open_reference)


def test_where_nothing_can_be_remembered_it_works_all_the_same(file, remembered, monkeypatch):
    remembered.write_text("a file where the folder should be")
    open_reference, opened = reference(file)
    kernel = FakeSession(file, SIGNATURE, SessionOptions())
    prove(file, kernel, open_reference)
    forget(monkeypatch)
    prove(file, kernel, open_reference)
    assert len(opened) == 2


def test_the_reference_is_closed_whatever_happens(file):
    open_reference, opened = reference(file)
    with pytest.raises(KernelRefusedError):
        prove(file, Off(file, 1.0, 100), open_reference)
    assert opened[0]._closed
