"""Settings of what a picture may cost, and where it is made. Standard library only, Python 3.8+."""

from __future__ import annotations

from dataclasses import dataclass

from ezvtb_core.link.option import Choice, option


@dataclass(frozen=True)
class PerformanceOptions:
    """See the module."""

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
