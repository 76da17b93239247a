"""Settings of what becomes of the movement. Standard library only, Python 3.8+."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ezvtb_core.link.option import Choice, option

_SEEING = ("webcam", "mouse", "ifacialmocap", "vtube_studio", "vmc", "openseeface", "lan")
"""Trackers that can lose what they follow."""


def _gain(**facts: Any) -> Any:
    """How far something moves: percent of what is natural."""
    return option(100, kind="int", group="movement", applies="live", minimum=0, maximum=200, step=5, unit="%", **facts)


def _rest(**facts: Any) -> Any:
    """What is too small to count: percent of the whole range."""
    return option(0, kind="int", group="movement", applies="live", minimum=0, maximum=30, unit="%", **facts)


@dataclass(frozen=True)
class MovementOptions:
    """See the module."""

    mirror: bool = option(
        False,
        kind="bool",
        group="movement",
        applies="live",
        label=("Mirror", "镜像"),
        help=(
            "Off: the character turns as others see you. On: it moves like your own mirror image.",
            "关闭：角色按他人看到的方向转动。开启：角色像镜子中的您一样动作。",
        ),
    )
    head_gain: int = _gain(
        label=("Head movement", "头部动作幅度"),
        help=("How far the head follows yours.", "头部跟随的幅度。"),
    )
    body_gain: int = _gain(
        label=("Body movement", "身体动作幅度"),
        help=("How far the body goes along.", "身体随动的幅度。"),
    )
    gaze_gain: int = _gain(
        label=("Gaze", "视线幅度"),
        help=("How far the eyes look.", "眼睛转动的幅度。"),
    )
    lids_gain: int = _gain(
        label=("Eyelids", "眼睑幅度"),
        help=("How far the eyes shut and widen.", "眼睛闭合与睁大的幅度。"),
    )
    brows_gain: int = _gain(
        label=("Eyebrows", "眉毛幅度"),
        help=("How far the eyebrows move.", "眉毛的动作幅度。"),
    )
    mouth_gain: int = _gain(
        label=("Mouth", "嘴部幅度"),
        help=("How far the mouth moves.", "嘴部的动作幅度。"),
    )
    head_rest: int = _rest(
        label=("Head: ignore less than", "头部：忽略小于"),
        help=("Turns smaller than this part of the full range are taken as still.", "小于全幅该比例的转动视为静止。"),
    )
    gaze_rest: int = _rest(
        label=("Gaze: ignore less than", "视线：忽略小于"),
        help=(
            "Glances smaller than this are taken as straight ahead.",
            "小于该比例的视线移动视为直视前方。",
        ),
    )
    mouth_rest: int = _rest(
        label=("Mouth: ignore less than", "嘴部：忽略小于"),
        help=("Openings smaller than this part of the full range are taken as shut.", "小于全幅该比例的张嘴视为闭合。"),
    )
    smoothing: int = option(
        30,
        kind="int",
        group="movement",
        applies="live",
        minimum=0,
        maximum=100,
        label=("Smoothing", "平滑"),
        help=(
            "0 follows the tracker exactly, 100 is the calmest. Mouth and blinks stay quick at any value.",
            "0 完全跟随面捕，100 最平稳。任何数值下嘴和眨眼都保持灵敏。",
        ),
    )
    idle_motion: int = _gain(
        label=("Idle movement", "待机动作幅度"),
        help=(
            "How lively the character is by itself: breath, sway and glances.",
            "角色自主动作（呼吸、摇摆、目光）的幅度。",
        ),
    )
    follow_position: bool = option(
        False,
        kind="bool",
        group="movement",
        applies="live",
        label=("Move the whole picture", "整体移动画面"),
        help=(
            "Where your head is moves, leans and zooms the whole picture. OBS does it while drawing, at no cost.",
            "根据您头部的位置移动、倾斜和缩放整个画面。由 OBS 绘制时完成，不占资源。",
        ),
    )
    follow_shift: int = _gain(
        label=("Shift", "平移"),
        help=("How far the picture moves with your head.", "画面随头部平移的幅度。"),
        visible_when=("follow_position", (True,)),
    )
    follow_lean: int = _gain(
        label=("Lean", "倾斜"),
        help=("How far the picture leans when you move sideways.", "您左右移动时画面倾斜的幅度。"),
        visible_when=("follow_position", (True,)),
    )
    follow_zoom: int = _gain(
        label=("Zoom", "缩放"),
        help=("How much larger the picture gets when you come nearer.", "您靠近时画面放大的幅度。"),
        visible_when=("follow_position", (True,)),
    )
    hold_seconds: float = option(
        1.0,
        kind="float",
        group="movement",
        applies="live",
        minimum=0.0,
        maximum=30.0,
        step=0.1,
        unit="s",
        label=("Face lost: hold", "丢失面部：保持"),
        help=(
            "How long the last movement is held when the tracker loses you.",
            "面捕丢失后保持最后姿态的时间。",
        ),
        visible_when=("tracker", _SEEING),
    )
    ease_seconds: float = option(
        1.5,
        kind="float",
        group="movement",
        applies="live",
        minimum=0.1,
        maximum=10.0,
        step=0.1,
        unit="s",
        label=("Face lost: ease to idle", "丢失面部：过渡到待机"),
        help=(
            "How long the way from there to idle movement takes.",
            "之后过渡到待机动作所需的时间。",
        ),
        visible_when=("tracker", _SEEING),
    )
    recover_seconds: float = option(
        0.4,
        kind="float",
        group="movement",
        applies="live",
        minimum=0.0,
        maximum=5.0,
        step=0.1,
        unit="s",
        label=("Face found again: return", "重新找到面部：恢复"),
        help=(
            "How long the way back to your movement takes.",
            "恢复跟随您动作所需的时间。",
        ),
        visible_when=("tracker", _SEEING),
    )
    expression_mode: str = option(
        "hold",
        kind="choice",
        group="expressions",
        applies="live",
        label=("Expression hotkeys", "表情快捷键"),
        help=(
            "Hotkeys for expressions are in OBS's settings, under Hotkeys, with this source.",
            "表情的快捷键在 OBS 设置的“快捷键”页中，位于本来源之下。",
        ),
        choices=(
            Choice("hold", ("As long as the key is held", "按住时生效")),
            Choice("toggle", ("Press: on, press again: off", "按一次开启，再按一次关闭")),
        ),
    )
    expression_fade: float = option(
        0.2,
        kind="float",
        group="expressions",
        applies="live",
        minimum=0.0,
        maximum=3.0,
        step=0.1,
        unit="s",
        label=("Fade", "过渡"),
        help=("How long an expression takes to come and go.", "表情出现和消失所需的时间。"),
    )
