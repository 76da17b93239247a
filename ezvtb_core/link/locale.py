"""Texts in English and Simplified Chinese from `data/locale/<locale>/<area>.json` (code → sentence with {placeholders}).

Standard library only: this module is imported inside OBS.
"""

from __future__ import annotations

import json
import logging
import string
from functools import lru_cache
from typing import Any, Dict, Mapping, Sequence, Union

from ezvtb_core.link import paths
from ezvtb_core.link.messages import Notice

logger = logging.getLogger(__name__)
FALLBACK = "en-US"


class _Lenient(string.Formatter):
    """A missing placeholder stays visible instead of raising: a sentence with a hole beats no sentence."""

    def get_value(self, key: Union[int, str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(key, "{%s}" % key) if isinstance(key, str) else "{}"


def choose(locale: str) -> str:
    """Map OBS's or the system's locale (`zh-CN`, `zh_CN.UTF-8`, `de-DE`…) to one we have."""
    name = locale.replace("_", "-").lower()
    return "zh-CN" if name.startswith("zh") else FALLBACK


@lru_cache(maxsize=None)
def table(locale: str) -> Dict[str, str]:
    """All texts of one of our locales. Raises OSError or ValueError when the installation is damaged."""
    texts: Dict[str, str] = {}
    for file in sorted((paths.LOCALE / choose(locale)).glob("*.json")):
        entries = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(entries, dict) or texts.keys() & entries.keys():
            raise ValueError("locale file %s is not an object or repeats a text of another file" % file)
        texts.update(entries)
    return texts


def text(code: str, locale: str, /, **params: object) -> str:
    """The sentence `code` in `locale`, else in English, else the code itself."""
    template = table(locale).get(code)
    if template is None:
        template = table(FALLBACK).get(code, code)
    return _Lenient().vformat(template, (), params)


def say(notice: Notice, locale: str) -> str:
    """The sentence of a notice in `locale`. Parameters that are notices themselves are said too."""
    params = {
        name: say(Notice.from_json(value), locale) if isinstance(value, dict) and "code" in value else value
        for name, value in notice.params.items()
    }
    return text(notice.code, locale, **params)
