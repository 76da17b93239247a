"""What `import ezvtb_core` costs and offers. OBS loads the package in its own process."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ezvtb_core
from tests.conftest import ROOT


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_it_imports_nothing_of_ours_and_no_numpy():
    code = "import sys, ezvtb_core; print([name for name in sys.modules if name == 'numpy' or name.startswith('ezvtb_core.')])"
    assert run(code) == "[]"


def test_settings_need_no_numpy():
    assert run("import sys; from ezvtb_core import Settings; print(Settings().fps > 0, 'numpy' in sys.modules)") == "True False"


def test_what_it_offers():
    from ezvtb_core import Settings, core, get_core
    from ezvtb_core.link import settings

    assert get_core is core.get_core and Settings is settings.Settings


def test_anything_else_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ezvtb_core' has no attribute 'get_cores'"):
        ezvtb_core.get_cores  # noqa: B018
