"""Writes docs/settings.md from the settings schema: `python -m tools.settings_docs`. A test fails when the page is stale."""

from __future__ import annotations

from ezvtb_core.link import paths, presets
from ezvtb_core.link.settings import CUSTOM, GROUPS, OPTIONS, Option, Text

PAGE = paths.ROOT / "docs" / "settings.md"
COSTS = {
    "live": ("at once", "立即生效"),
    "rebuild": ("the character is set up anew behind the running picture", "在画面保持的同时重新准备角色"),
    "restart": ("the engine restarts; the picture stays", "重启引擎，画面保持"),
}
HEAD = """<!-- Generated from ezvtb_core/link/settings.py by `python -m tools.settings_docs`. Do not edit. -->
# Settings · 设置

Every setting is in the properties of the source **EZVTuber Avatar**, and a flag of `python3 obs_ezvtuber.py demo`
(`--head-gain 120`). 每个设置都在源 **EZVTuber 虚拟形象** 的属性中，也是 `demo` 命令的参数（如 `--head-gain 120`）。
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for group in GROUPS:
        options = [option for option in OPTIONS.values() if option.group == group.name]
        if not options:
            continue
        parts.append(f"\n## {group.label[0]} · {group.label[1]}\n")
        parts.append("| setting · 设置 | values · 取值 | default · 默认 | what it does · 作用 | a change applies · 修改后 |")
        parts.append("| --- | --- | --- | --- | --- |")
        parts.extend(_row(option) for option in options)
    parts.append(_presets())
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


def _row(option: Option) -> str:
    name = f"**{option.label[0]} · {option.label[1]}**<br>`--{option.name.replace('_', '-')}`"
    cells = [name, _values(option), _default(option), _both(option.help), _both(COSTS[option.applies])]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _values(option: Option) -> str:
    if option.kind in ("int", "float"):
        return f"{option.minimum:g} … {option.maximum:g} {option.unit}".strip()
    if option.kind == "choice":
        listed = [f"`{choice.value}` {choice.label[0]} · {choice.label[1]}" for choice in option.choices]
        return "<br>".join([*listed, *([f"`{option.also[1]}`"] if option.also else [])])
    return {"bool": "on, off · 开、关", "path": "a file · 文件", "folder": "a folder · 文件夹"}.get(option.kind, "text · 文字")


def _default(option: Option) -> str:
    if isinstance(option.default, bool):
        return "on · 开" if option.default else "off · 关"
    return f"`{option.default}`" if option.default != "" else "—"


def _both(text: Text) -> str:
    return f"{text[0]}<br>{text[1]}"


def _presets() -> str:
    lines = ["\n## What the presets set · 预设内容\n"]
    names = list(presets.GOVERNED)
    lines.append("| preset · 预设 | " + " | ".join(f"`{name}`" for name in names) + " | |")
    lines.append("| --- " * (len(names) + 2) + "|")
    for choice in OPTIONS["preset"].choices:
        if choice.value != CUSTOM:
            preset = presets.load(choice.value)
            values = " | ".join(str(preset.values.get(name, "—")) for name in names)
            about = f"{preset.description('en-US')}<br>{preset.description('zh-CN')}"
            lines.append(f"| {preset.name('en-US')} · {preset.name('zh-CN')} | {values} | {about} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
