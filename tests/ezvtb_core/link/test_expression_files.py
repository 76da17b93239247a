"""ezvtb_core/link/expression_files.py: ours and the user's, what is wrong with a file, and keeping one."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.link import expression_files
from ezvtb_core.link.expression_files import ORDER, ExpressionError, is_name, read, scan, write
from ezvtb_core.link.locale import say

SMILE = {"name": {"en": "Smile", "zh-CN": "微笑"}, "values": {"mouth_raised_corner_left": 1}}


def _put(file: Path, content: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def test_ours_are_all_there_with_names_in_both_languages() -> None:
    found, problems = scan()
    assert problems == []
    assert tuple(each.name for each in found if not each.own) == ORDER
    for expression in found:
        if not expression.own:
            assert expression.label("zh-CN") != expression.label("en-US")


def test_labels(tmp_path: Path) -> None:
    found = read(_put(tmp_path / "smile.json", SMILE))
    assert (found.label("en-US"), found.label("zh-CN"), found.label("fr-FR")) == ("Smile", "微笑", "Smile")
    assert read(_put(tmp_path / "plain.json", {"name": "Mine", "values": {}})).label("zh-CN") == "Mine"
    assert read(_put(tmp_path / "none.json", {"values": {}})).label("en-US") == "none"


def test_own_ones_come_after_ours_and_replace_them(tmp_path: Path) -> None:
    _put(tmp_path / "sad.json", SMILE)
    _put(tmp_path / "smile.json", SMILE)
    _put(tmp_path / "own" / "smile.json", {"name": "My smile", "values": {}})
    _put(tmp_path / "own" / "aaa.json", SMILE)
    found, problems = scan(tmp_path)
    assert [(each.name, each.own) for each in found] == [("smile", True), ("sad", False), ("aaa", True)]
    assert not problems
    assert scan(tmp_path / "nowhere") == ([], [])


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.json", "", "expression_damaged"),
        ("x.json", "[1, 2]", "expression_damaged"),
        ("x.json", "{}", "expression_damaged"),
        ("x.json", '{"values": 3}', "expression_damaged"),
        ("x.json", '{"values": {"head_x": "1"}}', "expression_damaged"),
        ("x.json", '{"values": {"head_x": true}}', "expression_damaged"),
        ("x.json", '{"values": {"head_x": NaN}}', "expression_damaged"),
        ("x.json", '{"values": {"head_x": Infinity}}', "expression_damaged"),
        ("x.json", '{"values": {"head_x": 1e999}}', "expression_damaged"),
        ("x.json", "[" * 20000, "expression_damaged"),
        ("x.json", " " * 70000, "expression_damaged"),
        ("Big Smile.json", json.dumps(SMILE), "expression_bad_name"),
        ("笑.json", json.dumps(SMILE), "expression_bad_name"),
    ],
    ids=range(13),
)
def test_a_bad_file_is_a_sentence_and_the_rest_works(tmp_path: Path, name: str, content: str, code: str) -> None:
    _put(tmp_path / "own" / name, content)
    _put(tmp_path / "own" / "good.json", SMILE)
    found, problems = scan(tmp_path)
    assert [each.name for each in found] == ["good"]
    assert [problem.code for problem in problems] == [code]
    for locale in ("en-US", "zh-CN"):
        assert name in say(problems[0], locale)


def test_a_file_of_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(json.dumps(SMILE).encode("utf-16"))
    with pytest.raises(ExpressionError):
        read(file)
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(SMILE).encode())  # Windows Notepad
    assert read(file).label("en-US") == "Smile"


@given(st.binary(max_size=200))
def test_fuzz(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.json"
    file.write_bytes(content)
    with pytest.raises(ExpressionError):
        read(file)


def test_fuzz_mutated(tmp_path: Path) -> None:
    chance, file, good = random.Random(1), tmp_path / "x.json", 0
    for _ in range(2000):
        content = bytearray(json.dumps(SMILE).encode())
        for _ in range(chance.choice((1, 3))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        file.write_bytes(content)
        try:
            found = read(file)
        except ExpressionError:
            continue
        good += 1
        assert all(abs(value) <= 1e6 for value in found.values.values())
    assert good > 50


def test_kept_under_a_name_for_people(tmp_path: Path) -> None:
    _put(tmp_path / "smile.json", SMILE)
    values = {"mouth_aaa": 0.5}
    assert write("Big Smile!", values, tmp_path).name == "big_smile"
    assert write("Big smile!", {"mouth_aaa": 0.7}, tmp_path).values == {"mouth_aaa": 0.7}  # replaced
    assert write("Smile", values, tmp_path).name == "smile_2"  # never ours
    assert write("坏笑", values, tmp_path).name == "expression_1"
    assert write("偷笑", values, tmp_path).name == "expression_2"
    assert write("坏笑", values, tmp_path).name == "expression_1"
    found, problems = scan(tmp_path)
    assert not problems
    assert {each.label("zh-CN") for each in found} == {"微笑", "Big smile!", "Smile", "坏笑", "偷笑"}
    assert not list(tmp_path.rglob("*.new"))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("in the way")
    with pytest.raises(ExpressionError, match="cannot be written"):
        write("x", {}, tmp_path)


@pytest.mark.parametrize(
    ("text", "good"), [("smile", True), ("a_1", True), ("", False), ("A", False), ("a-b", False), ("é", False)]
)
def test_names(text: str, good: bool) -> None:
    assert is_name(text) is good


def test_only_so_many_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression_files, "MOST", 3)
    for number in range(5):
        _put(tmp_path / "own" / f"e{number}.json", SMILE)
    assert len(scan(tmp_path)[0]) == 3
