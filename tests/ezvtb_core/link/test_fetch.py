"""Downloads from a real server on this computer, which dies, lies and stalls."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import socket
import ssl
import urllib.error
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from ezvtb_core.link import fetch
from ezvtb_core.link.downloads import Download, DownloadError
from ezvtb_core.link.fetch import DownloadCancelledError
from ezvtb_core.link.messages import Notice
from tests.ezvtb_core.link.file_server import Behaviour, serving

CONTENT = random.Random(4).randbytes(300_000)


def entry(content: bytes = CONTENT) -> Download:
    digest = hashlib.sha256(content).hexdigest()
    return Download("thing", "place/thing.task", "https://example.invalid/thing.task", len(content), digest, "MIT", "Nobody")


def silent(_: float, __: Notice) -> None:
    pass


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "PAUSE", 0.01)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models" / "place" / "thing.task"


def part(target: Path) -> Path:
    return target.with_name("thing.task.part")


def test_a_file_arrives_with_progress_and_leaves_nothing_else(target: Path) -> None:
    said: list[tuple[float, str]] = []
    with serving(Behaviour(CONTENT)) as url:
        fetch.fetch(entry(), target, lambda part, notice: said.append((part, notice.code)), source=url)
    assert target.read_bytes() == CONTENT
    assert [file.name for file in target.parent.iterdir()] == ["thing.task"]
    parts = [part for part, code in said if code == "download_progress"]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert said[-1] == (1.0, "download_done")


def test_the_published_address_is_the_default(target: Path) -> None:
    with serving(Behaviour(CONTENT)) as url:
        item = Download("thing", "thing.task", url, len(CONTENT), entry().sha256, "MIT", "Nobody")
        fetch.fetch(item, target, silent)
    assert target.read_bytes() == CONTENT


def test_what_is_there_is_not_fetched_again(target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    said: list[str] = []
    fetch.fetch(entry(), target, lambda _, notice: said.append(notice.code), source="http://127.0.0.1:1/nobody")
    assert said == ["download_there"]


def test_a_damaged_file_is_replaced(target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT[:-1])
    with serving(Behaviour(CONTENT)) as url:
        fetch.fetch(entry(), target, silent, source=url)
    assert target.read_bytes() == CONTENT


def test_a_connection_that_dies_is_resumed_where_it_stopped(target: Path) -> None:
    behaviour = Behaviour(CONTENT, breaks_after=[100_000, 50_000])
    with serving(behaviour) as url:
        fetch.fetch(entry(), target, silent, source=url)
    assert target.read_bytes() == CONTENT
    assert behaviour.asked == ["", "bytes=100000-", "bytes=150000-"]


def test_a_server_that_cannot_resume_gives_all_of_it_again(target: Path) -> None:
    behaviour = Behaviour(CONTENT, ranges=False, breaks_after=[100_000])
    with serving(behaviour) as url:
        fetch.fetch(entry(), target, silent, source=url)
    assert target.read_bytes() == CONTENT
    assert behaviour.asked == ["", "bytes=100000-"]


def test_an_earlier_download_is_continued(target: Path) -> None:
    target.parent.mkdir(parents=True)
    part(target).write_bytes(CONTENT[:200_000])
    behaviour = Behaviour(CONTENT)
    with serving(behaviour) as url:
        fetch.fetch(entry(), target, silent, source=url)
    assert target.read_bytes() == CONTENT
    assert behaviour.asked == ["bytes=200000-"]


def test_a_wrong_beginning_is_thrown_away_and_the_file_comes_anyway(target: Path) -> None:
    target.parent.mkdir(parents=True)
    part(target).write_bytes(b"x" * 200_000)
    with serving(Behaviour(CONTENT)) as url:
        fetch.fetch(entry(), target, silent, source=url)
    assert target.read_bytes() == CONTENT


def test_a_beginning_that_is_too_long_is_thrown_away(target: Path) -> None:
    target.parent.mkdir(parents=True)
    part(target).write_bytes(CONTENT + b"x")
    with serving(Behaviour(CONTENT)) as url:
        fetch.fetch(entry(), target, silent, source=url)
    assert target.read_bytes() == CONTENT


def refused(target: Path, source: str) -> Notice:
    with pytest.raises(DownloadError) as caught:
        fetch.fetch(entry(), target, silent, source=source)
    assert not target.exists()
    return caught.value.notice


@pytest.mark.parametrize("announces", [True, False])
def test_wrong_bytes_never_get_into_place(target: Path, announces: bool) -> None:
    with serving(Behaviour(b"y" * len(CONTENT), announces=announces)) as url:
        assert refused(target, url).code == "download_wrong"
    assert not part(target).exists()


def test_a_file_of_another_length_is_refused_before_it_comes(target: Path) -> None:
    with serving(Behaviour(CONTENT * 3)) as url:
        notice = refused(target, url)
    assert (notice.code, notice.params["size"]) == ("download_wrong", 3 * len(CONTENT))
    assert not part(target).exists()


def test_an_endless_answer_is_cut_off(target: Path) -> None:
    with serving(Behaviour(CONTENT * 20, announces=False)) as url:
        notice = refused(target, url)
    assert notice.params["size"] == len(CONTENT) + 1


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_is_called_one(target: Path, kind: str) -> None:
    page = b"  <!DOCTYPE html><html>" + b"x" * len(CONTENT)
    with serving(Behaviour(page[: len(CONTENT)], kind=kind)) as url:
        assert refused(target, url).code == "download_web_page"


def test_a_refusal_names_its_status(target: Path) -> None:
    with serving(Behaviour(b"", status=404)) as url:
        assert refused(target, url).params["status"] == 404


def test_a_server_that_always_dies_is_given_up_and_what_came_is_kept(target: Path) -> None:
    behaviour = Behaviour(CONTENT, breaks_after=[100_000] + [0] * 20)
    with serving(behaviour) as url:
        assert refused(target, url).code == "download_offline"
    assert len(behaviour.asked) == 1 + fetch.ATTEMPTS
    assert part(target).stat().st_size == 100_000


def test_nobody_at_the_address(target: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    notice = refused(target, address)
    assert (notice.code, notice.params["host"]) == ("download_offline", "127.0.0.1")


def test_a_server_that_says_nothing_is_left(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert refused(target, f"http://127.0.0.1:{mute.getsockname()[1]}/").code == "download_offline"


def test_a_certificate_that_is_not_trusted(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def distrust(*_: object, **__: object) -> None:
        raise urllib.error.URLError(ssl.SSLCertVerificationError(1, "certificate verify failed"))

    monkeypatch.setattr("urllib.request.urlopen", distrust)
    assert refused(target, "https://example.invalid/x").code == "download_certificate"


@pytest.mark.parametrize("source", ["no/such/file", "ftp://example.invalid/x", "http://[broken/", "http://127.0.0.1/文件"])
def test_neither_address_nor_file(target: Path, source: str) -> None:
    assert refused(target, source).code == "download_source"


def test_cancelled_in_the_middle_it_goes_on_from_there(target: Path) -> None:
    done: list[float] = []
    behaviour = Behaviour(CONTENT)
    with serving(behaviour) as url:
        with pytest.raises(DownloadCancelledError):
            fetch.fetch(entry(), target, lambda part, _: done.append(part), lambda: max(done) > 0.4, url)
        kept = part(target).stat().st_size
        assert 0 < kept < len(CONTENT)
        fetch.fetch(entry(), target, silent, source=url)
    assert behaviour.asked[-1] == f"bytes={kept}-"
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("named", [True, False])
def test_a_file_or_folder_of_the_users_own(target: Path, tmp_path: Path, named: bool) -> None:
    own = tmp_path / "下载"
    own.mkdir()
    (own / "thing.task").write_bytes(CONTENT)
    fetch.fetch(entry(), target, silent, source=str(own / "thing.task" if named else own))
    assert target.read_bytes() == CONTENT
    assert (own / "thing.task").read_bytes() == CONTENT


def test_a_wrong_file_of_the_users_own(target: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"<html>" + CONTENT)
    assert refused(target, str(tmp_path / "page.html")).code == "download_web_page"


Usage = namedtuple("Usage", "total used free")


def test_a_full_disk_is_noticed_before_anything_is_written(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 10, 1000))
    with serving(Behaviour(CONTENT)) as url:
        assert refused(target, url).code == "download_disk_full"
    assert not part(target).exists()


def fails(error: OSError) -> Callable[..., None]:
    def replace(*_: object) -> None:
        raise error

    return replace


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermissionError(13, "denied"), "download_denied"),
        (OSError(28, "full"), "download_disk_full"),
        (OSError(5, "I/O"), "download_failed"),
    ],
)
def test_errors_of_the_disk_are_sentences(target: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, code: str) -> None:
    monkeypatch.setattr(os, "replace", fails(error))
    with serving(Behaviour(CONTENT)) as url:
        assert refused(target, url).code == code
