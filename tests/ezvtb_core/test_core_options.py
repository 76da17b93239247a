from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ezvtb_core import core_options
from ezvtb_core.core_options import CoreError
from ezvtb_core.pose import HIGHEST

DEFAULTS = {
    "device_id": 0,
    "use_interpolation": True,
    "interpolation_scale": 2,
    "cacher_quality": 85,
    "cacher_ram_size": 2.0,
    "cacher_db_path": "./a",
    "use_sr": False,
    "sr_noise": 1,
    "model_version": "v3",
    "model_name": "",
    "models_folder": "",
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"device_id": -1}, r"device_id must be 0\.\.64, got -1"),
        ({"device_id": "0"}, r"device_id must be 0\.\.64, got '0'"),
        ({"device_id": True}, "device_id"),
        ({"use_interpolation": 1}, "use_interpolation must be True | False, got 1"),
        ({"interpolation_scale": 1}, r"interpolation_scale must be 2\.\.4, got 1"),
        ({"interpolation_scale": 5}, r"interpolation_scale must be 2\.\.4, got 5"),
        ({"interpolation_scale": 2.5}, "interpolation_scale"),
        ({"cacher_quality": 101}, r"cacher_quality must be 0\.\.100"),
        ({"cacher_ram_size": -0.1}, "cacher_ram_size"),
        ({"cacher_ram_size": float("nan")}, "cacher_ram_size"),
        ({"cacher_db_path": 3}, "cacher_db_path must be str, got 3"),
        ({"use_sr": True, "sr_noise": 4}, r"sr_noise must be 0\.\.3"),
        ({"model_version": "v5"}, r"model_version must be v3 \| v4 \| v4_student, got 'v5'"),
        ({"model_version": None}, "model_version"),
        ({"models_folder": None}, "models_folder must be str"),
    ],
)
def test_wrong_options_are_named(given, said):
    with pytest.raises(CoreError, match=said):
        core_options.check({**DEFAULTS, **given}, DEFAULTS)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"device_id": np.int64(1), "cacher_ram_size": 8, "cacher_quality": 100},
        {"cacher_ram_size": np.float32(0.5), "model_name": None, "models_folder": Path(), "cacher_db_path": Path()},
        # What only counts while something else is on may be anything.
        {"use_interpolation": False, "interpolation_scale": 1},
        {"use_sr": False, "sr_noise": -1},
        {"use_interpolation": True, "interpolation_scale": 4},
    ],
)
def test_options_that_callers_pass(given):
    core_options.check({**DEFAULTS, **given}, DEFAULTS)


def test_poses_are_copies_inside_their_ranges():
    given = np.full((1, 45), 2.0)
    (pose,) = core_options.read_poses([given], None)
    assert pose.dtype == np.float32 and np.array_equal(pose, HIGHEST)
    assert (given == 2.0).all()
    zeros = np.zeros(45, np.float32)
    (pose,) = core_options.read_poses([zeros], None)
    pose[0] = 1
    assert not zeros.any()


@pytest.mark.parametrize(
    ("count", "scale", "fits"), [(1, None, True), (7, None, True), (0, None, False), (1, 3, True), (3, 3, True)]
)
def test_how_many_poses(count, scale, fits):
    poses = [np.zeros((1, 45), np.float32)] * count
    if fits:
        assert len(core_options.read_poses(poses, scale)) == count
    else:
        with pytest.raises(CoreError, match="got 0"):
            core_options.read_poses(poses, scale)


def test_picture_is_the_array_itself():
    image = np.zeros((512, 512, 4), np.uint8)
    assert core_options.read_picture(image) is image
    with pytest.raises(CoreError, match="got list"):
        core_options.read_picture([1])
