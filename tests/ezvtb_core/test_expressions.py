"""ezvtb_core/expressions.py: only named values change, nothing jumps, shut eyes win, and ours are sound."""

import json
import time
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezvtb_core.expressions import Expressions, compile_file, load, save
from ezvtb_core.link import paths
from ezvtb_core.link.expression_files import ORDER, ExpressionError, ExpressionFile
from ezvtb_core.link.locale import say
from ezvtb_core.pose import HIGHEST, INDEX, LOWEST, SIZE, WINK, FloatArray, neutral

VOWELS = [INDEX[f"mouth_{vowel}"] for vowel in ("aaa", "iii", "uuu", "eee", "ooo", "delta")]


def _talking() -> FloatArray:
    pose = neutral()
    pose[[INDEX["mouth_aaa"], INDEX["head_y"], INDEX["breathing"]]] = 0.7, -0.4, 0.9
    return pose


def _shown(names: list[str], pose: FloatArray) -> FloatArray:
    expressions = Expressions()
    for name in names:
        expressions.press(name)
    return expressions.apply(pose, 0.0, 0.0)


def test_nothing_pressed_changes_nothing() -> None:
    pose = _talking()
    assert Expressions().apply(pose, 1.0, 0.2) is pose


@pytest.mark.parametrize("name", ORDER)
def test_only_named_values_change(name: str) -> None:
    data = json.loads((paths.EXPRESSIONS / f"{name}.json").read_text(encoding="utf-8"))
    before = _talking()
    after = _shown([name], before)
    for key, value in data["values"].items():
        assert after[INDEX[key]] == pytest.approx(value)
    others = [index for key, index in INDEX.items() if key not in data["values"] and not key.startswith("eye_")]
    assert np.array_equal(after[others], before[others])
    assert np.array_equal(before, _talking())  # what came in is left as it was


@pytest.mark.parametrize("name", sorted(set(ORDER) - {"laugh", "surprised", "sleepy"}))
def test_speech_goes_on_through_ours(name: str) -> None:
    assert np.array_equal(_shown([name], _talking())[VOWELS], _talking()[VOWELS])


def test_coming_and_going_takes_the_fade_and_is_smooth() -> None:
    expressions, corner, rate = Expressions(), INDEX["mouth_raised_corner_left"], 240
    expressions.apply(neutral(), 0.0, 0.2)
    expressions.press("smile")
    assert expressions.active() == ["smile"]
    shown = []
    for tick in range(1, rate):
        if tick == rate // 2:
            expressions.release("smile")
        shown.append(float(expressions.apply(neutral(), tick / rate, 0.2)[corner]))
    assert expressions.active() == []
    top = round(0.2 * rate)
    assert shown[top] == 1.0
    assert 0.4 < shown[top // 2] < 0.6
    assert shown[-1] == 0.0
    assert max(abs(after - before) for before, after in pairwise(shown)) <= 1.51 / (0.2 * rate)  # 1.5: smoothstep's middle
    still = neutral()
    assert expressions.apply(still, 2.0, 0.2) is still


def test_another_fade_or_a_change_of_mind_makes_no_jump() -> None:
    expressions, corner = Expressions(), INDEX["mouth_raised_corner_left"]
    chance, now, before, fades = np.random.default_rng(2), 0.0, 0.0, (0.1, 0.2, 1.0, 3.0)
    for tick in range(4000):
        if chance.random() < 0.02:
            (expressions.press if chance.random() < 0.5 else expressions.release)("smile")
        now += 1 / 120
        shown = float(expressions.apply(neutral(), now, fades[(tick // 7) % 4])[corner])
        assert abs(shown - before) <= 1.51 / (0.1 * 120)
        before = shown


def test_without_a_fade_it_is_there_at_once() -> None:
    expressions = Expressions()
    expressions.press("angry")
    assert expressions.apply(neutral(), 5.0, 0.0)[INDEX["eyebrow_angry_left"]] == 1.0
    expressions.release("angry")
    assert not expressions.apply(neutral(), 5.0, 0.0).any()


def test_several_at_once_in_any_order() -> None:
    poses = [_shown(list(order), _talking()) for order in permutations(("smile", "sad", "wink_left"))]
    for pose in poses[1:]:
        assert np.allclose(pose, poses[0], atol=1e-6)
    assert poses[0][INDEX["eyebrow_troubled_left"]] == pytest.approx(1.0)  # only one of them names it
    assert poses[0][INDEX["mouth_lowered_corner_left"]] == pytest.approx(1.0)
    assert poses[0][INDEX["mouth_raised_corner_left"]] == pytest.approx((1.0 + 0.7) / 2)  # two do


def test_an_expression_that_shuts_the_eyes_wins() -> None:
    blink = neutral()
    blink[WINK] = 1.0
    laughing = _shown(["laugh"], blink)
    assert laughing[INDEX["eye_happy_wink_left"]] == 1.0
    assert not laughing[WINK].any()  # one way of shutting them, not both
    for names in (["surprised", "wink_left"], ["wink_left", "surprised"]):
        both = _shown(names, neutral())
        assert both[INDEX["eye_wink_left"]] == 1.0
        assert both[INDEX["eye_surprised_left"]] == 0.0
        assert both[INDEX["eye_surprised_right"]] == 1.0
    assert _shown(["wink_left"], blink)[INDEX["eye_wink_right"]] == 1.0  # the other eye still blinks
    for name in ("smile", "surprised", "angry", "sad"):
        assert (_shown([name], blink)[WINK] == 1.0).all()


def test_names_that_nobody_knows_are_left_out(tmp_path: Path) -> None:
    expressions = Expressions(tmp_path)
    expressions.press("smile")
    expressions.release("gone")
    assert expressions.active() == []
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "grin.json").write_text('{"values": {"mouth_smirk": 1}}')
    expressions.press("grin")  # a file that was put there meanwhile
    assert expressions.active() == ["grin"]
    assert expressions.apply(neutral(), 0.0, 0.0)[INDEX["mouth_smirk"]] == 1.0
    (tmp_path / "own" / "grin.json").unlink()
    expressions.reload()
    assert expressions.apply(neutral(), 0.0, 0.0)[INDEX["mouth_smirk"]] == 1.0  # shows until it is let go
    expressions.release("grin")
    assert not expressions.apply(neutral(), 0.0, 0.0).any()
    expressions.reload()
    expressions.press("grin")
    assert expressions.active() == []


@pytest.mark.parametrize(
    ("values", "code", "part"),
    [
        ({"mouth_smile": 1.0}, "expression_unknown_value", "mouth_smile"),
        ({"mouth_aaa": 1.5}, "expression_out_of_range", "from 0 to 1"),
        ({"head_x": -1.5}, "expression_out_of_range", "from -1 to 1"),
    ],
)
def test_a_value_that_cannot_be_is_a_sentence(tmp_path: Path, values: dict[str, float], code: str, part: str) -> None:
    with pytest.raises(ExpressionError, match=part):
        compile_file(ExpressionFile("x", {}, values, True))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bad.json").write_text(json.dumps({"values": values}))
    (tmp_path / "own" / "good.json").write_text('{"values": {"mouth_smirk": 1}}')
    found, problems = load(tmp_path)
    assert [each.name for each in found] == ["good"]
    assert [problem.code for problem in problems] == [code]
    assert "bad.json" in say(problems[0], "zh-CN")
    assert Expressions(tmp_path).problems == problems


@given(
    st.lists(st.tuples(st.sampled_from(ORDER), st.booleans(), st.floats(0, 1), st.floats(0, 3)), max_size=30),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_poses_stay_in_range(script: list[tuple[str, bool, float, float]], seed: int) -> None:
    expressions, now, random = Expressions(), 0.0, np.random.default_rng(seed)
    for name, press, step, fade in script:
        (expressions.press if press else expressions.release)(name)
        now += step
        pose = expressions.apply(random.uniform(LOWEST, HIGHEST).astype(np.float32), now, fade)
        assert pose.dtype == np.float32
        assert (pose >= LOWEST).all()
        assert (pose <= HIGHEST).all()


def test_keeping_the_face_of_a_pose(tmp_path: Path) -> None:
    pose = _talking()
    pose[[INDEX["mouth_smirk"], INDEX["iris_rotation_x"], INDEX["eyebrow_angry_left"]]] = 0.654321, 0.5, 0.05
    kept = save("My smirk", pose, tmp_path)
    assert kept.values == {"mouth_aaa": 0.7, "mouth_smirk": 0.65}
    expressions = Expressions(tmp_path)
    expressions.press("my_smirk")
    assert expressions.apply(neutral(), 0.0, 0.0)[INDEX["mouth_smirk"]] == pytest.approx(0.65)
    with pytest.raises(ExpressionError, match="at rest"):
        save("Nothing", neutral(), tmp_path)


def test_applying_is_cheap() -> None:
    expressions, pose = Expressions(), np.zeros(SIZE, np.float32)
    for name in ("smile", "wink_left", "sad"):
        expressions.press(name)
    began = time.perf_counter()
    for tick in range(2000):
        expressions.apply(pose, tick / 60, 0.2)
    each = (time.perf_counter() - began) / 2000
    print(f"three expressions: {each * 1e6:.0f} us")
    assert each < 0.005
