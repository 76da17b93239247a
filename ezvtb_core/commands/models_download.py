"""`models download`: fetch model files, resumed where an earlier download stopped and recognised by their SHA-256."""

from __future__ import annotations

import signal
import ssl
import threading
from pathlib import Path

from ezvtb_core.commands.console import Console, Parser, UsageError
from ezvtb_core.commands.install import listen
from ezvtb_core.link import fetch, paths
from ezvtb_core.link.downloads import DOWNLOADS, Download, DownloadError, known
from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import Notice, NoticeError


def run(argv: list[str], console: Console) -> int:
    """Fetch the files named; without a name, list what can be fetched. Raises UsageError, DownloadError.

    With `--json`: a line `{"stage", "fraction", "text", "code", "params"}` for each step, then `{"done": true}` or
    `{"error": {"code", "params"}}`. SIGTERM or a line `cancel` on stdin stops it.
    """
    parser = Parser(prog="models download", description=console.text("command_models_download"), allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DOWNLOADS))
    parser.add_argument("--models", default="", metavar="DIR", help=console.text("help_models"))
    parser.add_argument("--from", default="", dest="source", metavar="URL_OR_FILE", help=console.text("help_download_from"))
    parser.add_argument("--json", action="store_true", help=console.text("help_install_json"))
    given = parser.parse_args(argv)
    folder = Path(given.models).expanduser().resolve() if given.models else paths.MODELS
    if given.source and len(given.names) != 1:
        raise UsageError("download_one_source")
    if not given.names:
        return _list(folder, console, as_json=given.json)
    try:
        wanted = [known(name) for name in dict.fromkeys(given.names)]
    except DownloadError as error:
        raise UsageError(error.notice.code, **error.notice.params) from error
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    if given.json:
        return _for_programs(wanted, folder, given.source, console, stopped)
    for item in wanted:
        console.tell("download_licence", name=item.name, author=item.author, licence=item.licence)
        try:
            fetch.fetch(
                item,
                item.target(folder),
                lambda part, notice: console.progress(part, say(notice, console.locale)),
                stopped.is_set,
                given.source,
                _certificates(),
            )
        finally:
            console.end_progress()
        console.tell("download_ready", path=item.target(folder))
    return 0


def _list(folder: Path, console: Console, *, as_json: bool) -> int:
    there = {name: item.target(folder).is_file() for name, item in DOWNLOADS.items()}
    if as_json:
        facts = [
            {"name": item.name, "size": item.size, "licence": item.licence, "url": item.url, "there": there[item.name]}
            for item in DOWNLOADS.values()
        ]
        console.result({"downloads": facts, "folder": str(folder)})
        return 0
    for item in DOWNLOADS.values():
        state = console.text("models_complete") if there[item.name] else console.text("download_absent")
        console.line(f"{item.name}  {item.size / 1e6:.1f} MB  {item.licence}  {item.author}  {state}")
    console.line(console.text("download_how"))
    return 0


def _for_programs(wanted: list[Download], folder: Path, source: str, console: Console, stopped: threading.Event) -> int:
    threading.Thread(target=listen, args=(stopped,), name="cancel", daemon=True).start()
    said = (-1, "")
    try:
        for number, item in enumerate(wanted):

            def progress(part: float, notice: Notice, number: int = number, name: str = item.name) -> None:
                nonlocal said
                done = (number + part) / len(wanted)
                if said == (said := (round(50 * done), notice.code)):
                    return  # finer steps than 2 % are of no use to a panel
                text = say(notice, console.locale)
                console.result({"stage": name, "fraction": round(done, 4), "text": text, **notice.to_json()})

            fetch.fetch(item, item.target(folder), progress, stopped.is_set, source, _certificates())
    except NoticeError as error:
        console.result({"error": error.notice.to_json()})
        return 1
    console.result({"done": True})
    return 0


def _certificates() -> ssl.SSLContext | None:
    """Certificates of the package certifi where it is there (it comes with MediaPipe): Python on macOS brings none."""
    try:
        import certifi
    except ImportError:
        return None
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
