"""The presets in memory, because no callback may read a file."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from ezvtb_core.link import presets
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import CUSTOM, OPTIONS, Settings, SettingsError, Value


class PresetShelf:
    """All presets as they were on disk when last looked at (`reload`, `save`: not from callbacks)."""

    def __init__(self) -> None:
        self._presets: Dict[str, presets.Preset] = {}
        self._message: Optional[Notice] = None
        self.reload()

    def reload(self) -> None:
        """Read the preset files: four of ours, and the user's."""
        self._presets = {preset.key: preset for preset in presets.available()}

    def entries(self, language: str) -> List[Tuple[str, str]]:
        """(key, label) for the panel's list, Custom last."""
        custom = next(choice for choice in OPTIONS["preset"].choices if choice.value == CUSTOM)
        labels = [(key, preset.name(language)) for key, preset in self._presets.items()]
        return [*labels, (CUSTOM, custom.label[1] if language.startswith("zh") else custom.label[0])]

    def reconcile(self, before: Mapping[str, Value], now: Mapping[str, Value]) -> Dict[str, Value]:
        """What must change in `now` so that preset and values agree (see `presets.reconcile`)."""
        return presets.reconcile(before, now, self._values)

    def save(self, name: str, settings: Settings) -> Optional[str]:
        """Keep the performance settings as a preset; returns its key, None when `message` says why not."""
        if not name.strip():
            self._message = Notice("preset_name_missing")
            return None
        try:
            saved = presets.save(name, settings)
        except SettingsError as error:
            self._message = error.notice
            return None
        except OSError as error:
            self._message = Notice("preset_not_saved", name=name, detail=str(error))
            return None
        self._message = Notice("preset_saved", name=name)
        self.reload()
        return saved.key

    def message(self) -> Optional[Notice]:
        """What the last saving came to."""
        return self._message

    def _values(self, key: str) -> Mapping[str, Value]:
        preset = self._presets.get(key)
        return {} if preset is None else preset.values
