"""Settings of the character and the model that moves it. Standard library only, Python 3.8+."""

from __future__ import annotations

from dataclasses import dataclass

from ezvtb_core.link.option import Choice, option

_TEACHERS = ("tha3:seperable", "tha3:standard", "tha4")
"""Models that animate any picture, in several variants on disk."""
_ANIMATING = ("auto", "picture", *_TEACHERS, "tha4_student")
"""Models that take a picture of the user's."""


@dataclass(frozen=True)
class CharacterOptions:
    """See the module."""

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
