"""The setting that chooses a bundle of others. Standard library only, Python 3.8+."""

from __future__ import annotations

from dataclasses import dataclass

from ezvtb_core.link.option import Choice, option


@dataclass(frozen=True)
class PresetOptions:
    """See the module."""

    preset: str = option(
        "medium",
        kind="choice",
        group="preset",
        applies="live",
        open_choices=True,
        label=("Preset", "预设"),
        help=(
            "A bundle of performance settings. It changes to Custom once you edit one of them.",
            "一组性能设置。手动修改其中任何一项后会变为“自定义”。",
        ),
        choices=(
            Choice("low", ("Low (leaves the most for games)", "低（给游戏留最多资源）")),
            Choice("medium", ("Medium", "中")),
            Choice("high", ("High", "高")),
            Choice("ultra", ("Ultra", "极高")),
            Choice("custom", ("Custom", "自定义")),
        ),
    )
