"""A source of OBS that a setting names: found, held weakly, followed when it is renamed, removed or made anew."""

from __future__ import annotations

from typing import Optional

from obs_bridge import libobs as c


class NamedSource:
    """Looked for from one thread of ours, never from a callback. Only weak references are kept: OBS may free it at any time.

    A subclass says what to do with it: `take` when it was found, `let_go` before it is given up; both get it held.
    """

    def __init__(self, library: c.Libobs, name: str) -> None:
        self._library = library
        self._weak: Optional[int] = None
        self.name = name
        """Its name now; another than the one given where the user has renamed it meanwhile."""

    def take(self, source: int) -> None:
        raise NotImplementedError

    def let_go(self, source: int) -> None:
        raise NotImplementedError

    @property
    def found(self) -> bool:
        """Whether the last look found it."""
        return self._weak is not None

    def look(self) -> None:
        """Look for it by its name. One that is gone, or that another of its name stands for now, is given up."""
        library = self._library
        source = library.obs_get_source_by_name(self.name.encode("utf-8"))
        if not source and self._renamed():
            return
        try:
            if source and self._weak and library.obs_weak_source_references_source(self._weak, source):
                return
            self.drop()
            if source:
                self._weak = library.obs_source_get_weak_source(source)
                self.take(source)
        finally:
            if source:
                library.obs_source_release(source)

    def strong(self) -> int:
        """A strong reference, to be released at once; 0 when it is gone."""
        return int(self._library.obs_weak_source_get_source(self._weak) or 0) if self._weak else 0

    def drop(self) -> None:
        """Give it up. May be called again."""
        source = self.strong()
        if source:
            self.let_go(source)
            self._library.obs_source_release(source)
        weak, self._weak = self._weak, None
        if weak:
            self._library.obs_weak_source_release(weak)

    def _renamed(self) -> bool:
        """Whether it lives on under another name, which is taken over."""
        source = self.strong()
        if not source:
            return False
        try:
            name = (self._library.obs_source_get_name(source) or b"").decode("utf-8", "replace")
            if not name or self._library.obs_source_removed(source):
                return False
            self.name = name
            return True
        finally:
            self._library.obs_source_release(source)
