from __future__ import annotations

from ezvtb_core.link.settings import OPTIONS
from tools import settings_docs


def test_the_page_is_not_stale() -> None:
    """Run `python -m tools.settings_docs` after a change of the schema or a preset."""
    assert settings_docs.PAGE.read_text(encoding="utf-8") == settings_docs.page()


def test_every_setting_is_on_the_page_in_both_languages() -> None:
    page = settings_docs.page()
    for option in OPTIONS.values():
        assert f"`--{option.name.replace('_', '-')}`" in page
        assert option.label[0] in page
        assert option.label[1] in page


def test_tables_are_whole() -> None:
    for block in settings_docs.page().split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in rows}) <= 1, block[:80]
