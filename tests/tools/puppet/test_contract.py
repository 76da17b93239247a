"""What every user of puppet.onnx relies on: names, shapes, alpha, determinism, safe inputs, no holes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from .conftest import CHARACTER, Render


def random_poses(count: int) -> np.ndarray:
    """(count, 1, 45) float32: the 32 extremes of the five turning values first, then anything in range."""
    rng = np.random.default_rng(11)
    poses = rng.uniform(0, 1, (count, 1, 45)).astype(np.float32)
    poses[:, 0, 37:44] = rng.uniform(-1, 1, (count, 7))
    for k in range(min(count, 32)):
        poses[k, 0, 39:44] = [1.0 if k >> i & 1 else -1.0 for i in range(5)]
    return poses


def enclosed(alpha: np.ndarray, full: int) -> list[list[tuple[int, int, int]]]:
    """Groups of pixels below ``full`` that the figure encloses, as runs (y, x0, x1)."""
    parent: list[int] = []
    runs: list[tuple[int, int, int]] = []
    outside: list[int] = []

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    above: list[int] = []
    for y, row in enumerate(alpha):
        edges = np.diff(np.concatenate([[0], row < full, [0]]).astype(np.int8))
        here = []
        for x0, x1 in zip(np.nonzero(edges == 1)[0], np.nonzero(edges == -1)[0], strict=True):
            i = len(parent)
            parent.append(i)
            runs.append((y, int(x0), int(x1)))
            if y == 0 or x0 == 0 or x1 == len(row):
                outside.append(i)
            for j in above:
                if runs[j][1] <= x1 and x0 <= runs[j][2]:
                    parent[find(j)] = find(i)
            here.append(i)
        above = here
    roots = {find(i) for i in outside}
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for i, run in enumerate(runs):
        if find(i) not in roots:
            groups.setdefault(find(i), []).append(run)
    return list(groups.values())


def test_signature(session) -> None:
    (pose,), (frame,) = session.get_inputs(), session.get_outputs()
    assert (pose.name, pose.shape, pose.type) == ("pose", [1, 45], "tensor(float)")
    assert (frame.name, frame.shape, frame.type) == ("frame", [512, 512, 4], "tensor(uint8)")
    assert (CHARACTER / "puppet.onnx").stat().st_size <= 3_000_000


def test_character_card(session) -> None:
    card = json.loads((CHARACTER / "character.json").read_text(encoding="utf-8"))
    meta = session.get_modelmeta().custom_metadata_map
    assert card["licence"] == meta["licence"] == "CC0-1.0"
    assert card["author"] == meta["author"] == "EZVTuber for OBS contributors"
    assert (card["name"], card["version"]) == (meta["name"], meta["version"])
    assert (card["width"], card["height"]) == (512, 512)


def test_only_standard_operators() -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(CHARACTER / "puppet.onnx")
    assert [(o.domain, 17 <= o.version <= 20) for o in model.opset_import] == [("", True)]
    assert {node.domain for node in model.graph.node} == {""}
    onnx.checker.check_model(model, full_check=True)


def test_still_is_the_neutral_frame(render: Render) -> None:
    image = pytest.importorskip("PIL.Image")
    with image.open(CHARACTER / "still.png") as picture:
        assert (picture.size, picture.mode) == ((512, 512), "RGBA")
        still = np.asarray(picture)[..., [2, 1, 0, 3]].astype(int)
    # exact where it was drawn; another processor's fused multiply-add may round a value the other way
    assert np.abs(still - render()).max() <= 1
    assert (still == render()).mean() > 0.999


def test_deterministic(session) -> None:
    for pose in random_poses(4):
        first, second = (session.run(None, {"pose": pose})[0] for _ in range(2))
        assert np.array_equal(first, second)


def test_framing(render: Render) -> None:
    alpha = render()[..., 3]
    ys, xs = np.nonzero(alpha[:190] > 128)
    assert xs.min() >= 256 - 80 and xs.max() <= 256 + 80  # head with headphones around the box 192..320
    assert 36 <= ys.min() <= 64
    assert alpha[511, 200:312].min() == 255  # runs out of the bottom edge
    assert alpha[:, :100].max() == alpha[:, 412:].max() == 0


def test_straight_alpha_is_clean(session) -> None:
    for pose in random_poses(6):
        frame = session.run(None, {"pose": pose})[0]
        assert not frame[frame[..., 3] == 0].any()
        # the outline is ink everywhere: a fringe would make some faint edge pixel near black or near white
        faint = frame[(frame[..., 3] > 0) & (frame[..., 3] < 200)][:, :3] @ np.array([0.114, 0.587, 0.299])
        assert len(faint) > 500
        assert faint.min() > 20 and faint.max() < 170


def test_no_holes(session) -> None:
    for pose in random_poses(50):
        alpha = session.run(None, {"pose": pose})[0][..., 3]
        for group in enclosed(alpha, 255):
            worst = min(int(alpha[y, x0:x1].min()) for y, x0, x1 in group)
            assert worst >= 230, (pose[0, 39:44], group[:3], worst)


def test_values_outside_the_range_are_clamped(session, render: Render) -> None:
    wild = np.full((1, 45), 7.0, np.float32)
    assert np.array_equal(session.run(None, {"pose": wild})[0], session.run(None, {"pose": np.ones((1, 45), np.float32)})[0])
    low = np.full((1, 45), -9.0, np.float32)
    least = np.zeros((1, 45), np.float32)
    least[0, 37:44] = -1
    assert np.array_equal(session.run(None, {"pose": low})[0], session.run(None, {"pose": least})[0])
    endless = np.where(np.arange(45) % 2, np.inf, -np.inf).astype(np.float32)[None]
    assert session.run(None, {"pose": endless})[0].any()
    nothing = np.full((1, 45), np.nan, np.float32)
    assert np.array_equal(session.run(None, {"pose": nothing})[0], render())
