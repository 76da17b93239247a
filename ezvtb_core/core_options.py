"""What callers of `get_core` hand in, checked at the border: options, pictures, poses."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ezvtb_core.image_doctor import SIZE
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.pose import NAMES, FloatArray, clamp
from ezvtb_core.pose import SIZE as POSE_SIZE

VERSIONS = ("v3", "v4", "v4_student")
"""What upstream calls the families."""
PICTURE = (SIZE, SIZE, 4)
_POSES = ((1, POSE_SIZE), (POSE_SIZE,))
_KINDS: tuple[tuple[type, type, str], ...] = (
    (bool, bool, "True | False"),  # before numbers: a bool is one
    (int, numbers.Integral, "{}"),
    (float, numbers.Real, "{}"),
    (str, str, "str"),
)
"""Type of an option's default → what is taken, and how that is called."""
_RANGES = {
    "device_id": (0, 64),
    "interpolation_scale": (2, 4),
    "cacher_quality": (0, 100),
    "sr_noise": (0, 3),
    "model_cache_size": (0.0, 1e6),
    "cacher_ram_size": (0.0, 1e6),
}
"""Lowest and highest value; both are possible. Sizes are gigabytes."""
_ONLY_WITH = {"interpolation_scale": "use_interpolation", "sr_noise": "use_sr"}
"""Options whose value counts only while another one is on: callers pass anything when it is off."""
_ALSO: dict[str, type] = {"model_name": type(None), "models_folder": Path, "cacher_db_path": Path}
"""Options that may be of another type as well."""


class CoreError(NoticeError):
    """The caller has handed in what cannot be used, or called in the wrong order; says what was expected and what came."""


def check(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Compare options with the types of their defaults and with their ranges. Raises CoreError naming the first wrong one."""
    for name, default in defaults.items():
        value = given[name]
        if isinstance(value, _ALSO.get(name, ())):
            continue
        lowest, highest = _RANGES.get(name, (None, None))
        kind, expected = next((taken, text) for known, taken, text in _KINDS if isinstance(default, known))
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if fits and lowest is not None and given.get(_ONLY_WITH.get(name, ""), True):
            fits = lowest <= value <= highest
        if name == "model_version":
            fits, expected = value in VERSIONS, " | ".join(VERSIONS)
        if not fits:
            raise CoreError("core_option", name=name, expected=expected.format(f"{lowest}..{highest}"), got=repr(value)[:100])


def read_picture(image: object) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The array that `setImage` was given. Raises CoreError unless it is uint8 (512, 512, 4)."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape != PICTURE:
        raise CoreError("core_picture", got=describe(image))
    return image


def read_poses(given: Sequence[object], scale: int | None) -> list[FloatArray]:
    """The poses that `inference` was given, float32 (45,), inside their ranges; the caller's arrays stay as they are.

    `scale`: frames for each call where there is interpolation. Raises CoreError for arrays that are none, values that are not
    finite, and another number of poses than can be drawn.
    """
    if not given or (scale is not None and len(given) not in (1, scale)):
        raise CoreError("core_pose_count", expected="1.." if scale is None else f"1 | {scale}", got=len(given))
    return [_read_pose(pose) for pose in given]


def describe(value: object) -> str:
    """What something is, for an error text."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return type(value).__name__


def _read_pose(value: object) -> FloatArray:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu" or value.shape not in _POSES:
        raise CoreError("core_pose", got=describe(value))
    with np.errstate(over="ignore"):  # what float32 cannot hold is not finite afterwards
        pose: FloatArray = value.reshape(POSE_SIZE).astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(pose))
    if wrong.size:
        index = int(wrong[0])
        raise CoreError("core_pose_value", index=index, name=NAMES[index], got=str(pose[index]))
    return clamp(pose)
