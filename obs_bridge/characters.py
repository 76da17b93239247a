"""The user's characters in memory, because no callback may look through folders; the panel's list of them."""

from __future__ import annotations

from typing import Callable, List, Tuple

from ezvtb_core.link import characters, locale
from ezvtb_core.link.characters import Character
from obs_bridge.chores import Chores


class CharacterShelf:
    """What was in data/characters when it was last looked at."""

    def __init__(self, chores: Chores) -> None:
        self._chores = chores
        self._found: List[Character] = []
        self.seek(lambda: None)

    def seek(self, changed: Callable[[], None]) -> None:
        """Look again behind the panel; `changed` is called when something is new or gone."""

        def look() -> None:
            found = characters.scan()
            if found != self._found:
                self._found = found
                changed()

        self._chores.later(look, key="characters")

    def entries(self, language: str) -> List[Tuple[str, str]]:
        """(path, name) for the panel's list, which works like a menu: its first entry stands for no choice. Empty for none."""
        if not self._found:
            return []
        head = locale.text("panel_character_choose", language, count=str(len(self._found)))
        return [("", head), *((str(character.path), character.name) for character in self._found)]
