"""trackers/upstream_map.py against the original converters, executed on recorded faces."""

import numpy as np
import pytest

from ezvtb_core.pose import BREATHING, INDEX
from tests.trackers.recorded_faces import converted
from trackers.face import SHAPE, no_shapes
from trackers.mouth_weights import cost, weights
from trackers.upstream_map import easyvtuber, mode_20, tha3

TOLERANCE = 1e-4
VOWELS = [INDEX[f"mouth_{vowel}"] for vowel in ("aaa", "iii", "uuu", "ooo")]
STOPPED_EARLY = {"khill": 6, "expr": 2}
"""Rows on which the original's general optimiser gave up before the minimum."""


@pytest.mark.parametrize("clip", ["khill", "expr"])
@pytest.mark.parametrize(("convert", "golden"), [(tha3, "pose_conv25"), (mode_20, "pose_mode20")])
def test_equal_to_the_original(clip: str, convert, golden: str) -> None:  # type: ignore[no-untyped-def]
    recording, data = converted(clip)
    ours = np.array([convert(row.tolist(), tuple(head)) for row, head in zip(recording.shapes, recording.head, strict=True)])
    wanted = data[golden].copy()
    ours[:, BREATHING] = wanted[:, BREATHING] = 0.0  # the original's clock
    apart = np.abs(ours - wanted)
    off = np.flatnonzero(apart.max(axis=1) > TOLERANCE)
    rest = np.delete(apart, off, axis=0).max()
    print(f"{golden} {clip}: {len(off)} of {len(ours)} rows differ, by up to {apart.max():.4f}; the rest by {rest:.1e}")
    assert len(off) == STOPPED_EARLY[clip]
    assert np.delete(apart, VOWELS, axis=1).max() < TOLERANCE, "only vowels may differ"
    for row in off:
        assert _ours_is_lower(recording.shapes[row].tolist(), wanted[row])


def _ours_is_lower(shapes: list[float], golden: np.ndarray) -> bool:
    """Whether our weights beat whatever division into uuu and ooo the original may have had: its output only tells their sum."""
    names = ("jawOpen", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthFunnel", "mouthPucker")
    jaw, left, right, funnel, pucker = (shapes[SHAPE[name]] for name in names)
    point = np.array([min(max((jaw - 0.1) / 0.3, 0), 1), min(left + right, 1.0), funnel, pucker])
    aaa, iii, uuu, ooo = golden[VOWELS].astype(float)
    divisions = np.linspace(0.0, uuu + ooo, 2001)
    theirs = np.stack([np.full(2001, aaa), np.full(2001, iii), divisions, uuu + ooo - divisions], axis=1)
    return bool(cost(np.array(weights(point)), point) < cost(theirs, point).min() - 1e-5)


def test_easyvtuber_moves_the_body_and_opens_the_mouth_further() -> None:
    shapes = no_shapes()
    shapes[SHAPE["jawOpen"]], shapes[SHAPE["mouthLowerDownLeft"]], shapes[SHAPE["mouthLowerDownRight"]] = 0.4, 0.5, 0.5
    head = (3.0, -6.0, 9.0)
    before, after = mode_20(shapes.tolist(), head), easyvtuber(shapes.tolist(), head)
    assert after[INDEX["mouth_aaa"]] == pytest.approx(1.5 * before[INDEX["mouth_aaa"]]) == pytest.approx(1.5, abs=0.02)
    assert after[INDEX["head_y"]] == after[INDEX["body_y"]] == pytest.approx(-0.4)
    assert after[INDEX["neck_z"]] == after[INDEX["body_z"]] == pytest.approx(0.6)
    assert before[INDEX["body_y"]] == before[INDEX["body_z"]] == 0.0
