"""Settings of where movement comes from. Standard library only, Python 3.8+."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ezvtb_core.link.option import Choice, option

_PHONES = ("ifacialmocap", "vtube_studio")
_FACES = ("webcam", "ifacialmocap", "vtube_studio", "vmc")
"""Trackers that speak ARKit's 52 blend shapes."""


def _port(default: int, **facts: Any) -> Any:
    return option(default, kind="int", group="tracker", applies="rebuild", minimum=1, maximum=65535, **facts)


@dataclass(frozen=True)
class TrackerOptions:
    """See the module."""

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
            Choice("webcam", ("Webcam", "摄像头")),
            Choice("mouse", ("Mouse + microphone", "鼠标 + 麦克风")),
            Choice("ifacialmocap", ("iFacialMocap, Facemotion3d (phone)", "iFacialMocap、Facemotion3d（手机）")),
            Choice("vtube_studio", ("VTube Studio, MeowFace (phone)", "VTube Studio、MeowFace（手机）")),
            Choice("vmc", ("VMC protocol (VSeeFace, Warudo, …)", "VMC 协议（VSeeFace、Warudo 等）")),
            Choice("openseeface", ("OpenSeeFace (webcam program)", "OpenSeeFace（摄像头程序）")),
            Choice("clip", ("Recorded movement", "录制的动作")),
            Choice("lan", ("Another computer with EZVTuber", "另一台运行 EZVTuber 的电脑")),
        ),
    )
    webcam_source: str = option(
        "camera",
        kind="choice",
        group="tracker",
        applies="rebuild",
        label=("Picture of you", "您的画面来源"),
        help=(
            "A camera is opened by EZVTuber alone. A source of OBS is looked at as it is, so the camera is opened only once.",
            "摄像头由 EZVTuber 单独打开。选择 OBS 来源则直接读取其画面，摄像头无需打开两次。",
        ),
        choices=(
            Choice("camera", ("A camera", "摄像头")),
            Choice("obs", ("A source of OBS", "OBS 中的来源")),
        ),
        visible_when=("tracker", ("webcam",)),
    )
    camera: str = option(
        "",
        kind="choice",
        group="tracker",
        applies="rebuild",
        open_choices=True,
        label=("Camera", "摄像头"),
        help=("The camera by its name. Empty: the first one.", "按名称选择摄像头。留空则使用第一个。"),
        choices=(Choice("", ("The first one", "第一个")),),
        visible_when=("webcam_source", ("camera",)),
    )
    camera_source: str = option(
        "",
        kind="choice",
        group="tracker",
        applies="live",
        open_choices=True,
        label=("Source of OBS", "OBS 来源"),
        help=(
            "The camera source that is looked at, small and not more often than needed. It need not be in a visible scene.",
            "要读取的摄像头来源，只读取缩小后的画面，且不超过所需的频率。它不必在可见的场景中。",
        ),
        choices=(Choice("", ("None", "无")),),
        visible_when=("webcam_source", ("obs",)),
    )
    webcam_fps: int = option(
        30,
        kind="int",
        group="tracker",
        applies="rebuild",
        minimum=5,
        maximum=60,
        label=("Pictures per second", "每秒画面数"),
        help=("How often your face is looked for. Less costs less processor time.", "每秒识别面部的次数，越少占用越低。"),
        visible_when=("tracker", ("webcam",)),
    )
    phone_address: str = option(
        "",
        kind="text",
        group="tracker",
        applies="rebuild",
        label=("Address of the phone", "手机地址"),
        help=(
            "The number that the app on the phone shows, like 192.168.1.20. Empty: wait until it sends by itself (MeowFace).",
            "手机应用上显示的地址，例如 192.168.1.20。留空则等待手机主动发送（MeowFace）。",
        ),
        visible_when=("tracker", _PHONES),
    )
    ifacialmocap_app: str = option(
        "v2",
        kind="choice",
        group="tracker",
        applies="rebuild",
        label=("App", "应用"),
        help=(
            "How the app is asked for data. What comes is understood in every form.",
            "以何种方式向应用请求数据。收到的各种格式都能识别。",
        ),
        choices=(
            Choice("v2", ("iFacialMocap, MeowFace", "iFacialMocap、MeowFace")),
            Choice("v1", ("iFacialMocap, old versions", "iFacialMocap 旧版本")),
            Choice("facemotion3d", ("Facemotion3d", "Facemotion3d")),
        ),
        visible_when=("tracker", ("ifacialmocap",)),
    )
    ifacialmocap_port: int = _port(
        49983,
        label=("iFacialMocap port", "iFacialMocap 端口"),
        help=("UDP port on which the phone's data arrive.", "接收手机数据的 UDP 端口。"),
        visible_when=("tracker", ("ifacialmocap",)),
    )
    ifacialmocap_tcp: bool = option(
        False,
        kind="bool",
        group="tracker",
        applies="rebuild",
        label=("Over TCP", "使用 TCP"),
        help=(
            "For networks that lose many packets. The phone connects to this computer.",
            "适用于丢包较多的网络。手机会主动连接本机。",
        ),
        visible_when=("tracker", ("ifacialmocap",)),
    )
    ifacialmocap_tcp_port: int = _port(
        49986,
        label=("TCP port", "TCP 端口"),
        help=(
            "TCP port of this computer that the phone connects to. Every app known so far takes 49986.",
            "手机连接本机所用的 TCP 端口。目前已知的应用都使用 49986。",
        ),
        visible_when=("ifacialmocap_tcp", (True,)),
    )
    vtube_studio_port: int = _port(
        12345,
        label=("Port for the phone's data", "接收手机数据的端口"),
        help=(
            "UDP port of this computer. VTube Studio is told it; in MeowFace it is typed.",
            "本机的 UDP 端口。VTube Studio 会自动得知，MeowFace 需手动填写。",
        ),
        visible_when=("tracker", ("vtube_studio",)),
    )
    vmc_port: int = _port(
        39539,
        label=("VMC port", "VMC 端口"),
        help=("UDP port that the VMC program sends to.", "VMC 程序发送数据的 UDP 端口。"),
        visible_when=("tracker", ("vmc",)),
    )
    openseeface_port: int = _port(
        11573,
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
    openseeface_folder: str = option(
        "",
        kind="folder",
        group="tracker",
        applies="rebuild",
        label=("Start OpenSeeFace from", "自动启动 OpenSeeFace"),
        help=(
            "The folder of OpenSeeFace (with facetracker.exe or facetracker.py): it is started, watched and ended with the"
            " source. Empty: you start it yourself.",
            "OpenSeeFace 的文件夹（含 facetracker.exe 或 facetracker.py）：会随本来源自动启动、监视和结束。留空则由您自己启动。",
        ),
        visible_when=("tracker", ("openseeface",)),
    )
    openseeface_camera: int = option(
        0,
        kind="int",
        group="tracker",
        applies="rebuild",
        minimum=0,
        maximum=63,
        label=("OpenSeeFace camera", "OpenSeeFace 摄像头"),
        help=(
            "Number of the camera that a started OpenSeeFace opens; 0 is the first.",
            "自动启动的 OpenSeeFace 使用的摄像头编号，0 为第一个。",
        ),
        visible_when=("tracker", ("openseeface",)),
    )
    clip: str = option(
        "",
        kind="choice",
        group="tracker",
        applies="rebuild",
        open_choices=True,
        label=("Recording", "录制"),
        help=(
            "A recording made with the button Record movement, or the path of one.",
            "用“录制动作”按钮录制的动作，或录制文件的路径。",
        ),
        choices=(Choice("", ("The newest", "最新的")),),
        visible_when=("tracker", ("clip",)),
    )
    clip_end: str = option(
        "loop",
        kind="choice",
        group="tracker",
        applies="live",
        label=("At its end", "播放完毕后"),
        help=("What happens when the recording has been played.", "录制播放完毕后的行为。"),
        choices=(
            Choice("loop", ("Begin again, without a jump", "无缝重新开始")),
            Choice("hold", ("Stay at its last pose", "停在最后的姿态")),
            Choice("idle", ("Idle movement", "待机动作")),
        ),
        visible_when=("tracker", ("clip",)),
    )
    lan_port: int = _port(
        39600,
        label=("Port for the other computer", "另一台电脑使用的端口"),
        help=("UDP port on which poses of the other computer arrive.", "接收另一台电脑姿态数据的 UDP 端口。"),
        visible_when=("tracker", ("lan",)),
    )
    send_to: str = option(
        "",
        kind="text",
        group="tracker",
        applies="live",
        label=("Send poses to", "将姿态发送到"),
        help=(
            "Address of another computer that shows the avatar too, like 192.168.1.30:39600. Empty: nothing is sent.",
            "同样显示该角色的另一台电脑的地址，例如 192.168.1.30:39600。留空则不发送。",
        ),
    )
    lan_key: str = option(
        "",
        kind="text",
        group="tracker",
        applies="live",
        label=("Key for poses over the network", "网络姿态密钥"),
        help=(
            "A word that both computers know: poses without it are refused. Empty: any computer of your network may send.",
            "两台电脑共用的口令：没有它的姿态会被拒绝。留空则接受局域网内任何电脑的数据。",
        ),
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
        visible_when=("tracker", ("openseeface", "vmc")),
    )
    mapping: str = option(
        "natural",
        kind="choice",
        group="tracker",
        applies="live",
        label=("From your face to the character's", "面部到角色的映射"),
        help=(
            "Natural: ours, calibrated to you. The other two are exactly what other programs do, for characters tuned to them.",
            "“自然”为本软件的方式，并按您的面部校准。另外两种与其他程序完全一致，适用于为其调校的角色。",
        ),
        choices=(
            Choice("natural", ("Natural (recommended)", "自然（推荐）")),
            Choice("tha3", ("As Talking-Head-Anime 3 and 4", "与 Talking-Head-Anime 3、4 相同")),
            Choice("easyvtuber", ("As EasyVtuber", "与 EasyVtuber 相同")),
        ),
        visible_when=("tracker", (*_FACES, "openseeface")),
    )
