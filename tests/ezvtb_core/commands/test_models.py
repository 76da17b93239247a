from __future__ import annotations

import pytest

from ezvtb_core.commands import entry, models
from ezvtb_core.commands.console import UsageError
from ezvtb_core.link import paths


def test_without_a_sub_command_it_explains_itself(console) -> None:
    assert models.run([], console) == 2
    assert models.run(["--help"], console) == 0
    assert all(f"\n  {name} " in console.out for name in ("list", "check", "download", "export"))


def test_an_unknown_sub_command_names_the_known_ones(console) -> None:
    with pytest.raises(UsageError, match=r"no command dowload.*list, check, download, export"):
        models.run(["dowload"], console)


def test_the_command_line_knows_it(capsys) -> None:
    assert entry.main(["models", "nonsense"], {"LANG": "C"}) == 2
    assert "no command nonsense" in capsys.readouterr().err


def test_where_it_looks(tmp_path) -> None:
    assert models.places("") == [paths.MODELS]
    assert models.places(str(tmp_path)) == [tmp_path.resolve()]
    with pytest.raises(UsageError, match="gone"):
        models.places(str(tmp_path / "gone"))
