from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core import backends
from ezvtb_core.backends import BackendUnavailable, SessionError, Signature, TensorSpec
from ezvtb_core.link.messages import Notice


def test_probe_keeps_the_reason(monkeypatch):
    monkeypatch.setitem(backends.BACKENDS, "gone", "ezvtb_core.backends.gone:Session")
    monkeypatch.setitem(backends.BACKENDS, "refuses", "ezvtb_core.backends.fake:Refuses")

    class Refuses:
        @staticmethod
        def probe() -> str:
            raise BackendUnavailable("backend_no_provider", expected="a", got="b")

    monkeypatch.setattr("ezvtb_core.backends.fake.Refuses", Refuses, raising=False)
    gone, refuses, fake = (backends.probe(name) for name in ("gone", "refuses", "fake"))
    assert not gone.usable and gone.reason.code == "backend_missing" and "gone" in gone.reason.params["detail"]
    assert not refuses.usable and refuses.reason.code == "backend_no_provider"
    assert fake.usable and np.__version__ in fake.reason.params["found"]
    assert backends.probe("nonsense").reason.code == "backend_unknown"


def test_unknown_backend_names_the_known_ones():
    with pytest.raises(BackendUnavailable, match="ort-cpu"):
        backends.load("nonsense")


def test_varying_dimensions_fit_anything():
    spec = TensorSpec("x", (None, 4), "float32")
    assert spec.fits(TensorSpec("x", (7, 4), "float32"))
    assert not spec.fits(TensorSpec("x", (7, 5), "float32"))
    assert not spec.fits(TensorSpec("x", (7, 4, 1), "float32"))
    assert str(spec) == "x float32(?,4)"
    assert spec.zeros().shape == (1, 4)


def test_signature_may_have_more_outputs_but_not_more_inputs(tmp_path):
    x, y = TensorSpec("x", (1,), "float32"), TensorSpec("y", (1,), "float32")
    backends.check_signature(tmp_path, Signature((x,), (y,)), Signature((x,), (y, x)))
    with pytest.raises(SessionError) as caught:
        backends.check_signature(tmp_path, Signature((x,), (y,)), Signature((x, y), (y,)))
    assert caught.value.notice.code == "session_other_inputs"
    with pytest.raises(SessionError) as caught:
        backends.check_signature(tmp_path, Signature((x,), (y,)), Signature((x,), ()))
    assert caught.value.notice.params["got"] == "-"


def test_dimensions_that_may_vary_become_what_is_expected():
    fixed, free = TensorSpec("x", (1, 4), "float32"), TensorSpec("x", (None, 4), "float32")
    other = TensorSpec("more", (None,), "float32")
    settled = backends.settle(Signature((fixed,), (fixed,)), Signature((free,), (free, other)))
    assert settled == Signature((fixed,), (fixed, other))
    assert backends.settle(Signature((free,), ()), Signature((free,), ())).inputs == (free,)


def usable(monkeypatch, *names: str) -> None:
    monkeypatch.setattr(backends, "probe", lambda name: backends.Probe(name, name in names, Notice("backend_usable")))


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        (("cpu", "ort-dml", "ort-cuda", "ort-coreml"), "ort-cuda"),
        (("cpu", "ort-dml", "ort-coreml"), "ort-dml"),
        (("cpu", "ort-coreml"), "ort-coreml"),
        (("cpu",), "cpu"),
        ((), "cpu"),
    ],
)
def test_automatic_choice_prefers_graphics_cards(monkeypatch, found, chosen):
    usable(monkeypatch, *found)
    assert backends.choose("auto") == chosen


def test_a_choice_is_taken_at_its_word(monkeypatch):
    usable(monkeypatch)
    assert [backends.choose(name) for name in ("cpu", "cuda", "directml", "coreml", "fake")] == [
        "cpu", "ort-cuda", "ort-dml", "ort-coreml", "fake",
    ]  # fmt: skip
    with pytest.raises(BackendUnavailable, match=r"no backend called abacus\. Known: auto, cuda, directml, coreml, cpu, ort-"):
        backends.choose("abacus")
