"""The 45-value pose of Talking-Head-Anime 3/4 and the contract every tracker fulfils.

Index meaning, ranges and signs follow pkhungurn's talking-head-anime-3-demo poser (pose parameters in declaration
order). Left and right are the subject's own sides. Signs of the rotations: ``head_x`` + looks up, ``head_y`` + turns to
the subject's own right, ``neck_z`` + tilts towards the subject's own right shoulder, ``iris_rotation_x`` + looks up,
``iris_rotation_y`` + looks to the subject's own right; ``body_y``/``body_z`` as head_y/neck_z.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings

FloatArray = npt.NDArray[np.float32]

NAMES: tuple[str, ...] = (
    "eyebrow_troubled_left", "eyebrow_troubled_right", "eyebrow_angry_left", "eyebrow_angry_right",
    "eyebrow_lowered_left", "eyebrow_lowered_right", "eyebrow_raised_left", "eyebrow_raised_right",
    "eyebrow_happy_left", "eyebrow_happy_right", "eyebrow_serious_left", "eyebrow_serious_right",
    "eye_wink_left", "eye_wink_right", "eye_happy_wink_left", "eye_happy_wink_right",
    "eye_surprised_left", "eye_surprised_right", "eye_relaxed_left", "eye_relaxed_right",
    "eye_unimpressed_left", "eye_unimpressed_right",
    "eye_raised_lower_eyelid_left", "eye_raised_lower_eyelid_right",
    "iris_small_left", "iris_small_right",
    "mouth_aaa", "mouth_iii", "mouth_uuu", "mouth_eee", "mouth_ooo", "mouth_delta",
    "mouth_lowered_corner_left", "mouth_lowered_corner_right",
    "mouth_raised_corner_left", "mouth_raised_corner_right", "mouth_smirk",
    "iris_rotation_x", "iris_rotation_y", "head_x", "head_y", "neck_z", "body_y", "body_z", "breathing",
)  # fmt: skip
SIZE = len(NAMES)
INDEX: dict[str, int] = {name: index for index, name in enumerate(NAMES)}

EYEBROWS = slice(0, 12)
EYES = slice(12, 26)
MOUTH = slice(26, 37)
IRIS_ROTATION = slice(37, 39)
HEAD = slice(39, 42)
BODY = slice(42, 44)
BREATHING = INDEX["breathing"]
WINK = slice(INDEX["eye_wink_left"], INDEX["eye_wink_right"] + 1)
CLOSINGS = slice(WINK.start, INDEX["eye_happy_wink_right"] + 1)
"""Everything that shuts an eye: winks, then happy winks, left before right."""

LOWEST: FloatArray = np.zeros(SIZE, np.float32)
LOWEST[37:44] = -1.0
HIGHEST: FloatArray = np.ones(SIZE, np.float32)
for _array in (LOWEST, HIGHEST):
    _array.flags.writeable = False


def neutral() -> FloatArray:
    """A new resting pose, float32 (45,), all zero: eyes open, mouth shut, looking ahead."""
    return np.zeros(SIZE, np.float32)


def clamp(pose: FloatArray) -> FloatArray:
    """Return `pose` (45,) or (N, 45) limited to its ranges; values that are not numbers become 0."""
    limited: FloatArray = np.minimum(np.maximum(pose, LOWEST), HIGHEST)
    if not math.isfinite(float(np.add.reduce(limited, axis=None))):
        limited = np.where(np.isnan(limited), np.float32(0.0), limited)
    return limited.astype(np.float32, copy=False)


def lerp(start: FloatArray, end: FloatArray, weight: float) -> FloatArray:
    """Linear blend, `weight` 0 gives `start`, 1 gives `end`."""
    blended: FloatArray = start + (end - start) * np.float32(weight)
    return blended.astype(np.float32, copy=False)


def smoothstep(share: float) -> float:
    """0 to 1 with level ends (3x² - 2x³); limited outside."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


@dataclass(frozen=True)
class TrackedPose:
    """What a tracker saw last."""

    time: float
    """Arrival of the data, `time.monotonic()` seconds."""
    pose: FloatArray
    """float32 (45,), inside the ranges."""
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Head position from calibration: x + to the subject's own right, y + up, z + towards the camera; unitless, about ±1."""


@dataclass(frozen=True)
class Times:
    """How a tracker that loses what it follows is covered for, in seconds."""

    hold: float
    """The last pose is held."""
    ease: float
    """From there to idle movement."""
    recover: float = 0.4
    """From wherever the picture is to a tracker that is back."""


@dataclass(frozen=True)
class TrackerStatus:
    """What the panel says about a tracker."""

    state: str
    """`starting`, `waiting` (nothing received yet), `live`, `lost` (data or face gone), `error` (cannot run)."""
    notice: Notice
    """A plain sentence, with the next step when something is wrong."""
    rate: float = 0.0
    """Accepted datagrams or frames per second over the last second."""


class Tracker(Protocol):
    """A source of poses. Methods are called from several threads, never from two at a time; none but `stop` may take 50 ms.

    A tracker never raises after `start` returned: trouble becomes `status().state == "error"` or `"lost"`.
    """

    def start(self, notify: Callable[[], None] | None = None) -> None:
        """Open the device or socket and begin; called exactly once. Trouble is reported by `status`, not raised.

        `notify`, if given, is to be called, from any thread, each time `latest` has something new, so that it is drawn
        without delay; it never waits. A tracker that always has something new need not call it.
        """

    def stop(self) -> None:
        """Release everything within 1 s; may be called more than once."""

    def latest(self) -> TrackedPose | None:
        """Peek at the newest pose without waiting; None before the first one. The caller judges staleness by its time."""

    def status(self) -> TrackerStatus:
        """State for the panel; cheap, called twice a second."""

    def update(self, settings: Settings) -> None:
        """Take over the settings that apply live; those that cost a rebuild arrive in a new tracker."""

    def recentre(self) -> None:
        """Take the current head position as straight ahead."""
