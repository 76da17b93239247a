"""Settings of the mouth that follows sound. Standard library only, Python 3.8+."""

from __future__ import annotations

from dataclasses import dataclass

from ezvtb_core.link.option import Choice, option

_HEARING = ("auto", "microphone", "obs")


@dataclass(frozen=True)
class SoundOptions:
    """See the module."""

    mouth_sound: str = option(
        "auto",
        kind="choice",
        group="sound",
        applies="live",
        label=("Listen to", "声音来源"),
        help=(
            "Whose sound moves the mouth. Automatic: the microphone with the tracker Mouse + microphone, else nothing. A source"
            " of OBS is heard after its filters (noise suppression).",
            "用什么声音驱动嘴。“自动”：面捕方式为“鼠标 + 麦克风”时使用麦克风，否则不使用。OBS 来源取自其滤镜之后。",
        ),
        choices=(
            Choice("auto", ("Automatic", "自动")),
            Choice("off", ("Nothing", "不使用")),
            Choice("microphone", ("A microphone", "麦克风")),
            Choice("obs", ("A source of OBS", "OBS 中的来源")),
        ),
    )
    microphone: str = option(
        "",
        kind="choice",
        group="sound",
        applies="live",
        open_choices=True,
        label=("Microphone", "麦克风"),
        help=("The microphone by its name. Empty: the system's default.", "按名称选择麦克风。留空则使用系统默认。"),
        choices=(Choice("", ("The system's default", "系统默认")),),
        visible_when=("mouth_sound", ("auto", "microphone")),
    )
    sound_source: str = option(
        "",
        kind="choice",
        group="sound",
        applies="live",
        open_choices=True,
        label=("Source of OBS", "OBS 来源"),
        help=("The source that is listened to.", "要监听的 OBS 音频来源。"),
        choices=(Choice("", ("None", "无")),),
        visible_when=("mouth_sound", ("obs",)),
    )
    mouth_mix: str = option(
        "stronger",
        kind="choice",
        group="sound",
        applies="live",
        label=("With the tracker's mouth", "与面捕的嘴"),
        help=(
            "The stronger of both; a mixture; or sound alone.",
            "取两者中较强的；混合；或只用声音。",
        ),
        choices=(
            Choice("stronger", ("The stronger one", "取较强者")),
            Choice("blend", ("Mixed", "混合")),
            Choice("sound", ("Sound alone", "只用声音")),
        ),
        visible_when=("mouth_sound", _HEARING),
    )
    mouth_share: int = option(
        50,
        kind="int",
        group="sound",
        applies="live",
        minimum=0,
        maximum=100,
        step=5,
        unit="%",
        label=("Share of the sound", "声音所占比例"),
        help=("How much of the mouth follows sound when mixed.", "混合时嘴部跟随声音的比例。"),
        visible_when=("mouth_mix", ("blend",)),
    )
    sound_gain: int = option(
        100,
        kind="int",
        group="sound",
        applies="live",
        minimum=20,
        maximum=300,
        step=5,
        unit="%",
        label=("How far the mouth opens", "张嘴幅度"),
        help=(
            "Loudness adapts by itself; this makes the mouth open less or more.",
            "音量会自动适应；此项调节张嘴的幅度。",
        ),
        visible_when=("mouth_sound", _HEARING),
    )
    vowels: bool = option(
        True,
        kind="bool",
        group="sound",
        applies="live",
        label=("Hear vowels", "识别元音"),
        help=(
            "On: a, i, u, e, o shape the mouth. Off: it only opens and shuts.",
            "开启：根据 a、i、u、e、o 改变口型。关闭：只张合。",
        ),
        visible_when=("mouth_sound", _HEARING),
    )
