"""The puppet of a VMC sender, kept up to date message by message: what it said last, until it is too old. Pure.

Messages: protocol.vmc.info. Values of shapes count from the next `Blend/Apply` on, bones at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from trackers.face import FaceFrame
from trackers.osc import Decoder
from trackers.shape_names import SPELLINGS, collect, look, looks_named
from trackers.vmc_map import IDENTITY, PRESETS, Quaternion, angles, multiply, unit, weaken

HOLD_SECONDS, FADE_SECONDS = 1.0, 0.5
"""What a sender stops sending, while it sends the rest, is kept and then fades: most senders repeat everything in every frame."""
PERFECT = 0.01
"""A face that is tracked in ARKit's shapes never has all 52 below this; a sender that lists them only has."""
_SHAPELESS_SECONDS = 0.5
"""After this long without `Blend/Apply` a pose is made for each message of the head."""
_SPINE = ("chest", "upperchest", "neck", "head")
"""Parent to child; together they are how the head stands in the room, as a camera would see it."""
_BONES = (*_SPINE, "lefteye", "righteye")
_BONE_WANTED = re.compile(rb"\0(?:" + "|".join(_BONES).encode() + rb")\0", re.IGNORECASE)
_VALUE, _APPLY, _BONE = b"/VMC/Ext/Blend/Val", b"/VMC/Ext/Blend/Apply", b"/VMC/Ext/Bone/Pos"
_STATE = b"/VMC/Ext/OK"


@dataclass(frozen=True)
class Moment:
    """One moment of the puppet."""

    frame: FaceFrame
    weights: Mapping[str, float] | None
    """VRM's expressions by the names of `vmc_map.PRESETS`, 0..1; None when the face is told in ARKit's shapes."""


class Puppet:
    """What one sender says. For one thread."""

    def __init__(self) -> None:
        self._decoder = Decoder(self._wants)
        self._known = False
        self._waiting: dict[str, float] = {}
        self._values: dict[str, tuple[float, float]] = {}
        self._bones: dict[str, tuple[Quaternion, float]] = {}
        self._applied = self._heard = float("-inf")
        self._tracking = True

    def read(self, payload: bytes, time: float) -> tuple[bool, Moment | None]:
        """(whether the datagram is of this protocol, the new moment if there is one). `time` in seconds, not decreasing.

        Never raises. Numbers that are not finite and arguments of the wrong kind are left out.
        """
        if time - self._heard > _SHAPELESS_SECONDS:
            self._applied = time  # after a pause shapes may still come
        self._heard = time
        self._known = False
        complete = False
        for address, arguments in self._decoder.messages(payload):
            complete = self._take(address, arguments, time) or complete
            self._known = True
        return self._known, self._moment(time) if complete else None

    def _wants(self, address: bytes, message: bytes) -> bool:
        self._known = self._known or address.startswith(b"/VMC/")
        if address == _BONE:
            return _BONE_WANTED.search(message) is not None
        return address in (_VALUE, _APPLY, _STATE)

    def _take(self, address: bytes, arguments: list[object], time: float) -> bool:
        """Note one message; True when a moment is complete with it."""
        if address == _APPLY:
            for name, value in self._waiting.items():
                self._values[name] = (value, time)
            self._waiting.clear()
            self._applied = time
            return True
        if address == _STATE:
            return self._take_state(arguments)
        if not arguments or not isinstance(arguments[0], str):
            return False
        name = arguments[0].lower()
        if address == _VALUE:
            weight = arguments[1] if len(arguments) > 1 else None
            if isinstance(weight, float) and math.isfinite(weight) and (name in SPELLINGS or name in PRESETS):
                self._waiting[name] = min(max(weight, 0.0), 1.0)
            return False
        numbers = [value for value in arguments[4:8] if isinstance(value, float)]
        rotation = unit(*numbers) if len(numbers) == 4 else None
        if name not in _BONES or rotation is None:
            return False
        self._bones[name] = (rotation, time)
        return name == "head" and time - self._applied > _SHAPELESS_SECONDS

    def _take_state(self, arguments: list[object]) -> bool:
        """`OK`: loaded; from newer senders also the state and mode of calibration, and tracking (0 bad, 1 good)."""
        states = [value for value in arguments if isinstance(value, int)]
        if not states:
            return False
        before, self._tracking = self._tracking, states[0] != 0 and (len(states) < 4 or states[3] != 0)
        return before and not self._tracking

    def _moment(self, time: float) -> Moment:
        if not self._tracking:
            return Moment(FaceFrame(time, present=False), None)
        fresh = time - HOLD_SECONDS
        shaped: list[tuple[str, float]] = []
        weights: dict[str, float] = {}
        for name, (value, since) in self._values.items():
            if since < fresh:
                value *= _freshness(time - since)
            preset = PRESETS.get(name)
            if preset is None:
                shaped.append((name, value))
            else:
                weights[preset] = max(weights.get(preset, 0.0), value)
        shapes, named = collect(shaped)
        perfect = not weights or float(shapes.max()) > PERFECT
        if not perfect:
            blink = weights.get("blink", 0.0)
            shapes, named = collect(
                (
                    ("eyeBlinkLeft", max(blink, weights.get("blink_l", 0.0))),
                    ("eyeBlinkRight", max(blink, weights.get("blink_r", 0.0))),
                    *self._looks(weights),
                )
            )
        if not looks_named(named):
            for side in ("Left", "Right"):
                up, right, _ = angles(self._bone(f"{side.lower()}eye", time))
                look(shapes, side, up, right)
        head = IDENTITY
        for name in _SPINE:
            head = multiply(head, self._bone(name, time))
        return Moment(FaceFrame(time, shapes, angles(head)), None if perfect else weights)

    @staticmethod
    def _looks(weights: Mapping[str, float]) -> list[tuple[str, float]]:
        """VRM's looks as shapes of both eyes; empty when none is used, so that the eyes' bones count."""
        up, down, left, right = (weights.get(f"look{way}", 0.0) for way in ("up", "down", "left", "right"))
        if not any((up, down, left, right)):
            return []
        sides = [(f"eyeLook{way}{side}", value) for way, value in (("Up", up), ("Down", down)) for side in ("Left", "Right")]
        return [*sides, ("eyeLookOutLeft", left), ("eyeLookInRight", left), ("eyeLookInLeft", right), ("eyeLookOutRight", right)]

    def _bone(self, name: str, time: float) -> Quaternion:
        rotation, since = self._bones.get(name, (IDENTITY, time))
        freshness = _freshness(time - since)
        return rotation if freshness == 1.0 else weaken(rotation, freshness)


def _freshness(age: float) -> float:
    """1 for what is new, 0 for what has faded."""
    return min(max(1.0 - (age - HOLD_SECONDS) / FADE_SECONDS, 0.0), 1.0)
