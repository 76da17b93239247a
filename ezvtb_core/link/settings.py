"""The one settings schema. The OBS panel, presets, command-line flags, validation and docs/settings.md come from it.

Standard library only, Python 3.8+: this module is imported inside OBS.

To add a setting: add one field to `Settings` with `option(...)`, then use it. Nothing else lists settings.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Tuple, Union, cast

from ezvtb_core.link.messages import Notice, NoticeError

VERSION = 1
"""Version of the schema, stored beside the values as `settings_version`. Raised when an old reader could misread new values."""

VERSION_KEY = "settings_version"
CUSTOM = "custom"
FRAME_SIDE = 512
"""Width and height in pixels of what the models draw."""
COSTS = ("live", "rebuild", "restart")
"""What applying a change costs: nothing; new tracker or model behind the running picture; another host."""

LONGEST_TEXT = 4096
"""Characters of a path or text setting."""

Value = Union[bool, int, float, str]
Text = Tuple[str, str]
"""English and Simplified Chinese."""


class SettingsError(NoticeError):
    """A setting that cannot be used; says which, what was expected and what came."""


@dataclass(frozen=True)
class Choice:
    """One entry of a list."""

    value: str
    label: Text


@dataclass(frozen=True)
class Option:
    """What is known about one setting."""

    name: str
    kind: str
    """`bool`, `int`, `float`, `choice`, `path` (a file), `folder` or `text`."""
    default: Value
    group: str
    applies: str
    label: Text
    help: Text
    minimum: float = 0.0
    maximum: float = 0.0
    step: float = 1.0
    unit: str = ""
    choices: Tuple[Choice, ...] = ()
    open_choices: bool = False
    """True where values outside `choices` are allowed (presets saved by the user)."""
    also: Optional[Tuple[str, str]] = None
    """Other values that a list takes: a regular expression for the whole value, and how they are written, for people."""
    visible_when: Optional[Tuple[str, Tuple[Value, ...]]] = None
    """Shown only while the setting named first is shown and has one of the values (`kind` stands for every `kind:name` too)."""
    in_presets: bool = False

    def check(self, value: object) -> Value:
        """Return `value` as this option's type. Raises SettingsError with expected and got."""
        if self.kind == "bool" and isinstance(value, bool):
            return value
        if self.kind in ("int", "float") and isinstance(value, (int, float)) and self._is_number(value):
            return int(value) if self.kind == "int" else float(value)
        if self.kind in ("choice", "path", "folder", "text") and self._is_text(value):
            return str(value)
        raise SettingsError("setting_invalid", name=self.name, expected=self.expected(), got=repr(value)[:80])

    def _is_number(self, value: float) -> bool:
        if isinstance(value, bool) or not math.isfinite(value):
            return False
        return self.minimum <= value <= self.maximum and (self.kind == "float" or value == int(value))

    def _is_text(self, value: object) -> bool:
        if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_TEXT:
            return False
        return self.kind != "choice" or self.open_choices or self.offers(value)

    def offers(self, value: str) -> bool:
        """Whether a value is one of the list, or one of those that the list takes besides."""
        return any(value == choice.value for choice in self.choices) or bool(self.also and re.fullmatch(self.also[0], value))

    def shown(self, values: Mapping[str, Value]) -> bool:
        """Whether the panel shows the setting, given the values of all."""
        if self.visible_when is None:
            return True
        name, wanted = self.visible_when
        value = values.get(name, OPTIONS[name].default)
        return OPTIONS[name].shown(values) and (value in wanted or str(value).partition(":")[0] in wanted)

    def nearest(self, value: object) -> Value:
        """The usable value closest to `value`: clamped numbers, else the default."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if self.kind in ("int", "float") and isinstance(value, (int, float)) and number:
            limited = min(max(float(value), self.minimum), self.maximum)
            return round(limited) if self.kind == "int" else limited
        return self.default

    def expected(self) -> str:
        """What a value must be, for error texts."""
        if self.kind in ("int", "float"):
            return "%s %g..%g" % (self.kind, self.minimum, self.maximum)
        if self.kind == "choice" and not self.open_choices:
            return " | ".join([*(choice.value for choice in self.choices), *([self.also[1]] if self.also else [])])
        return self.kind


@dataclass(frozen=True)
class Group:
    """A titled box of the panel."""

    name: str
    label: Text


GROUPS: Tuple[Group, ...] = (
    Group("preset", ("Preset", "预设")),
    Group("character", ("Character", "角色")),
    Group("tracker", ("Tracker", "面捕")),
    Group("movement", ("Movement", "动作")),
    Group("performance", ("Performance", "性能")),
    Group("advanced", ("Advanced", "高级")),
)


_TEACHERS = ("tha3:seperable", "tha3:standard", "tha4")
"""Models that animate any picture, in several variants on disk."""
_ANIMATING = ("auto", "picture", *_TEACHERS, "tha4_student")
"""Models that take a picture of the user's."""


def option(default: Value, **facts: Any) -> Any:
    """Declare one setting; `facts` are the fields of `Option` but name and default."""
    return dataclasses.field(default=default, metadata={"facts": facts})


@dataclass(frozen=True)
class Settings:
    """Every setting with its default. Instances hold valid values only (see `parse`)."""

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
            Choice(CUSTOM, ("Custom", "自定义")),
        ),
    )
    model: str = option(
        "auto",
        kind="choice",
        group="character",
        applies="rebuild",
        label=("Model", "模型"),
        help=(
            "How the character is animated. Automatic uses the bundled character until you choose a picture of your own. Models"
            " that are found in the models folder are in the list too.",
            "角色的驱动方式。“自动”在您选择自己的图片之前使用自带角色。在模型文件夹中找到的模型也会出现在列表里。",
        ),
        choices=(
            Choice("auto", ("Automatic", "自动")),
            Choice("puppet", ("Bundled character", "自带角色")),
            Choice("picture", ("Moving picture (any image: turns, tilts, breathes)", "会动的图片（任意图片：转头、歪头、呼吸）")),
            Choice("tha3:seperable", ("THA3 separable (fast)", "THA3 separable（较快）")),
            Choice("tha3:standard", ("THA3 standard (slow, finer)", "THA3 standard（较慢，更精细）")),
            Choice("tha4", ("THA4 (slowest, finest)", "THA4（最慢，最精细）")),
            Choice("tha4_student", ("THA4 student", "THA4 学生模型")),
        ),
        also=(r"tha4_student:(?!\.{1,2}$)[^/\\\x00-\x1f\x7f\ud800-\udfff]{1,100}", "tha4_student:NAME"),
    )
    models_folder: str = option(
        "",
        kind="folder",
        group="character",
        applies="rebuild",
        label=("Models folder", "模型文件夹"),
        help=(
            "Where else to look for models: a folder of THA models, of student characters, or of an EasyVtuber installation."
            " Empty: data/models in the EZVTuber folder, which is always looked at.",
            "除 EZVTuber 文件夹中始终会查找的 data/models 以外，还在哪里查找模型：THA 模型文件夹、学生角色文件夹，或 EasyVtuber"
            " 的安装文件夹。留空则只查找 data/models。",
        ),
    )
    precision: str = option(
        "auto",
        kind="choice",
        group="character",
        applies="rebuild",
        label=("Precision", "精度"),
        help=(
            "Which files of the model are used. FP16 is faster on most graphics cards, FP32 on processors. Automatic takes"
            " FP32 where it is there, else FP16.",
            "使用模型的哪种文件。FP16 在多数显卡上更快，FP32 在处理器上更快。“自动”优先使用 FP32，没有时使用 FP16。",
        ),
        choices=(
            Choice("auto", ("Automatic", "自动")),
            Choice("fp32", ("FP32", "FP32")),
            Choice("fp16", ("FP16", "FP16")),
        ),
        visible_when=("model", _TEACHERS),
    )
    eyebrows: bool = option(
        True,
        kind="bool",
        group="character",
        applies="rebuild",
        label=("Move the eyebrows", "驱动眉毛"),
        help=(
            "Off: the eyebrows stay still, and each frame costs a little less.",
            "关闭：眉毛保持不动，每帧的计算量略少。",
        ),
        visible_when=("model", _TEACHERS),
    )
    original_edges: bool = option(
        False,
        kind="bool",
        group="character",
        applies="rebuild",
        label=("Edges as trained", "边缘按训练方式处理"),
        help=(
            "On: soft edges are given to the model as its authors trained it, without a dark fringe. Off: as EasyVtuber does.",
            "开启：按作者训练模型的方式处理柔和边缘，没有暗边。关闭：与 EasyVtuber 相同。",
        ),
        visible_when=("model", ("tha4", "tha4_student")),
    )
    character: str = option(
        "",
        kind="path",
        group="character",
        applies="rebuild",
        label=("Picture", "图片"),
        help=(
            "Your character: a PNG, WebP or JPEG picture, best with a transparent background. Empty: the bundled character.",
            "您的角色：PNG、WebP 或 JPEG 图片，最好是透明背景。留空则使用自带角色。",
        ),
        visible_when=("model", _ANIMATING),
    )
    character_fit: str = option(
        "auto",
        kind="choice",
        group="character",
        applies="rebuild",
        label=("Fit the picture", "图片取景"),
        help=(
            "Where the head is. Automatic finds it and puts it where the model expects it. As it is: for pictures drawn to the"
            " Talking-Head-Anime template. Manual: you say where it is, with the three sliders.",
            "头部在哪里。“自动”会找到头部并放到模型预期的位置。“原样”适用于按 Talking-Head-Anime 模板绘制的图片。“手动”则由"
            "您用三个滑块指定。",
        ),
        choices=(
            Choice("auto", ("Automatic", "自动")),
            Choice("template", ("As it is", "原样")),
            Choice("manual", ("Manual", "手动")),
        ),
        visible_when=("model", _ANIMATING),
    )
    head_x: int = option(
        50,
        kind="int",
        group="character",
        applies="rebuild",
        minimum=0,
        maximum=100,
        unit="%",
        label=("Head: from the left", "头部：水平位置"),
        help=("Centre of the head, as a part of the picture's width.", "头部中心，占图片宽度的百分比（从左边起）。"),
        visible_when=("character_fit", ("manual",)),
    )
    head_y: int = option(
        25,
        kind="int",
        group="character",
        applies="rebuild",
        minimum=0,
        maximum=100,
        unit="%",
        label=("Head: from the top", "头部：垂直位置"),
        help=("Centre of the head, as a part of the picture's height.", "头部中心，占图片高度的百分比（从上边起）。"),
        visible_when=("character_fit", ("manual",)),
    )
    head_size: int = option(
        25,
        kind="int",
        group="character",
        applies="rebuild",
        minimum=2,
        maximum=100,
        unit="%",
        label=("Head: height", "头部：高度"),
        help=(
            "From the top of the hair to the chin, as a part of the picture's height.",
            "从头发顶端到下巴，占图片高度的百分比。",
        ),
        visible_when=("character_fit", ("manual",)),
    )
    tracker: str = option(
        "idle",
        kind="choice",
        group="tracker",
        applies="rebuild",
        label=("Tracker", "面捕方式"),
        help=(
            "Where the movement comes from. Idle needs no hardware: the character breathes, blinks and looks around.",
            "动作来源。“待机”不需要任何硬件：角色会呼吸、眨眼、四处看。",
        ),
        choices=(
            Choice("idle", ("Idle (no hardware)", "待机（无需硬件）")),
            Choice("openseeface", ("OpenSeeFace (webcam)", "OpenSeeFace（摄像头）")),
        ),
    )
    openseeface_port: int = option(
        11573,
        kind="int",
        group="tracker",
        applies="rebuild",
        minimum=1,
        maximum=65535,
        label=("OpenSeeFace port", "OpenSeeFace 端口"),
        help=(
            "UDP port that OpenSeeFace sends to (its option -p).",
            "OpenSeeFace 发送数据的 UDP 端口（其 -p 选项）。",
        ),
        visible_when=("tracker", ("openseeface",)),
    )
    openseeface_face: int = option(
        0,
        kind="int",
        group="tracker",
        applies="live",
        minimum=0,
        maximum=38,
        label=("Face number", "第几张脸"),
        help=(
            "Which face to follow when OpenSeeFace sees several; 0 is the first. If it is not there, the first one found.",
            "OpenSeeFace 看到多张脸时跟随哪一张，0 为第一张。找不到该脸时跟随第一张找到的脸。",
        ),
        visible_when=("tracker", ("openseeface",)),
    )
    listen_lan: bool = option(
        False,
        kind="bool",
        group="tracker",
        applies="rebuild",
        label=("Accept other computers and phones", "接受其他电脑和手机的数据"),
        help=(
            "Off: only programs on this computer can send. On: any device of your network can; the firewall may ask once.",
            "关闭：仅接受本机程序的数据。开启：接受局域网内任何设备的数据，防火墙可能会询问一次。",
        ),
        visible_when=("tracker", ("openseeface",)),
    )
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
    head_gain: int = option(
        100,
        kind="int",
        group="movement",
        applies="live",
        minimum=0,
        maximum=200,
        step=5,
        unit="%",
        label=("Head movement", "头部动作幅度"),
        help=("How far the head follows yours.", "头部跟随的幅度。"),
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
    idle_motion: int = option(
        100,
        kind="int",
        group="movement",
        applies="live",
        minimum=0,
        maximum=200,
        step=5,
        unit="%",
        label=("Idle movement", "待机动作幅度"),
        help=(
            "How lively the character is by itself: breath, sway and glances.",
            "角色自主动作（呼吸、摇摆、目光）的幅度。",
        ),
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
        visible_when=("tracker", ("openseeface",)),
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
        visible_when=("tracker", ("openseeface",)),
    )
    fps: int = option(
        30,
        kind="int",
        group="performance",
        applies="live",
        minimum=5,
        maximum=120,
        in_presets=True,
        label=("Frames per second", "帧率"),
        help=("More is smoother and costs more processor time.", "越高越流畅，占用也越多。"),
    )
    quantise: int = option(
        1,
        kind="int",
        group="performance",
        applies="live",
        minimum=0,
        maximum=4,
        in_presets=True,
        label=("Input simplification", "输入简化"),
        help=(
            "Rounds movement too small to see, so that a still face costs nothing. 0 is off, 4 saves the most.",
            "舍去肉眼看不出的微小动作，脸不动时几乎不占资源。0 为关闭，4 最省。",
        ),
    )
    cpu_threads: int = option(
        2,
        kind="int",
        group="performance",
        applies="rebuild",
        minimum=1,
        maximum=16,
        in_presets=True,
        label=("Processor threads", "处理器线程数"),
        help=("How many processor cores a model may use at once.", "模型最多同时使用的处理器核心数。"),
    )
    backend: str = option(
        "auto",
        kind="choice",
        group="performance",
        applies="rebuild",
        label=("Backend", "后端"),
        help=(
            "What draws the frames. Automatic takes the graphics card where its software is installed, else the processor.",
            "由什么来绘制画面。“自动”在装有相应软件时使用显卡，否则使用处理器。",
        ),
        choices=(
            Choice("auto", ("Automatic", "自动")),
            Choice("cpu", ("CPU (processor)", "CPU（处理器）")),
            Choice("cuda", ("NVIDIA graphics card (CUDA)", "NVIDIA 显卡（CUDA）")),
            Choice("directml", ("Graphics card on Windows (DirectML)", "Windows 显卡（DirectML）")),
            Choice("coreml", ("Apple computer (CoreML)", "苹果电脑（CoreML）")),
        ),
    )
    device: int = option(
        0,
        kind="int",
        group="performance",
        applies="rebuild",
        minimum=0,
        maximum=15,
        label=("Graphics card number", "显卡编号"),
        help=(
            "Which graphics card is used where there are several; 0 is the first.",
            "有多块显卡时使用哪一块，0 为第一块。",
        ),
        visible_when=("backend", ("auto", "cuda", "directml")),
    )
    host: str = option(
        "process",
        kind="choice",
        group="advanced",
        applies="restart",
        label=("Run the engine", "引擎运行方式"),
        help=(
            "In its own process: a crash never touches OBS (recommended). Inside OBS: needs the packages in OBS's own Python.",
            "独立进程：崩溃不会影响 OBS（推荐）。OBS 内部：需要 OBS 自己的 Python 装有依赖。",
        ),
        choices=(
            Choice("process", ("In its own process (recommended)", "独立进程（推荐）")),
            Choice("thread", ("Inside OBS", "OBS 内部")),
        ),
    )

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Tuple[Settings, List[Notice]]:
        """Read stored values leniently: bad ones are replaced by the nearest usable, unknown ones are left out.

        Returns the settings and one notice for each thing a user should know. Never raises.
        """
        notices: List[Notice] = []
        found: Dict[str, Value] = {}
        version = values.get(VERSION_KEY, VERSION)
        if not isinstance(version, int) or version > VERSION:
            notices.append(Notice("settings_newer", got=str(version), known=VERSION))
        for name, value in values.items():
            known = OPTIONS.get(name)
            if known is None:
                continue
            try:
                found[name] = known.check(value)
            except SettingsError as error:
                notices.append(error.notice)
                found[name] = known.nearest(value)
        return cls(**found), notices  # type: ignore[arg-type]

    @classmethod
    def strict(cls, values: Mapping[str, object]) -> Settings:
        """Read values given on purpose (presets, command line). Raises SettingsError for unknown names or bad values."""
        return cls(**check_partial(values))

    def to_json(self) -> Dict[str, Value]:
        """All values and the schema's version."""
        values: Dict[str, Value] = dict(dataclasses.asdict(self))
        values[VERSION_KEY] = VERSION
        return values

    def with_values(self, values: Mapping[str, object]) -> Settings:
        """A copy with some values replaced. Raises SettingsError like `strict`."""
        return dataclasses.replace(self, **check_partial(values))

    def diff(self, other: Settings) -> FrozenSet[str]:
        """Names of the settings that differ."""
        return frozenset(name for name in OPTIONS if getattr(self, name) != getattr(other, name))


def check_partial(values: Mapping[str, object]) -> Dict[str, Any]:
    """Check some settings by name. Raises SettingsError for an unknown name or a bad value."""
    checked: Dict[str, Any] = {}
    for name, value in values.items():
        if name == VERSION_KEY:
            continue
        if name not in OPTIONS:
            raise SettingsError("setting_unknown", name=name, known=", ".join(sorted(OPTIONS)))
        checked[name] = OPTIONS[name].check(value)
    return checked


def cost(names: FrozenSet[str]) -> str:
    """The highest cost among settings: `live`, `rebuild` or `restart`; `live` for none."""
    return max((OPTIONS[name].applies for name in names), key=COSTS.index, default="live")


def _declared(field: dataclasses.Field[Any]) -> Option:
    default = cast(Value, field.default)
    return Option(name=field.name, default=default, **field.metadata["facts"])


OPTIONS: Dict[str, Option] = {field.name: _declared(field) for field in dataclasses.fields(Settings)}
