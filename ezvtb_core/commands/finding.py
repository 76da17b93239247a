"""What `doctor` says about one thing. Standard library only, Python 3.8+."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ezvtb_core.link.locale import say
from ezvtb_core.link.messages import Notice

OK, NOTE, PROBLEM = "ok", "note", "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    area: str
    level: str
    """`ok`, `note` (something that only some need), `problem` (the avatar, or a file that was put there, cannot be used)."""
    notice: Notice
    facts: dict[str, Any] = field(default_factory=dict)
    """Values for programs."""

    def to_json(self, locale: str) -> dict[str, Any]:
        """Everything, and the sentence in `locale`."""
        said = {"area": self.area, "level": self.level, "text": say(self.notice, locale)}
        return {**said, **self.notice.to_json(), "facts": self.facts}
