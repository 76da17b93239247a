"""Makes what phone apps and VMC programs send, byte for byte as their documentation describes it, from faces in ARKit's terms.

Written from the formats alone, without the parsers: nothing here is imported from `trackers` but the names of the shapes.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence

import numpy as np
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from trackers.face import ARKIT

BONES = (
    "Hips",
    "Spine",
    "Chest",
    "UpperChest",
    "Neck",
    "Head",
    "LeftEye",
    "RightEye",
    "LeftShoulder",
    "LeftUpperArm",
    "RightShoulder",
)
"""Enough of Unity's to have some that nobody needs."""


def _short(name: str) -> str:
    """iFacialMocap's spelling."""
    for side in ("Left", "Right"):
        if name.endswith(side) and name not in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
            return f"{name.removesuffix(side)}_{side[0]}"
    return name


def ifacialmocap(
    shapes: Sequence[float],
    head: Sequence[float],
    position: Sequence[float] = (0.0, 0.0, -0.4),
    eyes: Sequence[float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    *,
    version: int = 2,
    app: str = "iFacialMocap",
    shuffle: int = 0,
    without: Sequence[str] = (),
    tracking: bool = True,
) -> bytes:
    """One frame. `position` in metres of ARKit's axes, `eyes` degrees of the right eye and then of the left.

    `app` is iFacialMocap, Facemotion3d or MeowFace; `shuffle` seeds the order of the shapes, `without` leaves some out.
    """
    separator = {"MeowFace": " & ", "Facemotion3d": "&"}.get(app, "&" if version == 2 else "-")
    fields = [
        f"{name if app == 'Facemotion3d' else _short(name)}{separator}{round(100 * value)}"
        for name, value in zip(ARKIT, shapes, strict=True)
        if name not in without
    ]
    if app == "Facemotion3d":
        fields += [f"{name}&0" for name in ("FM_SAD", "FM_ANGRY", "FM_VF", "FM_TH", "FM_browUpRight", "FM_browUpLeft")]
    random.Random(shuffle).shuffle(fields)
    fields = [f"trackingStatus{separator}{int(tracking)}", *fields, f"hapihapi{separator}0"]
    numbers = [",".join(f"{value:.7g}" for value in values) for values in ([*head, *position], eyes[:3], eyes[3:])]
    return f"{'|'.join(fields)}|=head#{numbers[0]}|rightEye#{numbers[1]}|leftEye#{numbers[2]}|".encode()


def vtube_studio(
    shapes: Sequence[float],
    head: Sequence[float],
    position: Sequence[float] = (0.0, 0.0, 0.0),
    *,
    milliseconds: int = 1,
    found: bool = True,
    app: str = "VTube Studio",
    without: Sequence[str] = (),
) -> bytes:
    """One datagram. `app` is VTube Studio or MeowFace, which spells in camelCase and adds keys of its own.

    The axes are those of the vendor's receiver sample: x is the turning, y the nodding, + as ARKit's.
    """
    meow = app == "MeowFace"
    entries = [
        {"k": name if meow else name[0].upper() + name[1:], "v": round(float(value), 6)}
        for name, value in zip(ARKIT, shapes, strict=True)
        if name not in without
    ]
    if meow:
        entries += [{"k": name, "v": 0.5} for name in ("headUp", "headDown", "headLeft", "headRight", "headRollLeft")]
    around = {axis: float(value) for axis, value in zip("xyz", (head[1], head[0], head[2]), strict=True)}
    nothing = {"x": 0, "y": 0, "z": 0}
    data = {
        "Timestamp": milliseconds,
        "Hotkey": -1,
        "FaceFound": found,
        "Rotation": around,
        "Position": nothing if meow else dict(zip("xyz", map(float, position), strict=True)),
        "EyeLeft": nothing,
        "EyeRight": nothing,
        "BlendShapes": entries,
    }
    return json.dumps(data | ({"VNyanPos": nothing} if meow else {})).encode()


def message(address: str, *arguments: str | int | float) -> OscMessage:
    """One OSC message."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build()


def bundle(messages: Sequence[OscMessage]) -> bytes:
    """One datagram with all of them."""
    builder = OscBundleBuilder(IMMEDIATELY)
    for each in messages:
        builder.add_content(each)
    return builder.build().dgram


def about(axis: int, degrees: float) -> np.ndarray:
    """The quaternion (x, y, z, w) of a rotation about one axis."""
    found = np.zeros(4)
    found[axis], found[3] = math.sin(math.radians(degrees) / 2), math.cos(math.radians(degrees) / 2)
    return found


def turned(parent: np.ndarray, child: np.ndarray) -> np.ndarray:
    """Quaternion product, with vectors."""
    vector = parent[3] * child[:3] + child[3] * parent[:3] + np.cross(parent[:3], child[:3])
    return np.append(vector, parent[3] * child[3] - parent[:3] @ child[:3])


def unity(head: Sequence[float]) -> np.ndarray:
    """The quaternion of a head in Unity, whose y turns to the own right and z tilts to the own left; Unity's order z, x, y."""
    return turned(about(1, -head[1]), turned(about(0, head[0]), about(2, -head[2])))


def vmc(
    values: Sequence[tuple[str, float]],
    head: Sequence[float],
    *,
    seconds: float = 0.0,
    per_datagram: int = 24,
    neck: float = 0.5,
    eyes: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[bytes]:
    """The datagrams of one frame: state, time, root, bones, then shapes and `Apply`. `neck` is its part of the head's turning."""
    whole = unity(head)
    angle, axis = 2 * math.acos(min(max(whole[3], -1.0), 1.0)), whole[:3]
    length = float(np.linalg.norm(axis)) or 1.0

    def share(part: float) -> np.ndarray:
        return np.append(axis / length * math.sin(angle * part / 2), math.cos(angle * part / 2))

    turns = {"Neck": share(neck), "Head": share(1.0 - neck)}
    if eyes is not None:
        turns |= {"LeftEye": eyes[0], "RightEye": eyes[1]}
    messages = [message("/VMC/Ext/OK", 1), message("/VMC/Ext/T", seconds), message("/VMC/Ext/Root/Pos", "root", *[0.0] * 6, 1.0)]
    for bone in BONES:
        rotation = turns.get(bone, np.array([0.0, 0.0, 0.0, 1.0]))
        messages.append(message("/VMC/Ext/Bone/Pos", bone, 0.0, 0.1, 0.0, *map(float, rotation)))
    messages += [message("/VMC/Ext/Blend/Val", name, float(value)) for name, value in values]
    messages.append(message("/VMC/Ext/Blend/Apply"))
    return [bundle(messages[start : start + per_datagram]) for start in range(0, len(messages), per_datagram)]


def perfect_sync(shapes: Sequence[float]) -> list[tuple[str, float]]:
    """The shapes as clips of a model: PascalCase."""
    return [(name[0].upper() + name[1:], float(value)) for name, value in zip(ARKIT, shapes, strict=True)]
