"""Sentences for people, as a code with parameters, so that every side can say them in the user's language.

Standard library only: this module is imported inside OBS.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping

Params = Dict[str, Any]


class Notice:
    """A sentence in `data/locale/*.json` (key `code`) and the values of its placeholders."""

    __slots__ = ("code", "params")

    def __init__(self, code: str, /, **params: Any) -> None:
        self.code = code
        self.params: Params = params

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Notice) and (self.code, self.params) == (other.code, other.params)

    def __hash__(self) -> int:
        return hash(self.code)

    def __repr__(self) -> str:
        return "Notice(%r, %r)" % (self.code, self.params)

    def to_json(self) -> Params:
        return {"code": self.code, "params": self.params}

    @classmethod
    def from_json(cls, data: Any) -> Notice:
        """Read what `to_json` wrote; anything else becomes the notice `unknown_notice`."""
        if isinstance(data, Mapping) and isinstance(data.get("code"), str) and isinstance(data.get("params"), Mapping):
            return cls(data["code"], **{str(name): value for name, value in data["params"].items()})
        return cls("unknown_notice", detail=str(data)[:200])


class NoticeError(Exception):
    """An error with a sentence a streamer can act on. `str()` gives the English sentence."""

    def __init__(self, code: str, /, **params: Any) -> None:
        super().__init__(code, params)
        self.notice = Notice(code, **params)

    def __str__(self) -> str:
        from ezvtb_core.link.locale import say

        return say(self.notice, "en-US")
