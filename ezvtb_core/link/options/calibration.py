"""Settings of how a tracker is fitted to a person. Standard library only, Python 3.8+."""

from __future__ import annotations

from dataclasses import dataclass

from ezvtb_core.link.option import Choice, option

_SEEING = ("webcam", "ifacialmocap", "vtube_studio", "vmc", "openseeface")


@dataclass(frozen=True)
class CalibrationOptions:
    """See the module."""

    auto_centre: bool = option(
        True,
        kind="bool",
        group="calibration",
        applies="live",
        label=("Recentre slowly by itself", "自动缓慢重新居中"),
        help=(
            "On: how you usually hold your head slowly becomes straight ahead. Off: only the Recentre button and hotkey do.",
            "开启：几分钟内逐渐把您惯常的头部姿势当作正前方。关闭：只有“重新居中”按钮和快捷键会改变。",
        ),
        visible_when=("tracker", _SEEING),
    )
    learn_range: bool = option(
        True,
        kind="bool",
        group="calibration",
        applies="live",
        label=("Learn my range", "学习我的动作范围"),
        help=(
            "On: how far your eyes and mouth really open and shut is learned, and stretched to the character's whole range.",
            "开启：学习您的眼睛和嘴实际能张开、闭合的程度，并扩展到角色的全部范围。",
        ),
        visible_when=("tracker", _SEEING),
    )
    link_blinks: str = option(
        "auto",
        kind="choice",
        group="calibration",
        applies="live",
        label=("Both eyes blink together", "双眼同时眨动"),
        help=(
            "Automatic: together, unless one eye clearly winks.",
            "“自动”：双眼同时眨动，除非明显在单眼眨眼。",
        ),
        choices=(
            Choice("auto", ("Automatic", "自动")),
            Choice("always", ("Always", "始终")),
            Choice("never", ("Never", "从不")),
        ),
        visible_when=("tracker", _SEEING),
    )
    wink_assist: bool = option(
        True,
        kind="bool",
        group="calibration",
        applies="live",
        label=("Gaze from the open eye", "视线取自睁开的眼睛"),
        help=(
            "On: an eye that is shut has no say in where the character looks.",
            "开启：闭上的眼睛不影响角色的视线。",
        ),
        visible_when=("tracker", _SEEING),
    )
