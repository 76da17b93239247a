"""Where the pointer is → how head, eyes and body move. Pure: time is given by the caller."""

from __future__ import annotations

import math

from ezvtb_core.pose import INDEX, FloatArray, clamp, smoothstep
from trackers.idle import IdleMotion, saccade_seconds
from trackers.limits import share, soft

HEAD_RANGE = (0.6, 0.75)
"""Largest nod and turn by the pointer: the rest of the range is left to sway."""
GAZE_RANGE = (0.55, 0.75)
"""Largest part of the looking, up and sideways, that the eyes do."""
_HEAD_SPEED, _BODY_SPEED = 6.5, 3.0
"""Natural frequencies, 1/s: the head turns to something of interest in about half a second, the body follows in one."""
_HEAD_SHARE = 0.6
"""Part of the way that the eyes need not look any more once the head has turned there."""
_BODY_SHARE, _TILT_SHARE, _LEAN_SHARE = 0.45, 0.12, 0.2
_PURSUIT_SECONDS = 0.25
_JUMP_FROM, _JUMP_PAUSE = 0.07, 0.15
"""Distance that makes the eyes jump, in parts of half a screen, and the rest between two jumps: people make at most about five a
second."""
_STILL_SECONDS, _DOZE_SECONDS = 6.0, 6.0
"""After the pointer has been still for so long the character begins to look around by itself, fully so after as long again."""
_MOVED = 0.004
_AWAKE_SWAY, _AWAKE_GLANCE = 0.5, 0.25
"""Part of the idle movement that remains while the pointer is followed."""
_LONGEST_STEP = 0.5

_SWAYS = ("head_x", "head_y", "neck_z", "body_y", "body_z")
_GAZES = ("iris_rotation_x", "iris_rotation_y")


class _Spring:
    """Critically damped: no overshoot, level start and end, the same at any rate of steps (the exact solution is used)."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self.value = self._slope = 0.0

    def update(self, target: float, dt: float) -> float:
        apart = self.value - target
        drive = self._slope + self._speed * apart
        fade = math.exp(-self._speed * dt)
        self.value = target + (apart + drive * dt) * fade
        self._slope = (self._slope - self._speed * drive * dt) * fade
        return self.value


class _Eyes:
    """What the eyes are at: they jump to where the pointer went, and follow it while it moves slowly. (down, right)."""

    def __init__(self) -> None:
        self._from = self._to = (0.0, 0.0)
        self._start, self._seconds = float("-inf"), 0.03

    def update(self, target: tuple[float, float], time: float, dt: float) -> tuple[float, float]:
        down, right = self._to
        distance = math.dist(target, self._to)
        if distance > _JUMP_FROM and time - self._start >= _JUMP_PAUSE:
            self._from, self._to = self._at(time), target
            self._start, self._seconds = time, saccade_seconds(distance)
        else:
            near = -math.expm1(-dt / _PURSUIT_SECONDS)
            self._to = (down + (target[0] - down) * near, right + (target[1] - right) * near)
        return self._at(time)

    def _at(self, time: float) -> tuple[float, float]:
        part = smoothstep((time - self._start) / self._seconds)
        first, second = (own + (goal - own) * part for own, goal in zip(self._from, self._to, strict=True))
        return first, second


class MouseMotion:
    """State of one character."""

    def __init__(self, seed: int) -> None:
        self._idle = IdleMotion(seed)
        self._eyes = _Eyes()
        self._head = (_Spring(_HEAD_SPEED), _Spring(_HEAD_SPEED))
        self._body = _Spring(_BODY_SPEED)
        self._target = (0.0, 0.0)
        self._moved, self._last = float("-inf"), float("inf")

    def pose(self, down: float, right: float, time: float, amount: float) -> FloatArray:
        """The pose at `time` (seconds, not decreasing), float32 (45,), inside the ranges.

        The pointer's place from straight ahead in halves of the main screen, so ±1 is its edge and other screens are beyond.
        `amount`: of idle movement, 0..2. The character looks where the pointer is for someone in front of the screen: a
        pointer on the right is on the character's own left.
        """
        dt = min(max(time - self._last, 0.0), _LONGEST_STEP)
        self._last = time
        target = (soft(down), soft(right))
        if math.dist(target, self._target) > _MOVED:
            self._moved, self._target = time, target
        pose = self._idle.pose(time, amount)
        awake = 1.0 - share((time - self._moved - _STILL_SECONDS) / _DOZE_SECONDS)
        for names, least in ((_SWAYS, _AWAKE_SWAY), (_GAZES, _AWAKE_GLANCE)):
            for name in names:
                pose[INDEX[name]] *= 1.0 - awake * (1.0 - least)
        look = self._eyes.update(target, time, dt)
        nod, turn = (spring.update(goal, dt) for spring, goal in zip(self._head, target, strict=True))
        lean = self._body.update(turn, dt)
        pose[INDEX["head_x"]] -= HEAD_RANGE[0] * nod
        pose[INDEX["head_y"]] -= HEAD_RANGE[1] * turn
        pose[INDEX["neck_z"]] -= _TILT_SHARE * turn
        pose[INDEX["body_y"]] -= _BODY_SHARE * lean
        pose[INDEX["body_z"]] -= _LEAN_SHARE * lean
        pose[INDEX["iris_rotation_x"]] -= GAZE_RANGE[0] * (look[0] - _HEAD_SHARE * nod)
        pose[INDEX["iris_rotation_y"]] -= GAZE_RANGE[1] * (look[1] - _HEAD_SHARE * turn)
        return clamp(pose)
