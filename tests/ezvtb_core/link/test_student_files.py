from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezvtb_core.link import student_files
from ezvtb_core.link.student_files import DescriptionError, StudentFiles, read
from tests.conftest import SHARED

USUAL = StudentFiles()


def described(tmp_path, content: bytes | str) -> StudentFiles:
    path = tmp_path / student_files.DESCRIPTION
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read(path)


@pytest.mark.needs("shared")
def test_the_authors_own_description():
    assert read(SHARED / "models" / "custom_tha4_models" / "lambda_00" / student_files.DESCRIPTION) == USUAL


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", USUAL),
        ("# a comment\n---\n\nauthor: me\n", USUAL),
        ("face_morpher_file_name: 脸 1.pt  \r\n", StudentFiles(face="脸 1.pt")),
        ('\ufeffcharacter_image_file_name: "a.png"', StudentFiles(picture="a.png")),
        ("body_morpher_file_name:\t'b.pt'", StudentFiles(body="b.pt")),
    ],
)
def test_accepted(tmp_path, content, expected):
    assert described(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("face_morpher_file_name: ../f.pt", 1),
        ("\nface_morpher_file_name: /etc/passwd", 2),
        ("face_morpher_file_name: C:\\f.pt", 1),
        ("face_morpher_file_name: sub/f.pt", 1),
        ("face_morpher_file_name: ..", 1),
        ("face_morpher_file_name:", 1),
        ("face_morpher_file_name: ''", 1),
        ("face_morpher_file_name: a\x01b", 1),
        ("- a list", 1),
        ("nested:\n  face_morpher_file_name: f.pt", 1),
        ("x: !!python/object/apply:os.system [ls]\n  more: 1", 2),
        (b"face_morpher_file_name: \xff\xfe", 1),
        ("a: b\n" * 2000, 1),
    ],
)
def test_refused_with_the_line(tmp_path, content, line):
    with pytest.raises(DescriptionError) as caught:
        described(tmp_path, content)
    assert caught.value.notice.params["line"] == line
    assert student_files.DESCRIPTION in str(caught.value)


def test_unreadable(tmp_path):
    with pytest.raises(DescriptionError, match="cannot be read"):
        read(tmp_path)


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_is_in_it_names_stay_in_the_folder(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / student_files.DESCRIPTION
    path.write_bytes(content)
    try:
        found = read(path)
    except DescriptionError:
        return
    for name in (found.picture, found.face, found.body):
        assert (path.parent / name).parent == path.parent and name not in ("", ".", "..")
