"""Each of the 45 values changes the right part of the picture, in the right direction."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import INDEX, Frame, Render

# (x0, y0, x1, y1) in the neutral frame; the subject's left is image right
EYE = {"left": (258, 112, 306, 158), "right": (206, 112, 254, 158)}
BROW = {"left": (258, 98, 306, 134), "right": (206, 98, 254, 134)}
MOUTH = (232, 158, 280, 182)
BOW = (210, 240, 302, 330)


def crop(frame: Frame, box: tuple[int, int, int, int]) -> np.ndarray:
    x0, y0, x1, y1 = box
    return frame[y0:y1, x0:x1].astype(int)


def warm(frame: Frame, box: tuple[int, int, int, int]) -> np.ndarray:
    """Mask of iris pixels: far more red than blue."""
    part = crop(frame, box)
    return (part[..., 2] - part[..., 0] > 100) & (part[..., 3] == 255)


def changed(a: Frame, b: Frame) -> np.ndarray:
    return np.abs(a.astype(int) - b).max(axis=2) > 6


def centroid(mask: np.ndarray) -> tuple[float, float]:
    ys, xs = np.nonzero(mask)
    return float(xs.mean()), float(ys.mean())


def eye_at(render: Render, side: str, **pose: float) -> tuple[float, float]:
    """Where an eye is in any pose: the centre of what closing it changes."""
    return centroid(changed(render(**pose), render(**pose, **{f"eye_wink_{side}": 1.0})))


def eyes_at(render: Render, **pose: float) -> tuple[float, float]:
    """The point between the eyes."""
    (x0, y0), (x1, y1) = eye_at(render, "left", **pose), eye_at(render, "right", **pose)
    return (x0 + x1) / 2, (y0 + y1) / 2


def bow(frame: Frame) -> tuple[float, float]:
    part = crop(frame, BOW)
    return centroid((part[..., 2] > 200) & (part[..., 1] < 150) & (part[..., 0] < 150))


def regions() -> list[tuple[str, list[tuple[int, int, int, int]]]]:
    out: list[tuple[str, list[tuple[int, int, int, int]]]] = []
    for name in INDEX:
        side = name.rsplit("_", 1)[-1]
        if name.startswith("eyebrow"):
            out.append((name, [BROW[side]]))
        elif name.startswith(("eye_", "iris_small")):
            out.append((name, [EYE[side]]))
        elif name.startswith("iris_rotation"):
            out.append((name, list(EYE.values())))
        elif name.startswith("mouth"):
            out.append((name, [(200, 140, 312, 200)]))  # the chin gives a little
    return out


@pytest.mark.parametrize(("name", "boxes"), regions(), ids=[n for n, _ in regions()])
def test_feature_changes_only_its_region(render: Render, name: str, boxes: list[tuple[int, int, int, int]]) -> None:
    difference = changed(render(), render(**{name: 1.0}))
    assert difference.sum() >= 12
    for x0, y0, x1, y1 in boxes:
        difference[y0:y1, x0:x1] = False
    assert difference.sum() == 0


@pytest.mark.parametrize("name", ["head_x", "head_y", "neck_z", "body_y", "body_z", "breathing"])
def test_whole_figure_values_move_it(render: Render, name: str) -> None:
    assert changed(render(), render(**{name: 1.0})).sum() > 2000


@pytest.mark.parametrize("side", ["left", "right"])
class TestEyes:
    def test_closing_hides_the_iris(self, render: Render, side: str) -> None:
        box = EYE[side]
        for name in ("eye_wink", "eye_happy_wink"):
            assert warm(render(**{f"{name}_{side}": 1.0}), box).sum() <= 6
            half = warm(render(**{f"{name}_{side}": 0.5}), box).sum()
            assert 0.1 < half / warm(render(), box).sum() < 0.9

    def test_wink_curves_down_and_happy_wink_up(self, render: Render, side: str) -> None:
        heights = {}
        for name in ("eye_wink", "eye_happy_wink"):
            part = crop(render(**{f"{name}_{side}": 1.0}), EYE[side])[20:]
            dark = part[..., :3].sum(axis=2) < 260
            middle, inner = slice(20, 28), slice(10, 13) if side == "left" else slice(35, 38)
            heights[name] = np.nonzero(dark[:, middle])[0].mean() - np.nonzero(dark[:, inner])[0].mean()
        assert heights["eye_wink"] > 1.0  # the middle hangs lower than the corner
        assert heights["eye_happy_wink"] < -2.0

    def test_both_closings_together_stay_closed(self, render: Render, side: str) -> None:
        both = render(**{f"eye_wink_{side}": 1.0, f"eye_happy_wink_{side}": 1.0, f"eye_surprised_{side}": 1.0})
        assert warm(both, EYE[side]).sum() <= 6

    def test_openings(self, render: Render, side: str) -> None:
        def visible(frame: Frame) -> int:
            part = crop(frame, EYE[side])[:, 12:36]
            white = part[..., :3].min(axis=2) > 236
            return int((white | warm(frame, EYE[side])[:, 12:36]).sum())

        open_eye = visible(render())
        assert visible(render(**{f"eye_surprised_{side}": 1.0})) > 1.1 * open_eye
        for name in ("eye_relaxed", "eye_unimpressed"):
            assert 0.3 * open_eye < visible(render(**{f"{name}_{side}": 1.0})) < 0.85 * open_eye

    def test_unimpressed_lid_is_flat(self, render: Render, side: str) -> None:
        def steps(frame: Frame) -> float:
            mask = warm(frame, EYE[side])
            tops = np.argmax(mask, axis=0)[mask.sum(axis=0) > 5]
            return float(np.mean(np.abs(tops - np.median(tops))))  # the highlight hides the top of a column or two

        assert steps(render(**{f"eye_unimpressed_{side}": 1.0})) < 0.6 < steps(render())

    def test_lower_lid_rises(self, render: Render, side: str) -> None:
        def bottom(frame: Frame) -> int:
            return int(np.nonzero(warm(frame, EYE[side]).any(axis=1))[0].max())

        assert bottom(render(**{f"eye_raised_lower_eyelid_{side}": 1.0})) <= bottom(render()) - 3

    def test_small_iris(self, render: Render, side: str) -> None:
        assert warm(render(**{f"iris_small_{side}": 1.0}), EYE[side]).sum() < 0.6 * warm(render(), EYE[side]).sum()


def test_gaze(render: Render) -> None:
    for side in EYE:
        x, y = centroid(warm(render(), EYE[side]))
        assert centroid(warm(render(iris_rotation_y=1.0), EYE[side]))[0] < x - 2
        assert centroid(warm(render(iris_rotation_y=-1.0), EYE[side]))[0] > x + 2
        assert centroid(warm(render(iris_rotation_x=1.0), EYE[side]))[1] < y - 1
        assert centroid(warm(render(iris_rotation_x=-1.0), EYE[side]))[1] > y + 1


def brow_shift(render: Render, name: str, side: str, half: str) -> float:
    """How far (pixels, + is down) the inner or outer half of a brow moves: new dark pixels against vanished ones."""
    x0, y0, x1, y1 = BROW[side]
    middle = 280 if side == "left" else 232
    box = (x0, y0, middle, y1) if (half == "inner") == (side == "left") else (middle, y0, x1, y1)
    before, after = (crop(f, box)[..., :3].sum(axis=2) for f in (render(), render(**{f"{name}_{side}": 1.0})))
    gain, loss = np.maximum(before - after, 0), np.maximum(after - before, 0)
    rows = np.arange(gain.shape[0])[:, None]
    return float((gain * rows).sum() / gain.sum() - (loss * rows).sum() / loss.sum())


@pytest.mark.parametrize("side", ["left", "right"])
def test_brows(render: Render, side: str) -> None:
    for half in ("inner", "outer"):
        assert brow_shift(render, "eyebrow_raised", side, half) < -2
        assert brow_shift(render, "eyebrow_lowered", side, half) > 2
        assert brow_shift(render, "eyebrow_serious", side, half) > 1
    assert brow_shift(render, "eyebrow_troubled", side, "inner") < -1
    assert brow_shift(render, "eyebrow_troubled", side, "outer") > 0.5
    assert brow_shift(render, "eyebrow_angry", side, "inner") > 1
    assert brow_shift(render, "eyebrow_angry", side, "outer") < -0.5
    assert brow_shift(render, "eyebrow_happy", side, "inner") < -1


def cavity(frame: Frame) -> np.ndarray:
    """Mask of the open mouth: dark red or tongue, in MOUTH."""
    part = crop(frame, MOUTH)
    return (part[..., 1] < 150) & (part[..., 2] > 90)


def test_visemes(render: Render) -> None:
    area = {v: int(cavity(render(**{f"mouth_{v}": 1.0})).sum()) for v in ("aaa", "iii", "uuu", "eee", "ooo", "delta")}
    closed = int(cavity(render()).sum())
    assert area["aaa"] == max(area.values())
    assert all(a > closed for a in area.values())
    assert area["aaa"] > area["eee"] > area["iii"]
    assert area["ooo"] > area["uuu"]

    def width(viseme: str) -> int:
        return int(cavity(render(**{f"mouth_{viseme}": 1.0})).any(axis=0).sum())

    assert width("iii") > width("aaa") > width("ooo") > width("uuu")
    rows = [r.sum() for r in cavity(render(mouth_delta=1.0)) if r.any()]
    assert rows[1] < rows[len(rows) // 2] < max(rows[-4:])  # a triangle that stands on its base
    small, half, full = (int(cavity(render(mouth_aaa=v)).sum()) for v in (0.2, 0.5, 1.0))
    assert closed < small < half < full


def corner_row(frame: Frame, side: str) -> float:
    """Height of the mouth's corner, pixels down from the top of MOUTH."""
    line = cavity(frame)
    columns = np.nonzero(line.any(axis=0))[0]
    pick = columns[-2:] if side == "left" else columns[:2]
    return float(np.nonzero(line[:, pick])[0].mean())


@pytest.mark.parametrize(("side", "other"), [("left", "right"), ("right", "left")])
def test_mouth_corners(render: Render, side: str, other: str) -> None:
    up, down = render(**{f"mouth_raised_corner_{side}": 1.0}), render(**{f"mouth_lowered_corner_{side}": 1.0})
    assert corner_row(up, side) < corner_row(render(), side) - 1 < corner_row(down, side) - 2
    assert abs(corner_row(up, other) - corner_row(render(), other)) < 1


def test_smirk_pulls_to_the_subjects_right(render: Render) -> None:
    assert centroid(cavity(render(mouth_smirk=1.0)))[0] < centroid(cavity(render()))[0] - 1
    assert corner_row(render(mouth_smirk=1.0), "right") < corner_row(render(mouth_smirk=1.0), "left") - 1


def test_yaw_is_monotonic_and_moves_features_to_image_left(render: Render) -> None:
    yaw = np.linspace(-1, 1, 17)
    xs = [eyes_at(render, head_y=float(v))[0] for v in yaw]
    assert np.corrcoef(yaw, xs)[0, 1] < -0.99
    assert (np.diff(xs) < 0).all()
    assert 14 < xs[0] - xs[-1] < 32
    # the far eye is narrower than the near one
    spread = [np.ptp(np.nonzero(changed(render(head_y=1.0), render(head_y=1.0, **{f"eye_wink_{s}": 1.0})))[1]) for s in EYE]
    assert spread[0] > 1.2 * spread[1]


def test_pitch(render: Render) -> None:
    up, level, down = (eyes_at(render, head_x=v)[1] for v in (1.0, 0.0, -1.0))
    assert up < level - 5 and down > level + 5


def test_tilt_rotates_to_image_left(render: Render) -> None:
    for sign in (1.0, -1.0):
        left, right = eye_at(render, "left", neck_z=sign), eye_at(render, "right", neck_z=sign)
        middle = eyes_at(render)[0] - sign * 10
        assert sign * (left[0] + right[0]) / 2 < sign * middle
        assert 12 < sign * np.degrees(np.arctan2(right[1] - left[1], left[0] - right[0])) < 18


def test_body(render: Render) -> None:
    x = bow(render())[0]
    assert bow(render(body_y=1.0))[0] < x - 2 and bow(render(body_y=-1.0))[0] > x + 2
    assert bow(render(body_z=1.0))[0] < x - 5 and bow(render(body_z=-1.0))[0] > x + 5
    head = eyes_at(render)[0]
    assert eyes_at(render, body_z=1.0)[0] < head - 10  # the head follows the lean
    assert eyes_at(render, body_y=1.0)[0] < head - 2


def test_breathing_raises_shoulders_and_head(render: Render) -> None:
    def shoulder(frame: Frame) -> float:
        return float(np.mean([np.argmax(frame[215:, x, 3] > 128) for x in (*range(170, 175), *range(338, 343))]))

    assert shoulder(render(breathing=1.0)) <= shoulder(render()) - 1.5
    assert bow(render(breathing=1.0))[1] < bow(render())[1] - 1
    assert eyes_at(render, breathing=1.0)[1] < eyes_at(render)[1] - 1
